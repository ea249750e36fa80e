//! What is written is read back to the letter, whatever it is.

use nova_core::model::DiskFormat;
use nova_core::units::{Bytes, Mebibytes};
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::describe;
use crate::guest::GuestId;
use crate::libvirt::config::DomainType;
use crate::libvirt::text;
use crate::spec::{BaseImage, DiskSpec, NicSpec, VmSpec};

const ID: u128 = 0x0190_b5a4_7c3e_7d2a_8b1f_0123_4567_89ab;

fn spec(name: &str, base: &str) -> VmSpec {
    let disk = |base| DiskSpec {
        size: Bytes::new(1 << 20),
        base,
    };
    VmSpec {
        id: GuestId::from_uuid(uuid::Uuid::from_u128(ID)),
        name: name.to_owned(),
        vcpus: 2,
        memory: Mebibytes::new(64),
        disks: vec![
            disk(Some(BaseImage {
                path: base.into(),
                format: DiskFormat::Raw,
            })),
            disk(None),
        ],
        nics: vec![NicSpec {
            mac: [0x52, 0x54, 0, 0xab, 0, 1],
        }],
    }
}

fn written(name: &str, base: &str, root: &str) -> Result<String, crate::libvirt::LibvirtError> {
    let directory = std::path::Path::new(root).join("guest");
    describe(&spec(name, base), DomainType::Kvm, root, &directory)
}

/// The document as a list of elements, attributes and texts, read by a parser of events and not by
/// the serialiser's own counterpart.
fn read(document: &str) -> Vec<String> {
    let mut reader = Reader::from_str(document);
    let (mut found, mut path) = (Vec::new(), Vec::new());
    let mut text = String::new();
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(element) | Event::Empty(element) => {
                path.push(element.name().as_ref().to_owned());
                found.push(path.join("/"));
                for attribute in element.attributes() {
                    let attribute = attribute.unwrap();
                    let key: &str = attribute.key.as_ref();
                    let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                    found.push(format!("{}@{key}={value}", path.join("/")));
                }
                if matches!(event, Event::Empty(_)) {
                    path.pop();
                }
            }
            Event::Text(part) => text.push_str(part),
            Event::GeneralRef(name) => {
                text.push('&');
                text.push_str(name);
                text.push(';');
            }
            Event::End(_) => {
                if !text.is_empty() {
                    let said = quick_xml::escape::unescape(&text).unwrap().into_owned();
                    found.push(format!("{}={said}", path.join("/")));
                    text.clear();
                }
                path.pop();
            }
            Event::Eof => return found,
            other => panic!("{other:?} has no place in it"),
        }
    }
}

#[test]
fn everything_that_matters_is_said() {
    let found = read(&written("web", "/images/a.raw", "/guests").unwrap());
    let id = spec("", "/").id;
    for expected in [
        "domain@type=kvm",
        &format!("domain/name={id}"),
        &format!("domain/uuid={id}"),
        "domain/title=web",
        "domain/metadata/nova:guest@directory=/guests",
        "domain/memory@unit=MiB",
        "domain/memory=64",
        "domain/vcpu=2",
        "domain/os/type@machine=pc",
        &format!("domain/sysinfo/system/entry={id}"),
        "domain/on_poweroff=destroy",
        "domain/on_reboot=restart",
        "domain/pm/suspend-to-mem@enabled=no",
        "domain/devices/disk/driver@type=qcow2",
        "domain/devices/disk/source@file=/guests/guest/disk-0.qcow2",
        "domain/devices/disk/backingStore/format@type=raw",
        "domain/devices/disk/backingStore/source@file=/images/a.raw",
        "domain/devices/disk/backingStore/backingStore",
        "domain/devices/disk/boot@order=1",
        "domain/devices/disk/target@dev=vdb",
        "domain/devices/interface/mac@address=52:54:00:ab:00:01",
        "domain/devices/interface/link@state=down",
        "domain/devices/serial/source@path=/guests/guest/serial.log",
        "domain/devices/serial/source@append=on",
    ] {
        assert!(
            found.iter().any(|said| said == expected),
            "{expected} in {found:#?}"
        );
    }
    // The second disk is over nothing, and is told so; and it is not booted from.
    let empty = "domain/devices/disk/backingStore";
    assert_eq!(found.iter().filter(|said| *said == empty).count(), 2);
    let boots = found.iter().filter(|said| said.contains("boot@order"));
    assert_eq!(boots.count(), 1);
}

#[test]
fn names_that_are_no_titles_are_left_out() {
    let plain = read(&written("", "/a", "/b").unwrap());
    for name in ["line\nbreak", "\u{1b}[2J\u{7}", "\u{fffe}", "\0", " "] {
        assert_eq!(read(&written(name, "/a", "/b").unwrap()), plain, "{name:?}");
    }
    for path in ["/line\nbreak", "/\u{1}", "/\u{ffff}"] {
        assert!(written("", path, "/b").is_err(), "{path:?}");
        assert!(written("", "/a", path).is_err(), "{path:?}");
    }
}

/// Any text, and often the kind that means something in XML.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[<>&\"'\\]\\[!/= a;#-]{0,20}",
        "</title><title>|]]>|&amp;|&#10;|<!--|<\\?x \\?>|<!DOCTYPE x>",
        proptest::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter),
    ]
}

proptest! {
    #[test]
    fn names_and_paths_come_back_to_the_letter(name in any_text(), base in any_text(), root in any_text()) {
        let (base, root) = (format!("/{base}"), format!("/{root}"));
        let outcome = written(&name, &base, &root);
        if !text::survives(&base) || !text::survives(&root) {
            prop_assert!(outcome.is_err());
            return Ok(());
        }
        let found = read(&outcome.unwrap());
        let mut expected = read(&written("", "/-base-", "/-root-").unwrap());
        let replaced = |said: &String| {
            let (key, value) = said.split_once('=').unwrap_or((said, ""));
            match value {
                "/-base-" => format!("{key}={base}"),
                "/-root-" => format!("{key}={root}"),
                _ => match value.strip_prefix("/-root-/") {
                    Some(rest) => format!("{key}={}", std::path::Path::new(&root).join(rest).display()),
                    None => said.clone(),
                },
            }
        };
        expected = expected.iter().map(replaced).collect();
        if let Some(title) = text::title(&name) {
            let place = expected.iter().position(|said| said == "domain/metadata").unwrap();
            expected.insert(place, format!("domain/title={title}"));
            expected.insert(place, "domain/title".to_owned());
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn no_character_is_written_that_xml_forbids(name in any_text()) {
        let written = written(&name, "/a", "/b").unwrap();
        let allowed = |c: char| !c.is_control() && c != '\u{fffe}' && c != '\u{ffff}';
        prop_assert!(written.chars().all(allowed));
    }
}

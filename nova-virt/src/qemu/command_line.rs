//! The command line of a guest's qemu.
//!
//! Every word is made of constants, numbers and the guest's id, or is JSON that a serialiser wrote
//! (the paths of base images). What people call a guest is not on it.

use std::ffi::OsString;

use nova_core::model::DiskFormat;
use serde_json::{Value, json};

use super::config::Accelerator;
use super::place::QMP_SOCKET;
use crate::host::overlay;
use crate::host::place::SERIAL_LOG;
use crate::spec::{BaseImage, VmSpec};

/// The machine. A later `pc` of the same QEMU is the same machine; across versions it may differ,
/// and a guest sees that as another mainboard after a power-off.
const MACHINE: &str = "pc,dump-guest-core=off";

/// What qemu itself may not do: use obsolete calls, become another user, start programs, change
/// its own limits.
const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// The arguments for a guest; qemu is to be started in the guest's directory.
///
/// The guest is not started with it (`-S`), so that it runs no instruction before somebody watches,
/// and a guest that powers itself off leaves its qemu there to be asked (`-no-shutdown`), so that
/// nothing is mistaken for a crash because nobody was watching.
pub(super) fn arguments(spec: &VmSpec, accelerator: Accelerator) -> Vec<OsString> {
    let mut line = Line(Vec::new());
    line.flags(&["-no-user-config", "-nodefaults", "-no-shutdown", "-S"]);
    line.option("-sandbox", SANDBOX);
    line.option("-display", "none");
    line.option("-msg", "timestamp=on");
    line.option("-machine", MACHINE);
    line.option("-accel", accelerator.as_str());
    line.option("-smp", &spec.vcpus);
    line.option("-m", &format_args!("size={}M", spec.memory.get()));
    line.option("-uuid", &spec.id);
    // A guest must not learn the host's own serial number.
    line.option("-smbios", &format_args!("type=1,serial={}", spec.id));
    line.option("-boot", "strict=on");
    // Sleep states that nobody could wake it from.
    line.option("-global", "PIIX4_PM.disable_s3=1");
    line.option("-global", "PIIX4_PM.disable_s4=1");
    line.option(
        "-chardev",
        &format_args!("socket,id=qmp,path={QMP_SOCKET},server=on,wait=off"),
    );
    line.option("-mon", "chardev=qmp,mode=control");
    line.option(
        "-chardev",
        &format_args!("file,id=serial0,path={SERIAL_LOG},append=on"),
    );
    line.option(
        "-device",
        &json!({ "driver": "isa-serial", "id": "com0", "chardev": "serial0" }),
    );
    for (index, disk) in spec.disks.iter().enumerate() {
        line.option("-blockdev", &overlay(index, disk.base.as_ref()));
        line.option("-device", &disk_device(index));
    }
    for (index, nic) in spec.nics.iter().enumerate() {
        line.option("-netdev", &format_args!("user,id=net{index},restrict=on"));
        line.option("-device", &nic_device(index, nic.mac));
    }
    line.0
}

struct Line(Vec<OsString>);

impl Line {
    fn flags(&mut self, flags: &[&str]) {
        self.0.extend(flags.iter().map(OsString::from));
    }

    fn option(&mut self, name: &str, value: &(impl ToString + ?Sized)) {
        self.0.push(name.into());
        self.0.push(value.to_string().into());
    }
}

/// A disk, with the image below it spelled out: qemu follows no name that a file holds.
fn overlay(index: usize, base: Option<&BaseImage>) -> Value {
    json!({
        "driver": "qcow2",
        "node-name": format!("disk{index}"),
        "discard": "unmap",
        "file": { "driver": "file", "filename": overlay::disk_name(index) },
        "backing": base.map(backing),
    })
}

fn backing(base: &BaseImage) -> Value {
    let file = json!({ "driver": "file", "filename": base.path.to_string_lossy() });
    match base.format {
        DiskFormat::Raw => json!({ "driver": "raw", "read-only": true, "file": file }),
        // `null` forbids a backing file, whatever the image says by now.
        DiskFormat::Qcow2 => {
            json!({ "driver": "qcow2", "read-only": true, "file": file, "backing": null })
        }
    }
}

fn disk_device(index: usize) -> Value {
    let mut device = json!({
        "driver": "virtio-blk-pci",
        "id": format!("vd{index}"),
        "drive": format!("disk{index}"),
    });
    if index == 0 {
        device["bootindex"] = json!(0);
    }
    device
}

fn nic_device(index: usize, mac: [u8; 6]) -> Value {
    let mac: Vec<String> = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "driver": "virtio-net-pci",
        "id": format!("nic{index}"),
        "netdev": format!("net{index}"),
        "mac": mac.join(":"),
        // Nothing is booted from the network.
        "romfile": "",
    })
}

#[cfg(test)]
mod tests {
    use nova_core::units::{Bytes, Mebibytes};
    use proptest::prelude::*;

    use super::*;
    use crate::guest::GuestId;
    use crate::spec::{DiskSpec, NicSpec};

    fn spec(name: &str, base: &str, format: DiskFormat) -> VmSpec {
        VmSpec {
            id: GuestId::from_uuid(uuid::Uuid::from_u128(7)),
            name: name.to_owned(),
            vcpus: 2,
            memory: Mebibytes::new(64),
            disks: vec![
                DiskSpec {
                    size: Bytes::new(1 << 20),
                    base: Some(BaseImage {
                        path: base.into(),
                        format,
                    }),
                },
                DiskSpec {
                    size: Bytes::new(1 << 20),
                    base: None,
                },
            ],
            nics: vec![NicSpec {
                mac: [0x52, 0x54, 0, 0xab, 0, 1],
            }],
        }
    }

    fn words(spec: &VmSpec) -> Vec<String> {
        arguments(spec, Accelerator::Tcg)
            .into_iter()
            .map(|word| word.into_string().unwrap())
            .collect()
    }

    fn values(words: &[String], option: &str) -> Vec<Value> {
        let pairs = words.windows(2).filter(|pair| pair[0] == option);
        pairs
            .filter_map(|pair| serde_json::from_str(&pair[1]).ok())
            .collect()
    }

    #[test]
    fn disks_and_interfaces_are_spelled_out() {
        let words = words(&spec("web", "/images/a.qcow2", DiskFormat::Qcow2));
        let disks = values(&words, "-blockdev");
        assert_eq!(disks[0]["backing"]["driver"], "qcow2");
        assert_eq!(disks[0]["backing"]["read-only"], true);
        assert!(disks[0]["backing"].as_object().unwrap()["backing"].is_null());
        assert!(disks[1].as_object().unwrap()["backing"].is_null());
        let devices = values(&words, "-device");
        assert_eq!(devices[1]["bootindex"], 0);
        assert_eq!(devices[2].get("bootindex"), None);
        assert_eq!(devices[3]["mac"], "52:54:00:ab:00:01");
        assert!(
            words
                .windows(2)
                .any(|pair| pair == ["-netdev", "user,id=net0,restrict=on"])
        );
        assert!(words.windows(2).any(|pair| pair == ["-sandbox", SANDBOX]));
    }

    proptest! {
        #[test]
        fn no_name_and_no_path_changes_the_command_line(name in "\\PC*|[,=\\-\n\0\"{}]*", path in "/\\PC*|/[,=\n\"\\\\{}]*") {
            let plain = words(&spec("", "/plain", DiskFormat::Raw));
            let hostile = words(&spec(&name, &path, DiskFormat::Raw));
            prop_assert_eq!(plain.len(), hostile.len());
            let differ: Vec<_> = plain.iter().zip(&hostile).filter(|(one, other)| one != other).collect();
            prop_assert!(differ.len() <= 1);
            let disk = &values(&hostile, "-blockdev")[0];
            prop_assert_eq!(disk["backing"]["file"]["filename"].as_str(), Some(path.as_str()));
        }
    }
}

//! Hostile names and impossible sizes.

use nova_core::units::{Bytes, Mebibytes};

use super::Harness;
use super::harness::{destroyed, listed};
use crate::PowerState;
use crate::error::Error;
use crate::hypervisor::{Hypervisor, SpawnOptions};
use crate::spec::{DiskSpec, NicSpec, VmSpec};

/// Whatever a guest is called, it runs, and is listed by that name to the letter.
pub async fn hostile_names_do_no_harm(driver: &dyn Hypervisor, harness: &Harness) {
    let long = "long ".repeat(2048);
    let names = [
        "",
        " ",
        ",",
        "a,b=c,,d",
        "debug-threads=on,process=x",
        "-x",
        "--help",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "line\nbreak\r\n",
        "quotes \" ' ` and \\ \\\" {\"execute\": \"quit\"}",
        "$(reboot) %s %n ${HOME} ; & | > <",
        "<name>&amp;]]></name>",
        "\u{202e}right to left\u{2066}",
        "\u{1b}[2J\u{7}\u{8}",
        "\u{feff}\u{200b}\u{1f980} g\u{308}ra\u{df}",
        &long,
    ];
    for name in names {
        let mut spec = harness.spec();
        spec.name = name.to_owned();
        let guest = driver.spawn(&spec, &SpawnOptions::default()).await;
        let guest = guest.unwrap_or_else(|error| panic!("the name {name:?}: {error:?}"));
        assert_eq!(guest.name, name);
        assert_eq!(driver.inspect(spec.id).await.unwrap().name, name);
        let guest = listed(driver, spec.id).await.expect("it is listed");
        assert_eq!(
            (guest.name.as_str(), guest.power_state),
            (name, PowerState::Running)
        );
        destroyed(driver, spec.id).await;
    }
}

/// Specifications that no driver can carry out are refused before anything is done.
pub async fn bad_specifications_are_refused(driver: &dyn Hypervisor, harness: &Harness) {
    let breaks: [fn(&mut VmSpec); 12] = [
        |spec| spec.name.push('\0'),
        |spec| spec.vcpus = 0,
        |spec| spec.vcpus = u32::MAX,
        |spec| spec.memory = Mebibytes::ZERO,
        |spec| spec.memory = Mebibytes::new(u64::MAX),
        |spec| spec.memory = Mebibytes::new(1 << 44),
        |spec| spec.disks.clear(),
        |spec| spec.disks[0].size = Bytes::ZERO,
        |spec| spec.disks[0].size = Bytes::new((1 << 20) + 1),
        |spec| spec.disks[0].size = Bytes::new(u64::MAX),
        |spec| {
            spec.disks.push(DiskSpec {
                size: Bytes::new(1 << 63),
                base: None,
            })
        },
        |spec| spec.nics.push(NicSpec { mac: [0xff; 6] }),
    ];
    for (index, breaks) in breaks.into_iter().enumerate() {
        let mut spec = harness.spec();
        breaks(&mut spec);
        let result = driver.spawn(&spec, &SpawnOptions::default()).await;
        assert!(
            matches!(result, Err(Error::Invalid { .. })),
            "number {index}: {result:?}"
        );
        assert_eq!(listed(driver, spec.id).await, None);
    }
}

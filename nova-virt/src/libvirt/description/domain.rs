//! The domain as a whole.

use std::path::Path;

use serde::Serialize;

use super::common::{Empty, Enabled};
use super::disk::Disk;
use super::interface::Interface;
use super::serial::Serial;
use crate::guest::GuestId;
use crate::host::place::SERIAL_LOG;
use crate::libvirt::config::DomainType;
use crate::libvirt::error::LibvirtError;
use crate::libvirt::mark::Mark;
use crate::libvirt::text;
use crate::spec::VmSpec;

/// The domain of a guest: its description as libvirt reads it.
///
/// `root` is the driver's directory, `directory` the guest's own. No file below a disk is left for
/// libvirt to find out, and the host's serial number for no guest to see.
pub(in crate::libvirt) fn describe(
    spec: &VmSpec,
    domain_type: DomainType,
    root: &str,
    directory: &Path,
) -> Result<String, LibvirtError> {
    let disks = spec.disks.iter().enumerate();
    let domain = Domain {
        domain_type: domain_type.as_str(),
        name: spec.id,
        uuid: spec.id,
        title: text::title(&spec.name),
        metadata: Metadata {
            mark: Mark::new(root),
        },
        memory: Memory {
            unit: "MiB",
            dump_core: "off",
            size: spec.memory.get(),
        },
        vcpu: spec.vcpus,
        os: Os {
            machine: Machine {
                arch: "x86_64",
                machine: "pc",
                kind: "hvm",
            },
            smbios: Smbios { mode: "sysinfo" },
        },
        sysinfo: Sysinfo {
            kind: "smbios",
            system: System {
                entry: Entry {
                    name: "serial",
                    value: spec.id,
                },
            },
        },
        features: Features {
            acpi: Empty {},
            apic: Empty {},
        },
        clock: Clock { offset: "utc" },
        // What a guest does to itself: its end is the domain's, and a reset is a reset.
        on_poweroff: "destroy",
        on_reboot: "restart",
        on_crash: "destroy",
        // Sleep states that nobody could wake it from.
        pm: PowerManagement {
            memory: Enabled { enabled: "no" },
            disk: Enabled { enabled: "no" },
        },
        devices: Devices {
            disks: disks
                .map(|(index, disk)| Disk::new(index, disk, directory))
                .collect::<Result<_, _>>()?,
            interfaces: spec.nics.iter().map(Interface::new).collect(),
            controller: Controller {
                kind: "usb",
                model: "none",
            },
            serial: Serial::to_file(&directory.join(SERIAL_LOG))?,
            memballoon: Model { model: "none" },
        },
    };
    quick_xml::se::to_string(&domain).map_err(|error| LibvirtError::Description(error.into()))
}

#[derive(Serialize)]
#[serde(rename = "domain")]
struct Domain<'a> {
    #[serde(rename = "@type")]
    domain_type: &'static str,
    name: GuestId,
    uuid: GuestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    metadata: Metadata<'a>,
    memory: Memory,
    vcpu: u32,
    os: Os,
    sysinfo: Sysinfo,
    features: Features,
    clock: Clock,
    on_poweroff: &'static str,
    on_reboot: &'static str,
    on_crash: &'static str,
    pm: PowerManagement,
    devices: Devices,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(rename = "nova:guest")]
    mark: Mark<'a>,
}

#[derive(Serialize)]
struct Memory {
    #[serde(rename = "@unit")]
    unit: &'static str,
    #[serde(rename = "@dumpCore")]
    dump_core: &'static str,
    #[serde(rename = "$text")]
    size: u64,
}

#[derive(Serialize)]
struct Os {
    #[serde(rename = "type")]
    machine: Machine,
    smbios: Smbios,
}

#[derive(Serialize)]
struct Machine {
    #[serde(rename = "@arch")]
    arch: &'static str,
    #[serde(rename = "@machine")]
    machine: &'static str,
    #[serde(rename = "$text")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Smbios {
    #[serde(rename = "@mode")]
    mode: &'static str,
}

#[derive(Serialize)]
struct Sysinfo {
    #[serde(rename = "@type")]
    kind: &'static str,
    system: System,
}

#[derive(Serialize)]
struct System {
    entry: Entry,
}

#[derive(Serialize)]
struct Entry {
    #[serde(rename = "@name")]
    name: &'static str,
    #[serde(rename = "$text")]
    value: GuestId,
}

#[derive(Serialize)]
struct Features {
    acpi: Empty,
    apic: Empty,
}

#[derive(Serialize)]
struct Clock {
    #[serde(rename = "@offset")]
    offset: &'static str,
}

#[derive(Serialize)]
struct PowerManagement {
    #[serde(rename = "suspend-to-mem")]
    memory: Enabled,
    #[serde(rename = "suspend-to-disk")]
    disk: Enabled,
}

#[derive(Serialize)]
struct Devices {
    #[serde(rename = "disk")]
    disks: Vec<Disk>,
    #[serde(rename = "interface")]
    interfaces: Vec<Interface>,
    controller: Controller,
    serial: Serial,
    memballoon: Model,
}

#[derive(Serialize)]
struct Model {
    #[serde(rename = "@model")]
    model: &'static str,
}

#[derive(Serialize)]
struct Controller {
    #[serde(rename = "@type")]
    kind: &'static str,
    #[serde(rename = "@model")]
    model: &'static str,
}

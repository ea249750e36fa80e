//! What the tests of several stores need.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::model::{HostReport, HypervisorInfo, Inventory, ResourceClass};

/// Three classes that hosts offer.
#[cfg(feature = "sqlite")]
pub(super) const CLASSES: [ResourceClass; 3] = [
    ResourceClass::Vcpu,
    ResourceClass::MemoryMb,
    ResourceClass::DiskGb,
];

/// A report that offers `(class, total, reserved, ratio)`.
pub(super) fn report(name: &str, offers: &[(ResourceClass, u64, u64, f64)]) -> HostReport {
    HostReport {
        name: name.parse().unwrap(),
        zone: "nova".parse().unwrap(),
        hypervisor: HypervisorInfo {
            kind: "mock".to_owned(),
            version: 1,
            architecture: "x86_64".to_owned(),
        },
        capabilities: BTreeMap::new(),
        traits: BTreeSet::new(),
        inventories: offers
            .iter()
            .map(|(class, total, reserved, ratio)| {
                (
                    class.clone(),
                    Inventory::new(*total, *reserved, *ratio).unwrap(),
                )
            })
            .collect(),
    }
}

/// A report of a host with 100 processors.
pub(super) fn host(name: &str) -> HostReport {
    report(name, &[(ResourceClass::Vcpu, 100, 0, 1.0)])
}

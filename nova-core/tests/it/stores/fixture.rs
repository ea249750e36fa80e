//! What the tests of several stores need.

use nova_core::model::{HostReport, HypervisorInfo, Inventory, ResourceClass};

/// A report that offers `(class, total, reserved, ratio)`.
pub(super) fn report(name: &str, offers: &[(ResourceClass, u64, u64, f64)]) -> HostReport {
    let offered = offers.iter().map(|(class, total, reserved, ratio)| {
        let inventory = Inventory::new(*total, *reserved, *ratio).unwrap();
        (class.clone(), inventory)
    });
    let hypervisor = HypervisorInfo::new("mock", 1, "x86_64");
    HostReport::new(name.parse().unwrap(), "nova".parse().unwrap(), hypervisor)
        .with_inventories(offered.collect())
}

/// A report of a host with 100 processors.
pub(super) fn host(name: &str) -> HostReport {
    report(name, &[(ResourceClass::Vcpu, 100, 0, 1.0)])
}

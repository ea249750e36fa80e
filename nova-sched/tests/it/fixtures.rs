//! Hosts, fleets and requests that tests share.

use nova_core::id::{HostName, ServerId};
use nova_core::model::{Inventory, ResourceClass, Resources};
use nova_sched::{Fleet, HostState, PlacementRequest};

/// A host of 16 processors (× 4), `memory` MiB and 500 GiB in zone az1, with nothing on it.
pub fn host(name: &str, memory: u64) -> HostState {
    HostState::new(name.parse().unwrap(), "az1".parse().unwrap())
        .with_inventory(ResourceClass::Vcpu, Inventory::new(16, 0, 4.0).unwrap())
        .with_inventory(
            ResourceClass::MemoryMb,
            Inventory::new(memory, 0, 1.0).unwrap(),
        )
        .with_inventory(ResourceClass::DiskGb, Inventory::new(500, 0, 1.0).unwrap())
}

pub fn fleet(hosts: impl IntoIterator<Item = HostState>) -> Fleet {
    Fleet::builder().hosts(hosts).build()
}

/// One server of 1 processor, `memory` MiB and 10 GiB.
pub fn request(memory: u64) -> PlacementRequest {
    PlacementRequest::new(size(1, memory, 10))
}

pub fn size(vcpus: u64, memory: u64, disk: u64) -> Resources {
    Resources::new()
        .with(ResourceClass::Vcpu, vcpus)
        .with(ResourceClass::MemoryMb, memory)
        .with(ResourceClass::DiskGb, disk)
}

pub fn name(text: &str) -> HostName {
    text.parse().unwrap()
}

pub fn class(text: &str) -> ResourceClass {
    text.parse().unwrap()
}

pub fn server(number: u32) -> ServerId {
    format!("00000000-0000-4000-8000-{number:012x}")
        .parse()
        .unwrap()
}

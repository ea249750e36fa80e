//! A workload as nova-sched knows it: the only module that speaks of both.

use std::time::Duration;

use nova_sdk::core::model::{HypervisorInfo, Inventory, ResourceClass};
use nova_sdk::prelude::{Flavor, Gibibytes, Mebibytes, Scheduler};
use nova_sdk::sched::{Detail, Fleet, HostState, Liveness, PlacementRequest, Plan, PlanOptions};

use crate::workload::{Host, Request, Workload, ZONES};

/// A fleet, and what was decided of it.
#[derive(Clone)]
pub struct Ours {
    pub fleet: Fleet,
    scheduler: Scheduler,
}

impl Ours {
    pub fn new(workload: &Workload) -> Self {
        let hosts = workload.hosts.iter().enumerate();
        let fleet = hosts.fold(Fleet::builder(), |fleet, (place, host)| {
            fleet.host(state(host, ZONES[place % ZONES.len()]))
        });
        Self {
            fleet: fleet.build(),
            scheduler: Scheduler::default(),
        }
    }

    pub fn request(&self, asked: &Request) -> PlacementRequest {
        let flavor = &asked.flavor;
        let (memory, disk) = (
            Mebibytes::new(flavor.memory_mb),
            Gibibytes::new(flavor.root_gb),
        );
        let flavor = flavor.extra_specs.iter().fold(
            Flavor::builder(
                flavor.name.parse().unwrap(),
                flavor.vcpus.try_into().unwrap(),
                memory,
                disk,
            ),
            |flavor, (key, value)| flavor.extra_spec(*key, *value),
        );
        let request = PlacementRequest::for_flavor(&flavor.build().unwrap())
            .with_count(asked.num_instances.try_into().unwrap());
        match asked.availability_zone {
            Some(zone) => request.with_zone(zone.parse().unwrap()),
            None => request,
        }
    }

    pub fn plan(&self, request: &PlacementRequest, detail: Detail) -> Plan {
        let options = PlanOptions::default().with_detail(detail);
        self.scheduler.plan_with(&self.fleet, request, &options)
    }

    /// Counts what was placed as used.
    pub fn commit(&mut self, _asked: &Request, plan: &Plan) {
        for placement in plan.placements() {
            self.fleet.claim(&placement.host, plan.resources()).unwrap();
        }
    }
}

fn state(host: &Host, zone: &str) -> HostState {
    let node = &host.compute_node;
    let inventory = |total, ratio| Inventory::new(total, 0, ratio).unwrap();
    let mut state = HostState::new(host.host.parse().unwrap(), zone.parse().unwrap())
        .with_inventory(
            ResourceClass::Vcpu,
            inventory(node.vcpus, node.cpu_allocation_ratio),
        )
        .with_inventory(
            ResourceClass::MemoryMb,
            inventory(node.memory_mb, node.ram_allocation_ratio),
        )
        .with_inventory(
            ResourceClass::DiskGb,
            inventory(node.local_gb, node.disk_allocation_ratio),
        )
        .with_used(ResourceClass::Vcpu, node.vcpus_used)
        .with_used(ResourceClass::MemoryMb, node.memory_mb_used)
        .with_used(ResourceClass::DiskGb, node.local_gb_used)
        .with_capability("cpu_info", node.cpu_info.as_str())
        .with_hypervisor(HypervisorInfo::new(
            node.hypervisor_type,
            node.hypervisor_version,
            node.supported_instances[0][0],
        ));
    if let Some(reason) = host.service.disabled_reason {
        state = state.with_disabled(reason);
    }
    if !host.service.last_seen_up.contains("11:59") {
        state = state.with_liveness(Liveness::Silent(Duration::from_secs(1800)));
    }
    state.servers = u64::try_from(host.instances.len()).unwrap();
    state
}

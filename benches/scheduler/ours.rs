//! A workload as nova-sched knows it: the only module that speaks of both.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nova_sdk::core::id::{AggregateId, ImageId, ServerId};
use nova_sdk::core::model::{
    HypervisorInfo, ImageProperties, Inventory, ResourceClass, Resources, ServerGroupPolicy,
};
use nova_sdk::prelude::{Flavor, Gibibytes, Mebibytes, Scheduler};
use nova_sdk::sched::pci::{PciPool, PciPools};
use nova_sdk::sched::{
    Detail, Fleet, GroupRequest, HostAggregate, HostState, Liveness, PlacedServer,
    PlacementRequest, Plan, PlanOptions, RequestImage, ServerShape, SupportedInstance,
};
use uuid::Uuid;

use crate::workload::{self, Host, Request, Workload, ZONES};

/// A fleet, and what was decided of it.
#[derive(Clone)]
pub struct Ours {
    pub fleet: Fleet,
    scheduler: Scheduler,
    /// The groups that were met, with the members that were placed.
    groups: BTreeMap<Uuid, GroupRequest>,
}

impl Ours {
    pub fn new(workload: &Workload) -> Self {
        // What servers hold is counted in the hosts' reports.
        let shape = Arc::new(ServerShape::new(Resources::new()));
        let hosts = workload.hosts.iter().enumerate();
        let fleet = hosts.fold(Fleet::builder(), |fleet, (place, host)| {
            fleet.host(state(host, ZONES[place % ZONES.len()], &shape))
        });
        let fleet = fleet.aggregates(workload.aggregates.iter().map(aggregate));
        Self {
            fleet: fleet.build(),
            scheduler: Scheduler::default(),
            groups: BTreeMap::new(),
        }
    }

    pub fn request(&self, asked: &Request) -> PlacementRequest {
        let properties = asked.image.properties.iter();
        let properties = properties.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let properties = ImageProperties::new(properties.collect()).unwrap();
        let image = RequestImage::new(Some(ImageId::from_uuid(asked.image.id)), &properties);
        let mut request = PlacementRequest::for_flavor(&flavor(&asked.flavor))
            .with_count(asked.num_instances.try_into().unwrap())
            .with_servers(
                asked
                    .instance_uuids
                    .iter()
                    .copied()
                    .map(ServerId::from_uuid),
            )
            .with_project(asked.project_id.parse().unwrap())
            .with_image(image);
        if let Some(zone) = asked.availability_zone {
            request = request.with_zone(zone.parse().unwrap());
        }
        if let Some(stated) = &asked.instance_group {
            let known = self.groups.get(&stated.uuid).cloned();
            request = request.with_group(known.unwrap_or_else(|| group(stated)));
        }
        request
    }

    pub fn plan(&self, request: &PlacementRequest, detail: Detail) -> Plan {
        let options = PlanOptions::default().with_detail(detail);
        self.scheduler.plan_with(&self.fleet, request, &options)
    }

    /// Puts the servers where the plan says.
    pub fn commit(&mut self, request: &PlacementRequest, plan: &Plan) {
        let shape = Arc::new(request.shape());
        for (server, placement) in request.servers().iter().zip(plan.placements()) {
            let server = PlacedServer::new(*server, shape.clone());
            self.fleet.place(&placement.host, server).unwrap();
        }
    }

    /// Counts the servers that were placed as members of their group.
    pub fn join(&mut self, asked: &Request, plan: &Plan) {
        if let Some(stated) = &asked.instance_group {
            let known = self.groups.entry(stated.uuid);
            let group = known.or_insert_with(|| group(stated));
            for (server, placement) in asked.instance_uuids.iter().zip(plan.placements()) {
                group.members.insert(ServerId::from_uuid(*server));
                group.hosts.insert(placement.host.clone());
            }
        }
    }
}

fn flavor(stated: &workload::Flavor) -> Flavor {
    let (memory, disk) = (
        Mebibytes::new(stated.memory_mb),
        Gibibytes::new(stated.root_gb),
    );
    let vcpus = stated.vcpus.try_into().unwrap();
    let flavor = Flavor::builder(stated.name.parse().unwrap(), vcpus, memory, disk);
    let specs = stated.extra_specs.iter();
    let flavor = specs.fold(flavor, |flavor, (key, value)| {
        flavor.extra_spec(*key, *value)
    });
    flavor.build().unwrap()
}

fn group(stated: &workload::Group) -> GroupRequest {
    let policy: ServerGroupPolicy = stated.policy.parse().unwrap();
    let group = GroupRequest::new(policy);
    let members = stated.members.iter().copied().map(ServerId::from_uuid);
    let group = members.fold(group, GroupRequest::with_member);
    let hosts = stated.hosts.iter().map(|host| host.parse().unwrap());
    hosts.fold(group, GroupRequest::with_host)
}

fn aggregate(stated: &workload::Aggregate) -> HostAggregate {
    let id = AggregateId::from_uuid(stated.uuid);
    let aggregate = HostAggregate::new(id, stated.name.as_str());
    let aggregate = stated
        .metadata
        .iter()
        .fold(aggregate, |aggregate, (key, value)| {
            aggregate.with_metadata(key, value)
        });
    stated.hosts.iter().fold(aggregate, |aggregate, host| {
        aggregate.with_host(host.parse().unwrap())
    })
}

fn state(host: &Host, zone: &str, shape: &Arc<ServerShape>) -> HostState {
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
        .with_servers(host.instances.len().try_into().unwrap())
        .with_stats(
            node.stats
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
        )
        .with_host_ip(node.host_ip.parse().unwrap())
        .with_cell(host.cell_uuid.parse().unwrap())
        .with_capability("cpu_info", node.cpu_info.as_str())
        .with_hypervisor(HypervisorInfo::new(
            node.hypervisor_type,
            node.hypervisor_version,
            node.supported_instances[0][0],
        ));
    for [architecture, hypervisor, mode] in &node.supported_instances {
        let kind = SupportedInstance::new(*architecture, *hypervisor, *mode);
        state = state.with_supported_instance(kind);
    }
    let pools = node.pci_device_pools.iter().map(|pool| {
        PciPool::new(
            pool.vendor_id,
            pool.product_id,
            pool.count.try_into().unwrap(),
        )
    });
    state = state.with_pci_pools(PciPools::new(pools));
    if let Some(reason) = host.service.disabled_reason {
        state = state.with_disabled(reason);
    }
    if !host.is_alive() {
        state = state.with_liveness(Liveness::Silent(Duration::from_secs(1800)));
    }
    state.placed = host
        .instances
        .iter()
        .map(|server| PlacedServer::new(ServerId::from_uuid(server.uuid), shape.clone()))
        .collect();
    state
}

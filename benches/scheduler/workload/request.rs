//! The stream: flavors of all sizes, some with demands, some in zones, some in groups.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::dice::Dice;
use super::{Host, ZONES};

#[derive(Debug, Clone, Serialize)]
pub struct Request {
    pub flavor: Flavor,
    pub image: Image,
    pub project_id: String,
    pub user_id: &'static str,
    pub availability_zone: Option<&'static str>,
    pub num_instances: usize,
    pub instance_uuids: Vec<Uuid>,
    pub ignore_hosts: Option<()>,
    pub force_hosts: Option<()>,
    pub force_nodes: Option<()>,
    pub requested_destination: Option<()>,
    /// A group is met again in later requests; its members are then also the servers that were
    /// placed for it meanwhile.
    pub instance_group: Option<Group>,
    pub scheduler_hints: BTreeMap<String, Vec<String>>,
    pub numa_topology: Option<()>,
    pub pci_requests: Option<()>,
    pub requested_resources: Vec<()>,
    pub network_metadata: Option<()>,
    pub is_bfv: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Flavor {
    pub flavorid: &'static str,
    pub name: &'static str,
    pub vcpus: u64,
    pub memory_mb: u64,
    pub root_gb: u64,
    pub ephemeral_gb: u64,
    pub swap: u64,
    pub extra_specs: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Image {
    pub id: Uuid,
    pub properties: BTreeMap<&'static str, &'static str>,
}

#[derive(Debug, Clone, Serialize)]
pub struct Group {
    pub uuid: Uuid,
    pub policy: &'static str,
    pub members: Vec<Uuid>,
    pub hosts: Vec<String>,
    pub rules: Option<()>,
}

impl Group {
    /// A group without members.
    pub fn anti_affinity(uuid: Uuid) -> Self {
        Self {
            uuid,
            policy: "anti-affinity",
            members: Vec::new(),
            hosts: Vec::new(),
            rules: None,
        }
    }
}

impl Flavor {
    /// The smallest, without demands.
    pub fn tiny() -> Self {
        Self::of(FLAVORS[0])
    }

    fn of((name, vcpus, memory_mb, root_gb, specs): Sizes) -> Self {
        Self {
            flavorid: name,
            name,
            vcpus,
            memory_mb,
            root_gb,
            ephemeral_gb: 0,
            swap: 0,
            extra_specs: specs.iter().copied().collect(),
        }
    }
}

type Specs = &'static [(&'static str, &'static str)];

/// Name, vCPUs, MiB, GiB, and extra specs.
type Sizes = (&'static str, u64, u64, u64, Specs);

const FLAVORS: [Sizes; 10] = [
    ("m1.tiny", 1, 512, 1, &[]),
    ("m1.small", 1, 2048, 20, &[]),
    ("m1.medium", 2, 4096, 40, &[]),
    ("m1.large", 4, 8192, 80, &[]),
    ("m1.xlarge", 8, 16_384, 160, &[]),
    ("c1.large", 8, 8192, 40, &[("hw:cpu_max_sockets", "2")]),
    ("r1.large", 4, 32_768, 80, &[]),
    ("r1.2xlarge", 16, 65_536, 320, &[]),
    (
        "v1.large",
        4,
        8192,
        80,
        &[("capabilities:cpu_info:features", "<in> avx512f")],
    ),
    (
        "q1.large",
        4,
        8192,
        80,
        &[
            ("capabilities:hypervisor_type", "s== QEMU"),
            ("capabilities:hypervisor_version", ">= 8000000"),
        ],
    ),
];

/// A quarter of the requests is for one of the groups; each kind is as often.
const GROUPED: f64 = 0.25;
const POLICIES: [&str; 4] = [
    "anti-affinity",
    "affinity",
    "soft-anti-affinity",
    "soft-affinity",
];
/// How many requests there are for each group, about.
const FOR_A_GROUP: usize = 10;

/// So many requests for one server each.
pub fn stream(dice: &Dice, hosts: &[Host], requests: usize) -> Vec<Request> {
    let groups: Vec<Group> = (0..(requests / 4 / FOR_A_GROUP).max(POLICIES.len()))
        .map(|number| group(dice, hosts, POLICIES[number % POLICIES.len()]))
        .collect();
    (0..requests).map(|_| request(dice, &groups)).collect()
}

/// A group that has up to three members on hosts of the fleet; one of affinity has one or none.
fn group(dice: &Dice, hosts: &[Host], policy: &'static str) -> Group {
    let members = dice.below(if policy == "affinity" { 2 } else { 4 });
    let mut group = Group {
        uuid: dice.uuid(),
        policy,
        members: Vec::new(),
        hosts: Vec::new(),
        rules: None,
    };
    for _ in 0..members {
        let host = dice.one_of(hosts);
        if let Some(instance) = host.instances.first()
            && !group.hosts.contains(&host.host)
        {
            group.members.push(instance.uuid);
            group.hosts.push(host.host.clone());
        }
    }
    group
}

fn request(dice: &Dice, groups: &[Group]) -> Request {
    let mut properties = BTreeMap::from([("hw_disk_bus", "virtio"), ("os_distro", "debian")]);
    if dice.chance(0.5) {
        properties.extend([("hw_architecture", "x86_64"), ("img_hv_type", "kvm")]);
    }
    let grouped = dice.chance(GROUPED);
    Request {
        flavor: Flavor::of(*dice.one_of(&FLAVORS)),
        image: Image {
            id: dice.uuid(),
            properties,
        },
        project_id: format!("{:032x}", dice.below(40)),
        user_id: "bench",
        availability_zone: dice.chance(0.3).then(|| *dice.one_of(&ZONES)),
        num_instances: 1,
        instance_uuids: vec![dice.uuid()],
        ignore_hosts: None,
        force_hosts: None,
        force_nodes: None,
        requested_destination: None,
        instance_group: grouped.then(|| dice.one_of(groups).clone()),
        scheduler_hints: BTreeMap::new(),
        numa_topology: None,
        pci_requests: None,
        requested_resources: Vec::new(),
        network_metadata: None,
        is_bfv: false,
    }
}

//! Fleets of every kind of host.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use nova_core::id::HostName;
use nova_core::model::{HypervisorInfo, Inventory, ResourceClass, Resources};

use super::dice::Dice;
use super::generate_hardware::equip;
use super::names::{aggregate, parsed, server_id};
use crate::fleet::{
    Fleet, HostAggregate, HostState, Liveness, PlacedServer, ServerShape, SupportedInstance,
};

/// A fleet of so many hosts, `h0` to `hN`, that looks random and is the same for the same seed.
///
/// The hosts differ in everything that filters and weighers look at: zone, cell, size, ratios,
/// what is reserved and used (some are over-full), servers, capabilities and counters, kinds of
/// guests, traits, metrics, servers that two report since they are moved, NUMA cells, PCI devices, aggregates with metadata that Nova's filters read (some of it
/// malformed). Some are disabled or down. It is for tests: no cloud looks like it.
///
/// ```
/// use nova_sched::testing;
///
/// let fleet = testing::fleet(40, 7);
/// assert_eq!(fleet.len(), 40);
/// let again = testing::fleet(40, 7);
/// let states = |fleet: &nova_sched::Fleet| -> Vec<_> {
///     fleet.hosts().map(|host| host.to_state()).collect()
/// };
/// assert_eq!(states(&fleet), states(&again));
/// ```
pub fn fleet(hosts: usize, seed: u64) -> Fleet {
    let mut dice = Dice::new(seed);
    let shapes: Vec<Arc<ServerShape>> = (0..6).map(|_| Arc::new(shape(&mut dice))).collect();
    let cells = if dice.one_in(3) { 2 } else { 0 };
    let mut states: Vec<HostState> = (0..hosts)
        .map(|row| host(row, cells, &shapes, &mut dice))
        .collect();
    for place in (1..hosts).step_by(MOVING) {
        let former = states.get(place - 1).and_then(|host| host.placed.first());
        let moving = former.map(|server| PlacedServer::new(server.id, server.shape.clone()));
        if let (Some(moving), Some(host)) = (moving, states.get_mut(place)) {
            *host = host.clone().with_server(moving);
        }
    }
    let names: Vec<HostName> = states
        .iter()
        .map(|host| host.service_host().clone())
        .collect();
    let mut aggregates = Vec::new();
    for metadata in METADATA {
        if !dice.one_in(3) {
            aggregates.push(group(metadata, &names, &mut dice));
        }
    }
    Fleet::builder()
        .hosts(states)
        .aggregates(aggregates)
        .build()
}

pub(super) const ZONES: [&str; 3] = ["az1", "az2", "az3"];
pub(super) const PROJECTS: [&str; 3] = ["alpha", "beta", "gamma"];
pub(super) const FLAVORS: [&str; 3] = ["small", "large", "gpu"];
pub(super) const TRAITS: [&str; 4] = [
    "HW_CPU_X86_AVX2",
    "HW_CPU_X86_AVX512F",
    "CUSTOM_GOLD",
    "COMPUTE_VOLUME_MULTI_ATTACH",
];
pub(super) const ARCHITECTURES: [&str; 3] = ["x86_64", "aarch64", "ppc64le"];
pub(super) const DISTROS: [&str; 3] = ["ubuntu", "fedora", "windows"];

/// Of so many hosts one reports a server that the host before it reports too.
const MOVING: usize = 6;

/// What one aggregate each has of metadata, if it is there.
const METADATA: [&[(&str, &str)]; 12] = [
    &[("ssd", "true")],
    &[("ssd", "false, true"), ("hw_architecture", "x86_64")],
    &[("filter_tenant_id", "alpha,beta")],
    &[
        ("filter_tenant_id", "gamma"),
        ("filter_tenant_id_2", "alpha"),
    ],
    &[("instance_type", "small,large")],
    &[("instance_type", "gpu"), ("gpu", "2")],
    &[
        ("max_io_ops_per_host", "3"),
        ("max_instances_per_host", "2"),
    ],
    &[
        ("max_io_ops_per_host", "several"),
        ("max_instances_per_host", "many"),
    ],
    &[
        ("ram_weight_multiplier", "-1.5"),
        ("disk_weight_multiplier", "2"),
    ],
    &[
        ("ram_weight_multiplier", "0.5"),
        ("cpu_weight_multiplier", "high"),
    ],
    &[("os_distro", "ubuntu"), ("io_ops_weight_multiplier", "-3")],
    &[
        ("os_distro", "fedora, windows"),
        ("build_failure_weight_multiplier", "10"),
    ],
];

fn group(metadata: &[(&str, &str)], hosts: &[HostName], dice: &mut Dice) -> HostAggregate {
    let name = metadata.first().map_or("", |(_, value)| value);
    let mut aggregate = aggregate(name, [], metadata.iter().copied());
    aggregate.hosts = hosts.iter().filter(|_| dice.one_in(3)).cloned().collect();
    aggregate
}

fn shape(dice: &mut Dice) -> ServerShape {
    let resources = Resources::new()
        .with(ResourceClass::Vcpu, 1 + dice.up_to(3))
        .with(ResourceClass::MemoryMb, 256 * (1 + dice.up_to(7)))
        .with(ResourceClass::DiskGb, dice.up_to(20));
    let distro = dice.of(&DISTROS);
    ServerShape::new(resources)
        .with_flavor(dice.of(&FLAVORS))
        .with_project(parsed(dice.of(&PROJECTS)))
        .with_image_properties([("os_distro".to_owned(), distro.to_owned())].into())
}

fn host(row: usize, cells: u64, shapes: &[Arc<ServerShape>], dice: &mut Dice) -> HostState {
    let number = u32::try_from(row).unwrap_or(u32::MAX);
    let name: HostName = parsed(&format!("h{row}"));
    let mut host = HostState::new(name, parsed(dice.of(&ZONES)));
    host.host_ip = (!dice.one_in(6)).then(|| {
        let [_, _, high, low] = number.to_be_bytes();
        Ipv4Addr::new(10, 0, high.wrapping_add(u8::from(dice.one_in(2))), low).into()
    });
    if dice.one_in(8) {
        host.service_host = Some(parsed(&format!("service{}", dice.up_to(1))));
    }
    if cells > 0 {
        host.cell = Some(parsed(&format!("cell{}", dice.up_to(cells))));
    }
    match dice.up_to(12) {
        0 => host.disabled = Some("new firmware".to_owned()),
        1 => host.disabled = Some(String::new()),
        2 => host.liveness = Liveness::Silent(Duration::from_secs(61 + dice.up_to(600))),
        3 => host.liveness = Liveness::ForcedDown,
        _ => {}
    }
    resources(&mut host, dice);
    for place in 0..dice.up_to(4) {
        let shape = match shapes.get(usize::try_from(dice.up_to(5)).unwrap_or(0)) {
            Some(shape) if !dice.one_in(3) => shape.clone(),
            _ => continue,
        };
        let id = server_id(u64::from(number) * 8 + place);
        host = host.with_server(PlacedServer::new(id, shape));
    }
    host.servers = host.servers.saturating_add(dice.of(&[0, 0, 1, 5, 60]));
    abilities(&mut host, dice);
    equip(&mut host, dice);
    reports(host, dice)
}

fn resources(host: &mut HostState, dice: &mut Dice) {
    let offers = [
        (ResourceClass::Vcpu, dice.of(&[0_u64, 8, 32, 32, 64])),
        (
            ResourceClass::MemoryMb,
            dice.of(&[0, 4096, 16_384, 65_536, 65_536]),
        ),
        (ResourceClass::DiskGb, dice.of(&[0, 100, 500, 500, 2000])),
        (ResourceClass::Pcpu, dice.of(&[0, 0, 0, 16])),
        (parsed("CUSTOM_GPU"), dice.of(&[0, 0, 1, 4])),
    ];
    for (class, total) in offers {
        if total == 0 && dice.one_in(2) {
            continue;
        }
        let reserved = if dice.one_in(3) { total / 8 } else { 0 };
        let ratio = dice.of(&[1.0, 1.0, 1.5, 4.0, 0.5]);
        let Ok(inventory) = Inventory::new(total, reserved, ratio) else {
            continue;
        };
        // Now and then more is used than may be: a ratio was lowered, say.
        let most = inventory.capacity() / 10 * 9 + if dice.one_in(8) { total } else { 0 };
        host.used.set(class.clone(), dice.up_to(most));
        host.inventories.insert(class, inventory);
    }
}

fn abilities(host: &mut HostState, dice: &mut Dice) {
    let architecture = dice.of(&ARCHITECTURES);
    for (hypervisor, mode) in [("kvm", "hvm"), ("qemu", "hvm"), ("lxc", "exe")] {
        if !dice.one_in(3) {
            let kind = SupportedInstance::new(architecture, hypervisor, mode);
            host.supported_instances.push(kind);
        }
    }
    if !dice.one_in(5) {
        let version = dice.of(&[8_002_000, 9_000_000, 10_001_000]);
        host.hypervisor = Some(HypervisorInfo::new("QEMU", version, architecture));
    }
    let cpu_info = dice.of(&[
        r#"{"features": ["aes", "avx2"], "maxphysaddr": {"bits": 46}, "vendor": "Intel"}"#,
        r#"{"features": ["aes"], "maxphysaddr": {"bits": 39}, "vendor": "AMD"}"#,
        "{not json",
    ]);
    for (name, value) in [
        ("arch", architecture),
        ("cpu_info", cpu_info),
        ("gpu", dice.of(&["0", "2", "4", "several"])),
    ] {
        if !dice.one_in(4) {
            host.capabilities.insert(name.to_owned(), value.to_owned());
        }
    }
    for name in TRAITS {
        if dice.one_in(2) {
            host.traits.insert(parsed(name));
        }
    }
}

fn reports(mut host: HostState, dice: &mut Dice) -> HostState {
    host.io_operations = dice.of(&[0, 0, 1, 7, 8, 12]);
    host.failed_builds = dice.of(&[0, 0, 0, 1, 3]);
    if dice.one_in(2) {
        let counters = [
            ("io_workload", dice.up_to(10)),
            ("num_instances", host.servers),
            ("failed_builds", dice.up_to(2)),
        ];
        let stats = counters.map(|(name, count)| (name.to_owned(), count.to_string()));
        host = host.with_stats(stats.into());
    }
    for name in ["cpu.frequency", "cpu.percent"] {
        if !dice.one_in(3) {
            let value = dice.of(&[0.0, 12.5, 2400.0, -3.0]);
            host.metrics.insert(name.to_owned(), value);
        }
    }
    if dice.one_in(5) {
        host.reported.vcpus_used = Some(dice.up_to(40));
        host.reported.free_ram_mb = Some(dice.of(&[-512, 0, 1024, 60_000]));
        host.reported.free_disk_mb = Some(dice.of(&[-1024, 0, 51_200]));
    }
    host
}

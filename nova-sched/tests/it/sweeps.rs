//! Whether every filter says the same of one host and of all hosts at once.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use nova_core::id::ServerId;
use nova_core::model::{
    HypervisorInfo, ImageProperties, Inventory, ResourceClass, Resources, ServerGroupPolicy,
    ServerGroupRules,
};
use nova_sched::{
    Candidates, Config, Destination, Fleet, GroupRequest, HostAggregate, HostState, Liveness,
    PlacedServer, PlacementRequest, Registry, RequestImage, ServerShape, SupportedInstance,
};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::fixtures::{name, size};

const HOSTS: usize = 12;

fn server(number: usize) -> ServerId {
    format!("00000000-0000-4000-8000-{number:012}")
        .parse()
        .unwrap()
}

fn aggregate(number: usize) -> nova_core::id::AggregateId {
    format!("00000000-0000-4000-9000-{number:012}")
        .parse()
        .unwrap()
}

prop_compose! {
    fn host()(
        amounts in prop::array::uniform3((0_u64..40, 0_u64..40)),
        place in (0_usize..3, 0_usize..3, 0_usize..3, 0_usize..8),
        kind in 0_usize..4,
        stats in subsequence(vec![("io_workload", "9"), ("gpu", "4"), ("gpu", "many"), ("note", "{\"a\": 1}")], 0..3),
        metrics in subsequence(vec!["cpu.percent", "cpu.frequency"], 0..3),
        traits in subsequence(vec!["CUSTOM_A", "CUSTOM_B"], 0..3),
    ) -> HostState {
        let (zone, cell, address, state) = place;
        let mut host = HostState::new(name("unnamed"), ["az1", "az2", "az3"][zone].parse().unwrap());
        let classes = [ResourceClass::Vcpu, ResourceClass::MemoryMb, ResourceClass::DiskGb];
        for (class, (total, used)) in classes.into_iter().zip(amounts) {
            if total > 0 {
                host = host
                    .with_inventory(class.clone(), Inventory::new(total, 0, 1.5).unwrap())
                    .with_used(class, used);
            }
        }
        if cell > 0 {
            host = host.with_cell(["c1", "c2"][cell - 1].parse().unwrap());
        }
        let addresses: [Option<IpAddr>; 3] =
            [None, Some([10, 0, 0, 7].into()), Some([10, 0, 1, 7].into())];
        host.host_ip = addresses[address];
        if kind > 0 {
            host = host
                .with_hypervisor(HypervisorInfo::new("QEMU", [0, 8_002_002, 1000][kind - 1], "x86_64"))
                .with_supported_instance(SupportedInstance::new(["x86_64", "aarch64", "x86_64"][kind - 1], "kvm", "hvm"))
                .with_capability("cpu_info", ["{\"vendor\": \"Intel\", \"maxphysaddr\": {\"bits\": 46}}", "not json", "{}"][kind - 1]);
        }
        let stats: BTreeMap<String, String> =
            stats.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        host = host.with_stats(stats);
        for metric in metrics {
            host = host.with_metric(metric, 1.0);
        }
        for name in traits {
            host = host.with_trait(name.parse().unwrap());
        }
        match state {
            0 => host.with_disabled("maintenance"),
            1 => host.with_liveness(Liveness::Silent(Duration::from_secs(90))),
            _ => host,
        }
    }
}

prop_compose! {
    fn aggregates()(
        metadata in prop::collection::vec(prop::collection::vec(select(vec![
            ("filter_tenant_id", "p1, p2"),
            ("filter_tenant_id_more", "p3"),
            ("instance_type", "small,large"),
            ("instance_type", "huge"),
            ("max_io_ops_per_host", "3"),
            ("max_io_ops_per_host", " 1_0 "),
            ("max_io_ops_per_host", "x"),
            ("max_instances_per_host", "1"),
            ("max_instances_per_host", "-1"),
            ("ssd", "true,fast"),
            ("ssd", "5"),
            ("os_distro", "debian"),
            ("os_distro", "fedora, windows"),
            ("hw_pmu", "False"),
            ("cpu_allocation_ratio", "4.0"),
            ("ram_allocation_ratio", "0.5"),
            ("disk_allocation_ratio", "none"),
        ]), 0..4), 0..4),
        members in prop::collection::vec(subsequence((0..HOSTS).collect::<Vec<_>>(), 0..HOSTS), 4),
    ) -> Vec<HostAggregate> {
        metadata.into_iter().zip(members).enumerate().map(|(number, (metadata, members))| {
            let mut built = HostAggregate::new(aggregate(number), format!("a{number}"));
            for (key, value) in metadata {
                built = built.with_metadata(key, value);
            }
            for member in members {
                built = built.with_host(name(&format!("h{member}")));
            }
            built
        }).collect()
    }
}

prop_compose! {
    fn fleet()(
        mut hosts in prop::collection::vec(host(), 0..HOSTS),
        aggregates in aggregates(),
        servers in prop::collection::vec((0..HOSTS, 0_usize..3), 0..12),
        shared in prop::option::of(0..HOSTS),
    ) -> Fleet {
        for (number, host) in hosts.iter_mut().enumerate() {
            host.name = name(&format!("h{number}"));
        }
        for (number, (host, flavor)) in servers.into_iter().enumerate() {
            if let Some(host) = hosts.get_mut(host) {
                let mut shape = ServerShape::new(Resources::new());
                if flavor > 0 {
                    shape = shape.with_flavor(["small", "large"][flavor - 1]);
                }
                host.placed.push(PlacedServer::new(server(number), shape));
            }
        }
        // Two nodes of one service.
        if let Some(host) = shared.and_then(|place| hosts.get_mut(place)) {
            host.service_host = Some(name("h1"));
        }
        Fleet::builder().hosts(hosts).aggregates(aggregates).build()
    }
}

fn hints() -> impl Strategy<Value = (&'static str, Vec<String>)> {
    let texts = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let queries = [
        "[\">=\", \"$free_ram_mb\", 8]",
        "[\"=\", \"$stats.gpu\", \"4\"]",
        "[\"=\", \"$cpu_info.vendor\", \"Intel\"]",
        "[\"or\", [\"not\", [\"in\", \"$hypervisor_type\", \"QEMU\"]], \"$host_ip\"]",
        "[\"not\", [\"=\", \"$service.disabled\", true], [\"<\", \"$vcpus_total\", 9]]",
        "[\"<\", \"$free_ram_mb\", \"text\"]",
        "[\"nand\", 1, 2]",
        "[",
        "[]",
        "7",
    ];
    let queries = queries.map(|query| ("query", texts(&[query])));
    let (one, two) = (server(1).to_string(), server(2).to_string());
    let mut all = vec![
        ("same_host", vec![one.clone(), two.clone()]),
        ("same_host", vec![String::new()]),
        ("different_host", vec![one, two]),
        ("different_host", texts(&["nobody"])),
        ("build_near_host_ip", texts(&["10.0.0.1"])),
        ("build_near_host_ip", texts(&["nowhere"])),
        ("cidr", texts(&["/23"])),
    ];
    all.extend(queries);
    select(all)
}

fn extra_specs() -> impl Strategy<Value = (&'static str, &'static str)> {
    select(vec![
        ("capabilities:free_ram_mb", ">= 8"),
        ("capabilities:cpu_info:vendor", "s== Intel"),
        ("capabilities:cpu_info:maxphysaddr:bits", "<or> 46"),
        ("capabilities:gpu", ">= 4"),
        ("capabilities:stats:gpu", "4"),
        ("capabilities:note:a", "1"),
        ("capabilities:supported_instances", "<in> kvm"),
        ("capabilities:host", "s>= h5"),
        ("gpu", "s== 4"),
        ("ssd", "<or> true <or> 7"),
        ("ssd", ">= 3"),
        ("aggregate_instance_extra_specs:ssd", "fast"),
        ("hw:maxphysaddr_bits", "40"),
        ("trait:CUSTOM_A", "required"),
        ("trait1:CUSTOM_B", "forbidden"),
        ("trait:none", "required"),
        ("resources:VCPU", "3"),
        ("resources1:CUSTOM_X", "1"),
        ("resources2:VCPU", "1"),
        ("group_policy", "none"),
        ("group_policy", "isolate"),
    ])
}

fn group() -> impl Strategy<Value = GroupRequest> {
    let policy = select(ServerGroupPolicy::ALL.to_vec());
    let members = prop::collection::btree_set(0_usize..16, 0..8);
    let places = prop::collection::vec((0_usize..16, 0..HOSTS), 0..4);
    (policy, members, places, 1_u32..3).prop_map(|(policy, members, places, most)| {
        let most = (policy == ServerGroupPolicy::AntiAffinity).then(|| most.try_into().unwrap());
        let mut group = GroupRequest::new(ServerGroupRules::new(policy, most).unwrap());
        for member in members {
            group = group.with_member(server(member));
        }
        for (member, place) in places {
            group = group.with_member_on(server(member), name(&format!("h{place}")));
        }
        group
    })
}

fn image() -> impl Strategy<Value = RequestImage> {
    let properties = subsequence(
        vec![
            ("architecture", "amd64"),
            ("hw_vm_mode", "hvm"),
            ("img_hv_type", "KVM"),
            ("img_hv_requested_version", ">=6.0"),
            ("hw_maxphysaddr_bits", "42"),
            ("os_distro", "debian"),
            ("hw_pmu", "yes"),
            ("trait:CUSTOM_B", "required"),
        ],
        0..6,
    );
    (properties, any::<bool>()).prop_map(|(properties, isolated)| {
        let properties = properties
            .into_iter()
            .fold(ImageProperties::default(), |all, (key, value)| {
                all.with(key, value).unwrap()
            });
        let id = isolated.then(|| ISOLATED.parse().unwrap());
        RequestImage::new(id, &properties)
    })
}

const ISOLATED: &str = "00000000-0000-4000-a000-000000000001";

prop_compose! {
    fn request()(
        resources in (0_u64..12, 0_u64..30, 0_u64..20),
        specs in prop::collection::vec(extra_specs(), 0..4),
        hints in prop::collection::vec(hints(), 0..3),
        group in prop::option::of(group()),
        image in prop::option::of(image()),
        project in prop::option::of(select(vec!["p1", "p3", "p9"])),
        flavor in prop::option::of(select(vec!["small", "huge"])),
        own in prop::option::of(0_usize..12),
        aggregates in prop::collection::vec(prop::collection::btree_set(0_usize..5, 0..3), 0..3),
        excluded in prop::option::of(0_usize..4),
        place in (0_usize..8, 0_usize..8, any::<bool>()),
    ) -> PlacementRequest {
        let (vcpus, memory, disk) = resources;
        let mut request = PlacementRequest::new(size(vcpus, memory, disk));
        for (key, value) in specs {
            request = request.with_extra_spec(key, value);
        }
        for (name, values) in hints {
            request = request.with_hint(name, values);
        }
        if let Some(group) = group {
            request = request.with_group(group);
        }
        if let Some(image) = image {
            request = request.with_image(image);
        }
        if let Some(project) = project {
            request = request.with_project(project.parse().unwrap());
        }
        if let Some(flavor) = flavor {
            request = request.with_flavor(flavor);
        }
        request = request.with_servers(own.map(server));
        for any in aggregates {
            request = request.with_member_of(any.into_iter().map(aggregate));
        }
        if let Some(excluded) = excluded {
            request = request.with_not_member_of(aggregate(excluded));
        }
        let (tree, cell, cross) = place;
        if tree == 0 {
            request = request.with_in_tree(name("h3"));
        }
        if cell < 3 {
            let cell = ["c1", "c2", "c9"][cell].parse().unwrap();
            request = request.with_destination(Destination::cell(cell).with_cross_cell_move(cross));
        }
        request
    }
}

/// With settings under which every filter has something to say.
fn config() -> Config {
    serde_json::from_value(serde_json::json!({
        "filter_scheduler": {
            "max_io_ops_per_host": 5,
            "max_instances_per_host": 2,
            "isolated_images": [ISOLATED],
            "isolated_hosts": ["h0", "h1", "nowhere"],
            "image_properties_default_architecture": "x86_64",
        },
        "metrics": { "weight_setting": ["cpu.percent=1"] },
    }))
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_filter_sweeps_as_it_checks(
        fleet in fleet(),
        request in request(),
        out in prop::collection::btree_set(0..HOSTS, 0..4),
        plain: bool,
    ) {
        let registry = Registry::nova();
        let config = if plain { Config::default() } else { config() };
        let mut candidates = Candidates::all(fleet.len());
        for place in out {
            if let Some(host) = fleet.find(&name(&format!("h{place}"))) {
                candidates.remove(host.index());
            }
        }
        for name in registry.filters() {
            let filter = registry.filter(name, &config).unwrap();
            let mut swept = candidates.clone();
            filter.sweep(&request, &fleet, &mut swept);
            let mut checked = candidates.clone();
            checked.retain(|host| filter.check(&request, &fleet.host(host)).is_pass());
            prop_assert_eq!(swept, checked, "{}", name);
        }
    }
}

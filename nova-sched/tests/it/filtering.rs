//! Each filter: whom it passes, and what it says of the others.

use std::time::Duration;

use nova_core::model::{HypervisorInfo, Inventory, ResourceClass};
use nova_sched::filters::{
    AvailabilityZoneFilter, ComputeCapabilitiesFilter, ComputeFilter, CoreFilter, DiskFilter,
    RamFilter, ResourceFilter,
};
use nova_sched::{Filter, HostState, Liveness, PlacementRequest, Reason, Verdict};

use crate::fixtures::{class, fleet, host, request, size};

fn check(filter: &dyn Filter, request: &PlacementRequest, host: HostState) -> Verdict {
    let fleet = fleet([host]);
    let verdict = fleet
        .hosts()
        .map(|host| filter.check(request, &host))
        .next()
        .unwrap();
    let mut candidates = nova_sched::Candidates::all(1);
    filter.sweep(request, &fleet, &mut candidates);
    assert_eq!(
        verdict.is_pass(),
        candidates.len() == 1,
        "{} disagrees with itself",
        filter.name()
    );
    verdict
}

#[test]
fn compute_filter_wants_hosts_in_service() {
    let check = |host| check(&ComputeFilter, &request(1), host);
    assert_eq!(check(host("a", 1024)), Verdict::Pass);
    assert_eq!(
        check(host("a", 1024).with_disabled("disk replaced")),
        Verdict::Reject(Reason::HostDisabled {
            reason: "disk replaced".into()
        })
    );
    assert_eq!(
        check(host("a", 1024).with_liveness(Liveness::ForcedDown)),
        Verdict::Reject(Reason::HostDown { silent_for: None })
    );
    let silence = Duration::from_secs(61);
    assert_eq!(
        check(host("a", 1024).with_liveness(Liveness::Silent(silence))),
        Verdict::Reject(Reason::HostDown {
            silent_for: Some(silence)
        })
    );
}

#[test]
fn availability_zone_filter_wants_the_zone() {
    let check = |request| check(&AvailabilityZoneFilter, &request, host("a", 1024));
    assert_eq!(check(request(1)), Verdict::Pass);
    assert_eq!(
        check(request(1).with_zone("az1".parse().unwrap())),
        Verdict::Pass
    );
    assert_eq!(
        check(request(1).with_zone("az2".parse().unwrap())),
        Verdict::Reject(Reason::WrongZone {
            wanted: "az2".parse().unwrap(),
            actual: "az1".parse().unwrap()
        })
    );
}

#[test]
fn capacity_filters_count_ratio_reserve_and_claims() {
    let vcpu = Inventory::new(4, 1, 2.5).unwrap(); // ⌊3 × 2.5⌋ = 7
    let node = |used| {
        host("a", 1024)
            .with_inventory(ResourceClass::Vcpu, vcpu)
            .with_used(ResourceClass::Vcpu, used)
    };
    let ask = |vcpus| PlacementRequest::new(size(vcpus, 1, 1));
    assert_eq!(check(&CoreFilter, &ask(4), node(3)), Verdict::Pass);
    assert_eq!(
        check(&CoreFilter, &ask(4), node(4)),
        Verdict::Reject(Reason::InsufficientResource {
            class: ResourceClass::Vcpu,
            wanted: 4,
            free: 3,
            capacity: 7
        })
    );
    // Seven are free, but no single server gets more processors than there are.
    assert_eq!(
        check(&CoreFilter, &ask(5), node(0)),
        Verdict::Reject(Reason::AboveMaxUnit {
            class: ResourceClass::Vcpu,
            wanted: 5,
            max_unit: 4,
            free: 7,
            capacity: 7,
        })
    );
    // What is not asked for is not missed, even on a host that is over-full.
    assert_eq!(check(&CoreFilter, &ask(0), node(99)), Verdict::Pass);
    assert_eq!(
        check(&RamFilter, &request(1024), host("a", 1024)),
        Verdict::Pass
    );
    assert!(!check(&RamFilter, &request(1025), host("a", 1024)).is_pass());
    assert_eq!(
        check(
            &DiskFilter,
            &PlacementRequest::new(size(1, 1, 500)),
            host("a", 1)
        ),
        Verdict::Pass
    );
    assert!(
        !check(
            &DiskFilter,
            &PlacementRequest::new(size(1, 1, 501)),
            host("a", 1)
        )
        .is_pass()
    );
    // Numbers at the edge do not wrap around.
    assert!(!check(&RamFilter, &request(u64::MAX), host("a", 1024)).is_pass());
    let brim = host("a", 1024).with_used(ResourceClass::MemoryMb, u64::MAX);
    assert!(!check(&RamFilter, &request(1), brim).is_pass());
}

#[test]
fn resource_filter_leaves_no_class_unasked() {
    let gpu = class("CUSTOM_GPU");
    let ask = |amount| request(1).with_resource(gpu.clone(), amount);
    let without = Reason::InsufficientResource {
        class: gpu.clone(),
        wanted: 1,
        free: 0,
        capacity: 0,
    };
    assert_eq!(
        check(&ResourceFilter, &ask(1), host("a", 1)),
        Verdict::Reject(without)
    );
    let node = host("a", 1).with_inventory(gpu.clone(), Inventory::new(2, 0, 1.0).unwrap());
    assert_eq!(check(&ResourceFilter, &ask(2), node.clone()), Verdict::Pass);
    assert!(!check(&ResourceFilter, &ask(2), node.with_used(gpu.clone(), 1)).is_pass());
    // The three classes with filters of their own are left to those.
    assert_eq!(
        check(&ResourceFilter, &request(1 << 40), host("a", 1)),
        Verdict::Pass
    );
    let scheduler = nova_sched::Scheduler::default();
    assert!(
        !scheduler
            .plan(&fleet([host("a", 1024)]), &ask(1))
            .is_placed()
    );
}

#[test]
fn compute_capabilities_filter_follows_scopes() {
    let node = || {
        host("node-1", 4096)
            .with_hypervisor(HypervisorInfo::new("QEMU", 9_001_000, "x86_64"))
            .with_used(ResourceClass::MemoryMb, 1024)
            .with_capability("gpu", "4")
            .with_capability("cpu_info", r#"{"vendor": "Intel", "features": ["aes", "avx"], "topology": {"cores": 16}, "maxphysaddr": {"bits": 46}, "nx": true}"#)
    };
    let passes = |key: &str, value: &str| {
        let request = request(1).with_extra_spec(key, value);
        check(&ComputeCapabilitiesFilter, &request, node()).is_pass()
    };
    for (key, value, passed) in [
        ("capabilities:hypervisor_type", "QEMU", true),
        ("capabilities:hypervisor_type", "qemu", false),
        ("capabilities:hypervisor_version", ">= 9000000", true),
        ("capabilities:free_ram_mb", "== 3072", true),
        ("capabilities:total_usable_ram_mb", "4096", true),
        ("capabilities:free_disk_mb", "== 512000", true),
        ("capabilities:vcpus_total", "16", true),
        ("capabilities:cpu_allocation_ratio", "4.0", true),
        ("capabilities:host", "node-1", true),
        ("capabilities:gpu", ">= 4", true),
        ("capabilities:stats:gpu", "4", true),
        ("capabilities:gpu:deeper", "4", false),
        ("capabilities:cpu_info:vendor", "<or> AMD <or> Intel", true),
        ("capabilities:cpu_info:features", "<in> 'avx'", true),
        ("capabilities:cpu_info:features", "['aes', 'avx']", true),
        ("capabilities:cpu_info:topology:cores", ">= 16", true),
        ("capabilities:cpu_info:nx", "True", true),
        ("capabilities:cpu_info:nx", "true", false),
        ("capabilities:cpu_info:missing", "s!= x", false),
        ("capabilities:missing", "s!= x", false),
        // Without a scope, only what the host has counts.
        ("gpu", "4", true),
        ("gpu", "5", false),
        ("missing", "whatever", true),
        ("metrics", "whatever", false),
        ("hw:maxphysaddr_bits", "46", true),
        ("hw:maxphysaddr_bits", "47", false),
        ("hw:cpu_policy", "dedicated", true),
    ] {
        assert_eq!(passes(key, value), passed, "{key} = {value}");
    }
    let mismatch = |key: &str, wanted: &str, actual: Option<&str>| {
        Verdict::Reject(Reason::CapabilityMismatch {
            key: key.into(),
            wanted: wanted.into(),
            actual: actual.map(str::to_owned),
        })
    };
    let ask = |key: &str, value: &str| {
        check(
            &ComputeCapabilitiesFilter,
            &request(1).with_extra_spec(key, value),
            node(),
        )
    };
    assert_eq!(ask("gpu", ">= 5"), mismatch("gpu", ">= 5", Some("4")));
    assert_eq!(
        ask("capabilities:fpga", ">= 1"),
        mismatch("capabilities:fpga", ">= 1", None)
    );
    assert_eq!(
        ask("gpu", "== four"),
        Verdict::Reject(Reason::Malformed {
            key: "gpu".into(),
            wanted: "== four".into(),
            problem: "`four` is not a number".into()
        })
    );
}

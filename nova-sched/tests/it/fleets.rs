//! Snapshots and their edits.

use std::time::Duration;

use nova_core::Timestamp;
use nova_core::model::{
    Generation, Host, HostReport, HostUsage, HypervisorInfo, Inventory, ResourceClass, Resources,
    ServiceStatus,
};
use nova_sched::{Detail, Error, Fleet, HostState, Liveness, PlanOptions, Scheduler};

use crate::fixtures::{class, fleet, host, name, request, size};

fn states(fleet: &Fleet) -> Vec<HostState> {
    fleet.hosts().map(|host| host.to_state()).collect()
}

#[test]
fn a_fleet_gives_back_what_was_put_in() {
    let gpu = class("CUSTOM_GPU");
    let hosts = [
        host("a", 1024).with_used(ResourceClass::Vcpu, 3),
        host("b", 2048)
            .with_inventory(gpu.clone(), Inventory::new(4, 1, 1.0).unwrap())
            .with_used(gpu, 2)
            .with_capability("ssd", "true")
            .with_disabled(""),
        HostState::new(name("c"), "az2".parse().unwrap()),
    ];
    let fleet = fleet(hosts.clone());
    assert_eq!(states(&fleet), hosts);
    let zones: Vec<&str> = fleet.hosts().map(|host| host.zone().as_str()).collect();
    assert_eq!(zones, ["az1", "az1", "az2"]);
}

#[test]
fn edits_leave_the_original_alone_and_count_generations() {
    let one = fleet([host("a", 1024), host("b", 2048), host("c", 4096)]);
    let before = states(&one);
    let claimed = one.with_claim(&name("b"), &size(2, 512, 10)).unwrap();
    assert_eq!(claimed.generation(), 1);
    let view = claimed.find(&name("b")).unwrap();
    assert_eq!(view.amounts(&ResourceClass::MemoryMb).free(), 1536);
    assert_eq!(view.servers(), 1);

    let released = claimed.with_release(&name("b"), &size(2, 512, 10)).unwrap();
    assert_eq!(states(&released), before);
    assert_eq!(released.generation(), 2);
    // A release too many does not go below zero.
    let again = released
        .with_release(&name("b"), &size(2, 512, 10))
        .unwrap();
    assert_eq!(states(&again), before);

    let without = one.without_host(&name("b"));
    assert_eq!(states(&without), [before[0].clone(), before[2].clone()]);
    assert_eq!(without.index_of(&name("c")).unwrap().get(), 1);
    assert!(without.find(&name("b")).is_none());
    let back = without.with_host(host("b", 2048));
    assert_eq!(
        states(&back),
        [before[0].clone(), before[2].clone(), before[1].clone()]
    );

    let replaced = one.with_host(host("b", 9000).with_disabled("x"));
    assert_eq!(replaced.index_of(&name("b")).unwrap().get(), 1);
    assert_eq!(states(&replaced)[1], host("b", 9000).with_disabled("x"));

    let claim = Resources::new().with(class("CUSTOM_NEW"), 3);
    let odd = one.with_claim(&name("a"), &claim).unwrap();
    assert_eq!(
        odd.find(&name("a"))
            .unwrap()
            .amounts(&class("CUSTOM_NEW"))
            .used,
        3
    );

    assert_eq!(states(&one), before);
    assert_eq!(one.generation(), 0);
    assert!(matches!(
        one.with_claim(&name("x"), &claim),
        Err(Error::UnknownHost { host }) if host == name("x")
    ));
}

#[test]
fn hosts_survive_serialisation() {
    let host = host("a", 1024)
        .with_used(ResourceClass::Vcpu, 3)
        .with_disabled("why");
    let json = serde_json::to_string(&host).unwrap();
    assert_eq!(serde_json::from_str::<HostState>(&json).unwrap(), host);
}

#[test]
fn a_host_is_down_if_its_last_report_is_far_from_now_in_either_direction() {
    let seconds = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    let seen = |at: i64, forced_down: bool| {
        let hypervisor = HypervisorInfo::new("mock", 1, "x86_64");
        let report = HostReport::new(name("a"), "az1".parse().unwrap(), hypervisor);
        let service = ServiceStatus::enabled().force_down(forced_down);
        let host = Host::new(report, seconds(0))
            .with_last_seen(seconds(at))
            .with_service(service, Generation::FIRST);
        let usage = HostUsage {
            host,
            used: Resources::new(),
            servers: 0,
        };
        let fleet = Fleet::from_usages([usage], seconds(1000), Host::DEFAULT_DOWN_AFTER);
        fleet.find(&name("a")).unwrap().liveness()
    };
    assert_eq!(seen(940, false), Liveness::Up);
    assert_eq!(seen(1060, false), Liveness::Up);
    assert_eq!(seen(939, false), Liveness::Silent(Duration::from_secs(61)));
    assert_eq!(seen(1061, false), Liveness::Silent(Duration::from_secs(61)));
    assert_eq!(seen(1000, true), Liveness::ForcedDown);
}

#[test]
fn a_first_host_that_changes_its_cell_is_no_alternate_of_hosts_in_others() {
    let host = |name: &str, memory, cell: &str| host(name, memory).with_cell(cell.parse().unwrap());
    let hosts = |first: &str| {
        [
            host("a", 15_500, first),
            host("b", 16_000, "c1"),
            host("c", 14_000, "c1"),
            host("d", 13_000, "c1"),
            host("e", 12_000, "c1"),
        ]
    };
    let built = fleet(hosts("c2"));
    let edited = fleet(hosts("c1")).with_host(host("a", 15_500, "c2"));
    let asked = request(1024).with_alternates(2);
    let options = PlanOptions::default().with_detail(Detail::Off);
    for scheduler in [Scheduler::default(), Scheduler::builder().build()] {
        let plan = |fleet: &Fleet| scheduler.plan_with(fleet, &asked, &options);
        assert_eq!(plan(&built).placements(), plan(&edited).placements());
    }
    let alternates = Scheduler::default().plan(&edited, &asked).placements()[0]
        .alternates
        .clone();
    assert_eq!(alternates, [name("c"), name("d")]);
    // A fleet of one host has one cell, whichever it is.
    let alone = fleet([host("a", 15_500, "c1")]).with_host(host("a", 15_500, "c2"));
    let grown = alone.with_host(host("b", 16_000, "c2"));
    let plan = Scheduler::default().plan(&grown, &asked);
    assert_eq!(plan.placements()[0].alternates, [name("a")]);
}

#[test]
fn classes_that_nobody_offers_or_claims_are_forgotten() {
    let classes: Vec<ResourceClass> = (0..200).map(|n| class(&format!("CUSTOM_C{n}"))).collect();
    let a = name("a");
    let one = |class: &ResourceClass, amount| Resources::new().with(class.clone(), amount);
    let mut known = fleet([host("a", 1024), host("b", 1024)]);
    for class in &classes {
        known.claim(&a, &one(class, 2)).unwrap();
    }
    assert_eq!(known.other_classes().count(), 200);
    for class in &classes {
        known.release(&a, &one(class, 1)).unwrap();
        assert!(known.resource(class).is_some());
        known.release(&a, &one(class, 1)).unwrap();
        assert!(known.resource(class).is_none());
    }
    // What was never claimed is not remembered either.
    known.release(&a, &one(&classes[0], 1)).unwrap();
    assert_eq!(known.other_classes().count(), 0);

    // An inventory keeps a class, even one of no units, until no report has it.
    let none = Inventory::new(0, 0, 1.0).unwrap();
    let gpu = class("CUSTOM_GPU");
    known.set_host(host("b", 1024).with_inventory(gpu.clone(), none));
    known.claim(&a, &one(&gpu, 1)).unwrap();
    known.set_host(host("b", 1024));
    assert!(known.resource(&gpu).is_some());
    known.remove_host(&a);
    assert_eq!(known.other_classes().count(), 0);
}

//! The replay: what it counts, what it checks, what it draws.

use std::time::Duration;

use nova_core::model::{Inventory, ResourceClass};
use nova_sched::filters::{
    CoreFilter, NUMATopologyFilter, RamFilter, ServerGroupAffinityFilter,
    ServerGroupAntiAffinityFilter,
};
use nova_sched::numa::{CpuSet, NumaCell, NumaTopology};
use nova_sched::replay::{
    Comparison, FaultDomainFilter, HuaweiNuma, Observer, Progress, Replay, Report, Trace,
    Violation, read_csv, sample, svg,
};
use nova_sched::weighers::{CPUWeigher, RAMWeigher};
use nova_sched::{Fleet, HostState, Reason, Scheduler};

fn trace(rows: &str) -> Trace {
    let header = "arrives,lifetime,vcpus,memory_mib,group,policy,fault_domain";
    read_csv("test", format!("{header}\n{rows}").as_bytes()).unwrap()
}

fn host(number: usize, vcpus: u64, memory: u64) -> HostState {
    HostState::new(
        format!("node-{number}").parse().unwrap(),
        "az1".parse().unwrap(),
    )
    .with_inventory(ResourceClass::Vcpu, Inventory::new(vcpus, 0, 1.0).unwrap())
    .with_inventory(
        ResourceClass::MemoryMb,
        Inventory::new(memory, 0, 1.0).unwrap(),
    )
}

fn fleet(hosts: usize) -> Fleet {
    Fleet::builder()
        .hosts((1..=hosts).map(|number| host(number, 8, 8192)))
        .build()
}

/// CPU and RAM only, with this multiplier.
fn scheduler(multiplier: f64) -> Scheduler {
    Scheduler::builder()
        .filter(CoreFilter)
        .filter(RamFilter)
        .filter(FaultDomainFilter)
        .weigher(CPUWeigher::new(multiplier))
        .weigher(RAMWeigher::new(multiplier))
        .build()
}

/// The same that minds NUMA cells.
fn numa_scheduler(multiplier: f64) -> Scheduler {
    Scheduler::builder()
        .filter(CoreFilter)
        .filter(RamFilter)
        .filter(NUMATopologyFilter::default())
        .filter(ServerGroupAffinityFilter)
        .filter(ServerGroupAntiAffinityFilter)
        .filter(FaultDomainFilter)
        .weigher(CPUWeigher::new(multiplier))
        .weigher(RAMWeigher::new(multiplier))
        .build()
}

#[track_caller]
fn assert_close(left: f64, right: f64) {
    assert!((left - right).abs() < 1e-9, "{left} is not {right}");
}

#[test]
fn figures_by_hand() {
    // One server of half a host for 100 s, one of a whole host from 50 s on, then one that finds
    // no room, and at 200 s one that does.
    let trace = trace("0,100,4,1024,,,\n50,,8,8192,,,\n50,,6,1024,,,\n200,,4,4096,,,\n");
    let report = Replay::new(&trace, fleet(2))
        .with_samples(4)
        .run("spread", &scheduler(1.0));
    assert_eq!((report.arrived, report.placed, report.refused), (4, 3, 1));
    // Four processors are free altogether, not six.
    assert_eq!(report.fragmented, 0);
    assert_eq!(report.span, Duration::from_secs(200));
    let vcpus: Vec<f64> = report
        .samples
        .iter()
        .map(|s| s.occupancy.vcpus * 16.0)
        .collect();
    assert_eq!(vcpus, [4.0, 12.0, 8.0, 8.0, 12.0]);
    assert_close(
        report.mean.vcpus,
        (4.0 * 50.0 + 12.0 * 50.0 + 8.0 * 100.0) / 200.0 / 16.0,
    );
    assert_close(report.mean.empty_hosts, 0.75);
    assert_close(report.peak.vcpus, 0.75);
    assert_close(report.peak.density, 0.75);
    assert_close(report.end.memory, (8192.0 + 4096.0) / 16_384.0);
    assert_close(report.end.servers, 2.0);
    assert_eq!(
        report.heat_map.columns,
        [[50, 0], [50, 100], [0, 100], [0, 100], [50, 100]]
    );
    assert_eq!(
        report.invariants.as_ref().map(|i| (i.checked, i.broken)),
        Some((3, 0))
    );
    let [refused] = report.refusals.as_slice() else {
        panic!("{:?}", report.refusals);
    };
    assert_eq!(
        (refused.filter.as_str(), refused.servers),
        ("CoreFilter", 1)
    );
    let Some(Reason::InsufficientResource { class, wanted, .. }) = &refused.reason else {
        panic!("{refused:?}");
    };
    assert_eq!((class, *wanted), (&ResourceClass::Vcpu, 6));
}

#[test]
fn what_is_stranded_is_free_where_no_flavor_fits() {
    // The smaller flavor needs 2 processors: with 7 of 8 claimed nothing fits any more.
    let trace = trace("0,,7,1024,,,\n1,,2,1024,,,\n");
    let report = Replay::new(&trace, fleet(2)).run("spread", &scheduler(1.0));
    assert_close(report.end.stranded_vcpus, 1.0 / 16.0);
    assert_close(report.end.stranded_memory, 7168.0 / 16_384.0);
}

#[test]
fn room_in_pieces_is_counted_as_fragmented() {
    let trace = trace("0,,5,1024,,,\n0,,5,1024,,,\n1,,4,1024,,,\n");
    let report = Replay::new(&trace, fleet(2)).run("spread", &scheduler(1.0));
    assert_eq!((report.refused, report.fragmented), (1, 1));
}

#[test]
fn servers_leave_before_the_next_instant_and_not_within_their_own() {
    let trace = trace("0,0,8,1024,,,\n0,10,8,1024,,,\n10,,8,1024,,,\n10,,8,1024,,,\n");
    let one = Replay::new(&trace, fleet(1)).run("one", &scheduler(1.0));
    // The first is there through instant 0 and keeps the second out; at 10 it is gone.
    assert_eq!((one.placed, one.refused), (2, 2));
}

#[test]
fn the_fleet_may_begin_with_servers_of_its_own() {
    let mut begun = host(1, 8, 8192).with_used(ResourceClass::Vcpu, 6);
    begun.servers = 3;
    let fleet = Fleet::builder().host(begun).host(host(2, 8, 8192)).build();
    let trace = trace("0,5,4,1024,,,\n10,,1,1024,,,\n");
    let report = Replay::new(&trace, fleet).run("spread", &scheduler(1.0));
    assert_close(report.samples[0].occupancy.vcpus, 10.0 / 16.0);
    assert_close(report.end.servers, 1.0);
    assert!(report.invariants.unwrap().hold());
}

#[test]
fn fault_domains_have_racks_of_their_own() {
    let rack = |number| {
        let rack = if number <= 2 { "r1" } else { "r2" };
        host(number, 8, 8192).with_capability(FaultDomainFilter::CAPABILITY, rack)
    };
    let fleet = Fleet::builder().hosts((1..=3).map(rack)).build();
    let rows = "0,,1,1,g,,0\n0,,1,1,g,,1\n0,,1,1,g,,0\n0,,1,1,g,,2\n0,,1,1,h,,7\n0,,1,1,,,\n";
    let trace = trace(rows);
    let replay = Replay::new(&trace, fleet);
    let report = replay.run("with the filter", &scheduler(1.0));
    // Two racks have room for two of the three domains.
    assert_eq!((report.placed, report.refused), (5, 1));
    assert!(report.invariants.unwrap().hold());
    assert_eq!(report.refusals[0].filter, "FaultDomainFilter");

    let without = Scheduler::builder()
        .filter(CoreFilter)
        .weigher(CPUWeigher::new(1.0))
        .build();
    let report = replay.run("without", &without);
    let invariants = report.invariants.unwrap();
    assert!(matches!(
        invariants.violations.first(),
        Some(Violation::FaultDomain { group, .. }) if group == "g"
    ));
}

/// The first hosts and requests of Huawei's second set.
fn huawei() -> (Trace, Fleet) {
    let hosts = include_bytes!("../../data/huawei-numa-sample/PM_res.csv");
    let racks = include_bytes!("../../data/huawei-numa-sample/topology_provider.csv");
    let trace = include_bytes!("../../data/huawei-numa-sample/VM_data_C2.csv");
    let racks = HuaweiNuma::racks(&racks[..]).unwrap();
    let servers = HuaweiNuma::hosts(&hosts[..]).unwrap();
    let hosts = servers
        .iter()
        .zip(racks)
        .enumerate()
        .map(|(number, (server, rack))| {
            let name = format!("node-{number}").parse().unwrap();
            let host = server.to_host(name, "az1".parse().unwrap()).unwrap();
            host.with_capability(FaultDomainFilter::CAPABILITY, rack)
        });
    (
        HuaweiNuma::trace("C2", &trace[..]).unwrap(),
        Fleet::builder().hosts(hosts).build(),
    )
}

#[test]
fn no_numa_cell_is_over_filled() {
    let (trace, fleet) = huawei();
    let replay = Replay::new(&trace, fleet);
    for multiplier in [1.0, -1.0] {
        let scheduler = numa_scheduler(multiplier);
        let report = replay.run("with the filter", &scheduler);
        let invariants = report.invariants.unwrap();
        assert!(invariants.hold(), "{:?}", invariants.violations);
        assert_eq!(invariants.checked, report.placed);
        assert!(report.placed > 250, "{}", report.placed);
        assert!(report.refused > 0, "there is less room than is asked for");
    }
    // Without the filters hosts are filled whose cells are too small, and groups are torn apart;
    // both are noticed.
    let report = replay.run("without", &scheduler(1.0));
    let broken = report.invariants.unwrap().violations;
    let has = |kind: fn(&Violation) -> bool| broken.iter().any(kind);
    assert!(has(|broken| matches!(
        broken,
        Violation::NoNumaCells { .. }
    )));
    assert!(has(|broken| matches!(broken, Violation::GroupRules { .. })));
}

#[test]
fn groups_keep_together_and_apart_as_their_members_come_and_go() {
    let rows = "0,10,1,1,near,affinity,\n0,10,1,1,far,anti-affinity,\n1,,1,1,near,affinity,\n\
        1,,1,1,far,anti-affinity,\n1,,1,1,far,anti-affinity,\n11,,1,1,far,anti-affinity,\n\
        11,,1,1,near,affinity,\n";
    let trace = trace(rows);
    let report = Replay::new(&trace, fleet(2)).run("both", &numa_scheduler(1.0));
    // The third of those apart finds no host of two; when the first is gone, another may come.
    assert_eq!((report.placed, report.refused), (6, 1));
    assert_eq!(report.refusals[0].filter, "ServerGroupAntiAffinityFilter");
    assert!(report.invariants.unwrap().hold());
}

#[test]
fn a_group_that_must_stay_together_is_refused_by_what_its_own_host_lacks() {
    // The group is on one host, which has no processors left; the others are refused for not
    // being that host, which says nothing.
    let rows = "0,,4,1,near,affinity,\n1,,4,1,near,affinity,\n2,,1,1,near,affinity,\n";
    let report = Replay::new(&trace(rows), fleet(3)).run("near", &numa_scheduler(1.0));
    let [refused] = report.refusals.as_slice() else {
        panic!("{:?}", report.refusals);
    };
    assert_eq!(
        (refused.filter.as_str(), refused.servers),
        ("CoreFilter", 1)
    );
    let Some(Reason::InsufficientResource { free, .. }) = &refused.reason else {
        panic!("{refused:?}");
    };
    assert_eq!(*free, 0);
    // A group that is nowhere yet has no host of its own.
    let large = trace("0,,9,1,near,affinity,\n");
    let report = Replay::new(&large, fleet(2)).run("large", &numa_scheduler(1.0));
    assert_eq!(report.refusals[0].filter, "CoreFilter");
    // Where nobody keeps groups together, any host would have done.
    let rows = "0,,6,6000,near,affinity,\n1,,2,6000,near,affinity,\n1,,1,3000,near,affinity,\n";
    let report = Replay::new(&trace(rows), fleet(2)).run("apart", &scheduler(1.0));
    assert_eq!((report.placed, report.refused), (2, 1));
    assert_eq!(report.refusals[0].filter, "RamFilter");
}

#[test]
fn cells_are_given_back() {
    let rows = "0,10,8,1024,,,,2\n0,10,4,1024,,,,1\n5,,4,1024,,,,1\n20,,8,1024,,,,2\n";
    let header = "arrives,lifetime,vcpus,memory_mib,group,policy,fault_domain,numa_cells";
    let trace = read_csv("test", format!("{header}\n{rows}").as_bytes()).unwrap();
    let cell = |id: u16| {
        NumaCell::new(id.into(), 4096).with_cpuset((id * 6..id * 6 + 6).collect::<CpuSet>())
    };
    let topology = NumaTopology::new([cell(0), cell(1)]).unwrap();
    let host = host(1, 12, 8192).with_numa_topology(topology);
    let fleet = Fleet::builder().host(host).build();
    let report = Replay::new(&trace, fleet).run("one", &numa_scheduler(1.0));
    // Two processors are left in each cell until the first two have gone, and then all.
    assert_eq!((report.placed, report.refused), (2, 2));
    assert_eq!(report.refusals[0].filter, "NUMATopologyFilter");
    assert_eq!(report.fragmented, 2);
    assert!(report.invariants.unwrap().hold());
}

#[test]
fn a_scheduler_that_over_commits_is_found_out() {
    let trace = trace("0,,8,1024,,,\n0,,1,1024,,,\n");
    let reckless = Scheduler::builder().build();
    let replay = Replay::new(&trace, fleet(1));
    let report = replay.run("reckless", &reckless);
    let invariants = report.invariants.unwrap();
    assert_eq!((invariants.checked, invariants.broken), (2, 1));
    assert!(matches!(
        &invariants.violations[0],
        Violation::OverCommitted {
            class: ResourceClass::Vcpu,
            used: 9,
            capacity: 8,
            ..
        }
    ));
    let unchecked = replay.with_invariants(false).run("reckless", &reckless);
    assert_eq!(unchecked.invariants, None);
}

/// Policies differ in what they do with the sample as they do in the whole trace.
#[test]
fn packing_leaves_hosts_empty_and_spreading_does_not() {
    let trace = sample().unwrap();
    let hosts = (1..=130).map(|number| host(number, 64, 448 * 1024));
    let replay = Replay::new(&trace, Fleet::builder().hosts(hosts).build());
    let spread = replay.run("spread", &scheduler(1.0));
    let pack = replay.run("pack", &scheduler(-1.0));
    for report in [&spread, &pack] {
        assert_eq!(report.arrived, 4755);
        assert!(report.invariants.as_ref().unwrap().hold());
        assert_eq!(report.samples.len(), 201);
    }
    assert!(pack.refused <= spread.refused);
    assert!(pack.mean.empty_hosts > spread.mean.empty_hosts + 10.0);
    assert!(pack.mean.density > spread.mean.density);
    // The same again is the same.
    assert_eq!(pack, replay.run("pack", &scheduler(-1.0)));

    let picture = svg::picture(&[&spread, &pack]);
    let document: Vec<&str> = picture.matches("<polyline").collect();
    assert_eq!(document.len(), 6);
    assert!(!picture.contains("NaN"));
    assert_eq!(svg::heat_map(&pack).matches("<g ").count(), 1);
    assert!(svg::utilisation(&[&pack]).ends_with("</svg>\n"));
    assert!(svg::picture(&[]).ends_with("</svg>\n"));
}

#[test]
fn reports_stand_side_by_side() {
    let trace = trace("0,100,4,1024,,,\n50,,8,8192,,,\n50,,6,1024,,,\n200,,4,4096,,,\n");
    let replay = Replay::new(&trace, fleet(2));
    let reports = [
        replay.run("spread", &scheduler(1.0)),
        replay.run("pack", &scheduler(-1.0)),
    ];
    insta::assert_snapshot!(Comparison::of(&reports).to_string());
    let text = serde_json::to_string(&reports[0]).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), reports[0]);
}

#[test]
fn an_observer_is_told_and_lends_its_clock() {
    #[derive(Default)]
    struct Watch {
        now: u64,
        told: Vec<Progress>,
    }
    impl Observer for Watch {
        fn progress(&mut self, progress: &Progress) {
            self.told.push(*progress);
        }
        fn clock(&mut self) -> Option<Duration> {
            self.now += 1;
            Some(Duration::from_secs(self.now))
        }
    }
    let trace = trace("0,,4,1024,,,\n1,,4,1024,,,\n2,,4,1024,,,\n");
    let mut watch = Watch::default();
    let report = Replay::new(&trace, fleet(1)).run_with("one", &scheduler(1.0), &mut watch);
    let timing = report.timing.unwrap();
    assert_eq!((timing.decisions, timing.deciding.as_secs()), (3, 3));
    assert_eq!(timing.whole.as_secs(), 7);
    assert_close(timing.decisions_per_second(), 1.0);
    assert_eq!(watch.told.first().map(|told| told.arrived), Some(1));
    assert_eq!(
        watch.told.last().map(|told| (told.arrived, told.refused)),
        Some((3, 1))
    );
}

#[test]
fn a_replay_of_nothing_is_a_report_of_nothing() {
    let trace = Trace::builder("nothing").build();
    let report = Replay::new(&trace, Fleet::default()).run("none", &Scheduler::default());
    assert_eq!((report.arrived, report.samples.len()), (0, 1));
    assert_close(report.mean.vcpus, 0.0);
    assert_eq!(Comparison::of([&report]).rows[0].values, ["none"]);
}

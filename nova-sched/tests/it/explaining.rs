//! What explanations say.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nova_core::model::{Inventory, ResourceClass};
use nova_sched::{
    Change, Column, Filter, Fleet, HostState, HostView, PlacementRequest, Reason, Scheduler,
    Verdict,
};

use crate::fixtures::{class, fleet, host, name, request, size};

fn why(fleet: &Fleet, request: &PlacementRequest) -> String {
    Scheduler::default()
        .plan(fleet, request)
        .explain()
        .to_string()
}

fn changes(hosts: impl IntoIterator<Item = HostState>, request: &PlacementRequest) -> Vec<Change> {
    let plan = Scheduler::default().plan(&fleet(hosts), request);
    plan.explain().suggestion.as_ref().unwrap().changes.clone()
}

#[test]
fn a_placement_is_explained() {
    let fleet = fleet([
        host("rack1-a", 65_536).with_used(ResourceClass::MemoryMb, 40_000),
        host("rack1-b", 65_536)
            .with_used(ResourceClass::MemoryMb, 16_384)
            .with_used(ResourceClass::Vcpu, 60),
        host("rack2-a", 32_768).with_disabled("new firmware"),
        host("rack2-b", 2048),
    ]);
    insta::assert_snapshot!(why(&fleet, &request(4096)), @r#"
    1 server of 1 VCPU, 4096 MEMORY_MB, 10 DISK_GB: rack1-a (4 hosts considered, fleet generation 0).
    Alternates: rack1-b.

      filter         removed   left
      ComputeFilter        1      3  1× disabled: new firmware (rack2-a)
      RamFilter            1      2  1× MEMORY_MB: wanted 4096, free 2048 of 2048 (rack2-b)
      removed none: AvailabilityZoneFilter, CellFilter, InTreeFilter and 9 more

      weight (raw)  CPUWeigher     DiskWeigher     RAMWeigher      sum
      rack1-a       1.000 (64)  1.000 (512000)  0.520 (25536)    2.520
      rack1-b        0.062 (4)  1.000 (512000)  1.000 (49152)    2.062
      The other 10 weighers add nothing to these.
      CPUWeigher decided: without it rack1-b would be best.
    "#);
}

#[test]
fn a_refusal_is_explained() {
    let mut hosts: Vec<HostState> = (1..=5)
        .map(|number| {
            host(&format!("node-{number}"), 4096).with_used(ResourceClass::MemoryMb, number * 500)
        })
        .collect();
    hosts.push(host("node-6", 65_536).with_disabled("new firmware"));
    insta::assert_snapshot!(why(&fleet(hosts), &request(8192)), @r#"
    No valid host for 1 server of 1 VCPU, 8192 MEMORY_MB, 10 DISK_GB (6 hosts considered, fleet generation 0).

      filter         removed   left
      ComputeFilter        1      5  1× disabled: new firmware (node-6)
      RamFilter            5      0  5× MEMORY_MB: wanted 8192, free 1596..3596 (node-1, node-2, node-3 and 2 more)
      removed none: AvailabilityZoneFilter, CellFilter, InTreeFilter and 3 more
      not reached: DiskFilter, ResourceFilter, ComputeCapabilitiesFilter and 3 more

    Smallest change that would fit: lower MEMORY_MB from 8192 to 3596 (then node-1 will do).
    "#);
}

#[test]
fn too_many_servers_are_explained() {
    let fleet = fleet([host("a", 3072), host("b", 2048)]);
    insta::assert_snapshot!(why(&fleet, &request(1024).with_count(6)), @r#"
    No valid host for 6 servers, each of 1 VCPU, 1024 MEMORY_MB, 10 DISK_GB (2 hosts considered, fleet generation 0).
    Hosts were found for 5 of them; all or none are placed.

    Server 1 of 6, 2 hosts to choose from:
      removed none: ComputeFilter, AvailabilityZoneFilter, CellFilter and 11 more

      weight (raw)  CPUWeigher     DiskWeigher    RAMWeigher      sum
      a             1.000 (64)  1.000 (512000)  1.000 (3072)    3.000
      b             1.000 (64)  1.000 (512000)  0.667 (2048)    2.667
      The other 10 weighers add nothing to these.
      No single weigher decided: without any one the same host is best.

    Server 2 of 6: b.
    Server 3 of 6: a.
    Server 4 of 6: b.
    Server 5 of 6: a; RamFilter removed 1 host.

    Server 6 of 6, 1 host to choose from:
      filter     removed   left
      RamFilter        1      0  1× MEMORY_MB: wanted 1024, free 0 of 3072 (a)
      removed none: CoreFilter
      not reached: DiskFilter, ResourceFilter, ServerGroupAntiAffinityFilter, ServerGroupAffinityFilter

    Smallest change that would fit: ask for 5 servers instead of 6.
    "#);
}

#[test]
fn what_no_host_could_take_is_told() {
    let fleet = fleet([
        host("a", 3072),
        host("b", 2048).with_used(ResourceClass::MemoryMb, 2048),
    ]);
    let request = request(1 << 20).with_resource(class("CUSTOM_GPU"), 1);
    insta::assert_snapshot!(why(&fleet, &request), @r#"
    No valid host for 1 server of 1 VCPU, 1048576 MEMORY_MB, 10 DISK_GB, 1 CUSTOM_GPU (2 hosts considered, fleet generation 0).

      filter     removed   left
      RamFilter        2      0  2× MEMORY_MB: wanted 1048576, free 0..3072 (a, b)
      removed none: ComputeFilter, AvailabilityZoneFilter, CellFilter and 4 more
      not reached: DiskFilter, ResourceFilter, ComputeCapabilitiesFilter and 3 more

    No host could take 1048576 MEMORY_MB even if it were empty: the largest, a, offers 3072.
    No host offers CUSTOM_GPU at all.

    Smallest change that would fit: lower MEMORY_MB from 1048576 to 3072 and leave CUSTOM_GPU away (then a will do).
    "#);
}

#[test]
fn the_decisive_weigher_is_named() {
    let fleet = fleet([
        host("much-memory", 65_536).with_used(ResourceClass::Vcpu, 30),
        host("much-cpu", 32_768),
    ]);
    let plan = Scheduler::default().plan(&fleet, &request(1024));
    assert_eq!(plan.placements()[0].host, name("much-memory"));
    let ranking = plan.explain().rounds[0].ranking.clone().unwrap();
    let decisive: Vec<_> = ranking
        .decisive
        .iter()
        .map(|decisive| (decisive.weigher.as_str(), decisive.otherwise.as_str()))
        .collect();
    assert_eq!(decisive, [("RAMWeigher", "much-cpu")]);
    assert_eq!(ranking.tied, 1);
}

#[test]
fn reasons_are_counted_with_their_range() {
    let hosts = (0..10).map(|number| host(&format!("h{number}"), 512 + number));
    let plan = Scheduler::default().plan(&fleet(hosts), &request(513 + 4));
    let filters = &plan.explain().rounds[0].filters;
    let step = filters.iter().find(|step| step.removed > 0).unwrap();
    assert_eq!(
        (step.filter.as_str(), step.removed, step.left),
        ("RamFilter", 5, 5)
    );
    let refusal = &step.refusals[0];
    assert_eq!((refusal.count, refusal.range), (5, Some((512, 516))));
    assert_eq!(refusal.examples, ["h0", "h1", "h2"].map(name));
    assert!(matches!(
        refusal.reason,
        Reason::InsufficientResource { free: 512, .. }
    ));
}

#[test]
fn the_smallest_change_is_suggested() {
    let vcpu = ResourceClass::Vcpu;
    let memory = ResourceClass::MemoryMb;
    let lower = |class: &ResourceClass, from, to| Change::LowerResource {
        class: class.clone(),
        from,
        to,
    };
    // The host where the least is given up, not the first one.
    assert_eq!(
        changes(
            [host("a", 1024), host("b", 3000), host("c", 2048)],
            &request(4000)
        ),
        [lower(&memory, 4000, 3000)]
    );
    // One change rather than two, even if each of the two is small.
    let short = host("a", 3999).with_used(vcpu.clone(), 63);
    assert_eq!(
        changes(
            [short, host("b", 2000)],
            &PlacementRequest::new(size(2, 4000, 1))
        ),
        [lower(&memory, 4000, 2000)]
    );
    // Another zone rather than half the memory and more.
    let zone = |text: &str| text.parse().unwrap();
    let mut far = host("far", 8192);
    far.zone = zone("az2");
    assert_eq!(
        changes(
            [host("near", 1024), far],
            &request(4096).with_zone(zone("az1"))
        ),
        [Change::OtherZone {
            from: zone("az1"),
            to: zone("az2")
        }]
    );
    let gpu = request(1).with_extra_spec("capabilities:gpu", ">= 1");
    let key = "capabilities:gpu".to_owned();
    assert_eq!(
        changes([host("a", 8192)], &gpu),
        [Change::DropCapability { key }]
    );
    assert_eq!(
        changes([host("a", 8192).with_disabled("")], &request(1)),
        [Change::EnableHost { host: name("a") }]
    );
    let down = host("a", 8192)
        .with_liveness(nova_sched::Liveness::ForcedDown)
        .with_disabled("x");
    assert_eq!(
        changes([down], &request(1)),
        [
            Change::EnableHost { host: name("a") },
            Change::BringUpHost { host: name("a") }
        ]
    );
    assert_eq!(
        changes([host("a", 8192)], &request(1).with_ignored_host(name("A"))),
        [Change::StopIgnoring { host: name("a") }]
    );
    assert_eq!(
        changes([host("a", 8192)], &request(1).with_forced_host(name("b"))),
        [Change::ForceOtherHost { host: name("a") }]
    );
    // Nothing is free: only room that is made helps.
    let full = host("a", 8192).with_used(memory.clone(), 8192);
    assert_eq!(
        changes([full], &request(1024)),
        [Change::FreeResource {
            host: name("a"),
            class: memory.clone(),
            amount: 1024
        }]
    );
    // A class that no host has can only be left away.
    let fpga = request(1).with_resource(class("FPGA"), 1);
    assert_eq!(
        changes([host("a", 8192)], &fpga),
        [lower(&class("FPGA"), 1, 0)]
    );
    // Several servers: fewer of them; or less for each, and then as many as fit.
    assert_eq!(
        changes([host("a", 3072)], &request(1024).with_count(5)),
        [Change::LowerCount { from: 5, to: 3 }]
    );
    assert_eq!(
        changes([host("a", 3072)], &request(4096).with_count(2)),
        [
            lower(&memory, 4096, 3072),
            Change::LowerCount { from: 2, to: 1 }
        ]
    );
}

#[test]
fn a_reason_that_nothing_removes_has_no_suggestion() {
    #[derive(Debug)]
    struct Closed;
    impl nova_sched::Filter for Closed {
        fn name(&self) -> &str {
            "Closed"
        }
        fn check(&self, _: &PlacementRequest, _: &nova_sched::HostView<'_>) -> nova_sched::Verdict {
            nova_sched::Verdict::reject("closed for good")
        }
    }
    let scheduler = Scheduler::builder().with_defaults().filter(Closed).build();
    let plan = scheduler.plan(&fleet([host("a", 1024)]), &request(1));
    assert_eq!(plan.explain().suggestion, None);
    assert_eq!(plan.explain().shortfalls, []);
    assert!(
        plan.explain()
            .to_string()
            .contains("1× closed for good (a)")
    );
}

#[test]
fn the_largest_share_counts_ratio_and_total() {
    let node =
        host("a", 1024).with_inventory(ResourceClass::Vcpu, Inventory::new(8, 0, 0.5).unwrap());
    let plan = Scheduler::default().plan(&fleet([node]), &PlacementRequest::new(size(5, 1, 1)));
    let shortfall = &plan.explain().shortfalls[0];
    assert_eq!((shortfall.wanted, shortfall.largest), (5, 4));
    assert_eq!(shortfall.host, Some(name("a")));
    // What an empty host could just take is no shortfall.
    let full = host("a", 1024).with_used(ResourceClass::MemoryMb, 1024);
    let plan = Scheduler::default().plan(&fleet([full]), &request(1024));
    assert!(!plan.is_placed());
    assert_eq!(plan.explain().shortfalls, []);
}

/// Refuses hosts by a capability, and counts how often it is asked.
#[derive(Debug, Default)]
struct Capable {
    by_profile: bool,
    asked: Arc<AtomicUsize>,
}

impl Filter for Capable {
    fn name(&self) -> &str {
        "Capable"
    }

    fn check(&self, _request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match host.capability("disk") {
            Some("fast") => Verdict::Pass,
            other => Verdict::reject(format!("the disk is {}", other.unwrap_or("unknown"))),
        }
    }

    fn told_apart_by<'a>(
        &self,
        _request: &PlacementRequest,
        fleet: &'a Fleet,
    ) -> Option<&'a Column<u32>> {
        self.by_profile.then(|| fleet.profile_numbers())
    }
}

#[test]
fn of_hosts_that_are_alike_one_is_asked() {
    let hosts = (0..30).map(|number| {
        let host = host(&format!("node-{number}"), 4096);
        match number % 3 {
            0 => host.with_capability("disk", "fast"),
            1 => host.with_capability("disk", "slow"),
            _ => host,
        }
    });
    let fleet = fleet(hosts);
    let plan = |by_profile| {
        let asked = Arc::new(AtomicUsize::new(0));
        let filter = Capable {
            by_profile,
            asked: asked.clone(),
        };
        let plan = Scheduler::builder()
            .filter(filter)
            .build()
            .plan(&fleet, &request(1));
        (plan, asked.load(Ordering::Relaxed))
    };
    let ((each, asked_each), (kinds, asked_kinds)) = (plan(false), plan(true));
    assert_eq!(each, kinds);
    // Each host by the sweep, and each that was refused for its reason.
    assert_eq!((asked_each, asked_kinds), (30 + 20, 3 + 2));
    let step = &kinds.explain().rounds[0].filters[0];
    let refusals: Vec<_> = step
        .refusals
        .iter()
        .map(|refusal| (refusal.reason.to_string(), refusal.count))
        .collect();
    assert_eq!(
        refusals,
        [
            ("the disk is slow".to_owned(), 10),
            ("the disk is unknown".to_owned(), 10)
        ]
    );
    assert_eq!(step.refusals[1].examples[0], name("node-2"));
}

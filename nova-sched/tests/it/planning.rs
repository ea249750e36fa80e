//! Plans: order, ties, lots, lists, several servers.

use std::collections::BTreeSet;

use nova_core::model::{ResourceClass, Resources, ServerGroupPolicy};
use nova_sched::weighers::{CPUWeigher, RAMWeigher};
use nova_sched::{
    Detail, Explanation, Filter, GroupRequest, HostView, PlacementRequest, Plan, PlanOptions,
    Scheduler, Verdict, Weigher,
};

use crate::fixtures::{fleet, host, name, request};

fn hosts(plan: &Plan) -> Vec<&str> {
    plan.placements()
        .iter()
        .map(|placement| placement.host.as_str())
        .collect()
}

fn alternates(plan: &Plan) -> Vec<&str> {
    plan.placements()[0]
        .alternates
        .iter()
        .map(|host| host.as_str())
        .collect()
}

#[test]
fn the_best_host_wins_and_the_next_are_alternates() {
    let fleet = fleet([
        host("a", 4096),
        host("b", 16_384),
        host("c", 8192),
        host("d", 2048),
    ]);
    let plan = Scheduler::default().plan(&fleet, &request(1024));
    assert_eq!(
        (hosts(&plan), alternates(&plan)),
        (vec!["b"], vec!["c", "a"])
    );
    assert_eq!(plan.generation(), fleet.generation());
    assert_eq!(plan.resources().get(&ResourceClass::MemoryMb), 1024);
    let plan = Scheduler::default().plan(&fleet, &request(1024).with_alternates(0));
    assert!(alternates(&plan).is_empty());
}

#[test]
fn the_earlier_of_equal_hosts_wins() {
    let fleet = fleet(["x", "b", "a"].map(|name| host(name, 4096)));
    let plan = Scheduler::default().plan(&fleet, &request(1024));
    assert_eq!(
        (hosts(&plan), alternates(&plan)),
        (vec!["x"], vec!["b", "a"])
    );
}

#[test]
fn one_host_alone_is_not_weighed() {
    #[derive(Debug)]
    struct Never;
    impl Weigher for Never {
        fn name(&self) -> &str {
            "Never"
        }
        fn weigh(&self, _: &PlacementRequest, _: &HostView<'_>) -> f64 {
            panic!("weighed")
        }
    }
    let plan = Scheduler::builder()
        .weigher(Never)
        .build()
        .plan(&fleet([host("a", 4096)]), &request(1));
    assert_eq!(plan.placements()[0].weight.to_bits(), 0.0_f64.to_bits());
}

#[test]
fn several_servers_use_each_other_up() {
    let fleet = fleet([host("a", 4096), host("b", 3072)]);
    let scheduler = Scheduler::default();
    let plan = scheduler.plan(&fleet, &request(1024).with_count(7));
    assert_eq!(hosts(&plan).iter().filter(|host| **host == "a").count(), 4);
    assert_eq!(hosts(&plan).len(), 7);
    // All or nothing.
    let plan = scheduler.plan(&fleet, &request(1024).with_count(8));
    assert!(!plan.is_placed());
    assert!(plan.placements().is_empty());
    assert_eq!(plan.explain().fits, 7);
    let no_host = plan.into_result().unwrap_err();
    assert_eq!(
        no_host.to_string(),
        "no valid host was found: only 7 of 8 servers would fit"
    );
    // None at all is no failure.
    let plan = scheduler.plan(&fleet, &request(1024).with_count(0));
    assert!(plan.is_placed() && plan.placements().is_empty());
}

#[test]
fn alternates_of_several_servers_have_room_left() {
    let fleet = fleet([
        host("a", 4096),
        host("b", 4000),
        host("c", 1024),
        host("d", 1000),
    ]);
    let plan = Scheduler::default().plan(&fleet, &request(1024).with_count(2));
    assert_eq!(
        (hosts(&plan), alternates(&plan)),
        (vec!["a", "b"], vec!["c"])
    );
    assert_eq!(plan.placements()[1].alternates, [name("c")]);
}

#[test]
fn lists_of_hosts_ignore_case_and_forced_hosts_are_not_filtered() {
    let hosts_of = |plan: &Plan| {
        hosts(plan)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let fleet = fleet([
        host("Node-A", 8192),
        host("node-b", 4096).with_disabled("forced all the same"),
        host("node-c", 2048),
    ]);
    let plan = |request: PlacementRequest| hosts_of(&Scheduler::default().plan(&fleet, &request));
    assert_eq!(
        plan(request(1024).with_ignored_host(name("NODE-a"))),
        ["node-c"]
    );
    assert_eq!(
        plan(request(1024).with_forced_host(name("NODE-B"))),
        ["node-b"]
    );
    let filtered = request(1024)
        .with_forced_host(name("node-b"))
        .with_filtered_forced_hosts(true);
    assert!(plan(filtered).is_empty());
    // A forced host still has to have the room, and to be in the zone.
    assert!(plan(request(8192).with_forced_host(name("node-b"))).is_empty());
    let elsewhere = request(1024).with_zone("az2".parse().unwrap());
    assert!(plan(elsewhere.with_forced_host(name("node-b"))).is_empty());
    assert!(plan(request(1024).with_forced_host(name("node-x"))).is_empty());
}

#[test]
fn lots_are_drawn_from_the_seed_alone() {
    let many = fleet((0..20).map(|number| host(&format!("h{number}"), 4096 + number)));
    let scheduler = Scheduler::builder()
        .with_defaults()
        .host_subset_size(5)
        .build();
    let chosen = |seed| {
        let options = PlanOptions::default()
            .with_seed(seed)
            .with_detail(Detail::Off);
        let plan = scheduler.plan_with(&many, &request(1), &options);
        assert_eq!(alternates(&plan).len(), 2);
        hosts(&plan)[0].to_owned()
    };
    let drawn: std::collections::BTreeSet<String> = (0..100).map(chosen).collect();
    assert_eq!(
        drawn.into_iter().collect::<Vec<_>>(),
        ["h15", "h16", "h17", "h18", "h19"]
    );
    assert_eq!(chosen(3), chosen(3));

    let equal = fleet(["a", "b", "c"].map(|name| host(name, 4096)));
    let scheduler = Scheduler::builder()
        .with_defaults()
        .shuffle_best(true)
        .build();
    let first = |seed| {
        let plan =
            scheduler.plan_with(&equal, &request(1), &PlanOptions::default().with_seed(seed));
        hosts(&plan)[0].to_owned()
    };
    assert_eq!(
        (0..50)
            .map(first)
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
        3
    );
}

#[test]
fn filters_that_run_once_are_run_for_the_first_server_only() {
    /// Refuses hosts that hold servers.
    #[derive(Debug)]
    struct Empty {
        once: bool,
    }
    impl Filter for Empty {
        fn name(&self) -> &str {
            "Empty"
        }
        fn check(&self, _: &PlacementRequest, host: &HostView<'_>) -> Verdict {
            if host.servers() == 0 {
                Verdict::Pass
            } else {
                Verdict::reject("it is taken")
            }
        }
        fn run_once_per_request(&self) -> bool {
            self.once
        }
    }
    let fleet = fleet([host("a", 4096), host("b", 4096)]);
    let fits = |once| {
        let scheduler = Scheduler::builder()
            .with_defaults()
            .filter(Empty { once })
            .build();
        scheduler
            .plan(&fleet, &request(1).with_count(3))
            .explain()
            .fits
    };
    assert_eq!((fits(false), fits(true)), (2, 3));
}

#[test]
fn plans_are_values() {
    let fleet = fleet([host("a", 4096), host("b", 3000)]);
    for request in [request(1024).with_count(3), request(1 << 20)] {
        let plan = Scheduler::default().plan(&fleet, &request);
        let json = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&json).unwrap(), plan);
        assert_eq!(plan.request(), &request);
    }
}

#[test]
fn a_fleet_without_hosts_is_told_apart() {
    let no_host = Scheduler::default()
        .plan(&fleet([]), &request(1))
        .into_result()
        .unwrap_err();
    assert_eq!(
        no_host.to_string(),
        "no valid host was found: the fleet has no hosts"
    );
}

#[test]
fn servers_of_a_group_keep_apart_without_ids_of_their_own() {
    let hosts = ["a", "b", "c"].map(|name| host(name, 65_536));
    let fleet = fleet(hosts);
    let group = |policy| GroupRequest::new(policy);
    for detail in [Detail::Off, Detail::Full] {
        let plan = |policy, count| {
            let request = request(1024).with_count(count).with_group(group(policy));
            let options = PlanOptions::default().with_detail(detail);
            Scheduler::default().plan_with(&fleet, &request, &options)
        };
        let apart = plan(ServerGroupPolicy::AntiAffinity, 3);
        let hosts: BTreeSet<_> = apart.placements().iter().map(|one| &one.host).collect();
        assert_eq!(hosts.len(), 3, "{detail:?}");
        assert_eq!(plan(ServerGroupPolicy::AntiAffinity, 4).explain().fits, 3);
        let together = plan(ServerGroupPolicy::Affinity, 4);
        let hosts: BTreeSet<_> = together.placements().iter().map(|one| &one.host).collect();
        assert_eq!(hosts.len(), 1, "{detail:?}");
        let spread = plan(ServerGroupPolicy::SoftAntiAffinity, 6);
        let on_a = spread
            .placements()
            .iter()
            .filter(|one| one.host == name("a"));
        assert_eq!(on_a.count(), 2, "{detail:?}");
        // What was asked for is what the plan says was asked for.
        assert!(apart.request().servers().is_empty());
    }
}

#[test]
fn a_request_for_very_many_servers_fails_and_is_not_read() {
    let fleet = fleet([host("a", 65_536)]);
    let group = GroupRequest::new(ServerGroupPolicy::AntiAffinity);
    let request = request(1024).with_group(group).with_count(u32::MAX);
    for detail in [Detail::Off, Detail::Full] {
        let options = PlanOptions::default().with_detail(detail);
        let plan = Scheduler::default().plan_with(&fleet, &request, &options);
        assert!(!plan.is_placed());
        let failure = plan.explain().failure.clone().unwrap();
        assert_eq!(
            failure.to_string(),
            "count: \"4294967295\" cannot be evaluated: it is more than 10000"
        );
    }
    let written = serde_json::to_string(&request).unwrap();
    let error = serde_json::from_str::<PlacementRequest>(&written).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("a count of 4294967295 servers is more than 10000")
    );
}

#[test]
fn plans_can_be_read_however_large_the_weights() {
    let fleet = fleet([host("a", 65_536), host("b", 1024)]);
    let scheduler = Scheduler::builder()
        .weigher(CPUWeigher::new(1e308))
        .weigher(RAMWeigher::new(1e308))
        .build();
    for detail in [Detail::Off, Detail::Full] {
        let options = PlanOptions::default().with_detail(detail);
        let plan = scheduler.plan_with(&fleet, &request(512), &options);
        assert_eq!(plan.placements()[0].host, name("a"));
        let written = serde_json::to_string(&plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&written).unwrap(), plan);
    }
}

#[test]
fn very_many_servers_are_told_about_in_part() {
    let fleet = fleet([host("a", 65_536)]);
    let request = PlacementRequest::new(Resources::new()).with_count(500);
    let plan = Scheduler::default().plan(&fleet, &request);
    assert_eq!(plan.placements().len(), 500);
    let rounds = &plan.explain().rounds;
    assert_eq!(rounds.len(), Explanation::MAX_ROUNDS + 1);
    assert_eq!(rounds.last().unwrap().server, 500);
}

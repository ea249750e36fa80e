//! The laws of filters and weighers: Nova's keep them, and whoever breaks one is found out.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use nova_core::model::Resources;
use nova_sched::testing::{self, Broken, FilterLaws, Law, WeigherLaws};
use nova_sched::weighers::{AggregateMultiplier, Multipliers, Scores};
use nova_sched::{
    Candidates, Config, Filter, Fleet, HostIndex, HostView, Measure, PlacementRequest, Reason,
    Registry, Verdict, Weigher,
};

type Check = fn(&PlacementRequest, &HostView<'_>) -> Verdict;
type Sweep = fn(&PlacementRequest, &Fleet, &mut Candidates);

/// A filter with one thing wrong.
struct Made {
    check: Check,
    sweep: Option<Sweep>,
    once: bool,
    local: bool,
}

fn filter(check: Check) -> Made {
    Made {
        check,
        sweep: None,
        once: false,
        local: false,
    }
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Made")
    }
}

impl Filter for Made {
    fn name(&self) -> &str {
        "Made"
    }
    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        (self.check)(request, host)
    }
    fn run_once_per_request(&self) -> bool {
        self.once
    }
    fn is_local(&self, _: &PlacementRequest) -> bool {
        self.local
    }
    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        match self.sweep {
            Some(sweep) => sweep(request, fleet, candidates),
            None => candidates.retain(|host| self.check(request, &fleet.host(host)).is_pass()),
        }
    }
}

/// Passes hosts that are up.
fn up(_: &PlacementRequest, host: &HostView<'_>) -> Verdict {
    match host.liveness().is_up() {
        true => Verdict::Pass,
        false => Verdict::reject("it is down"),
    }
}

fn broken(filter: &dyn Filter) -> Broken {
    let broken = testing::check_filter(filter).unwrap_err();
    // The case that is shown is one: the law is broken on it too.
    let again = FilterLaws::new()
        .fleet(broken.fleet())
        .request(broken.request().clone())
        .check(filter);
    assert_eq!(again.unwrap_err().law(), broken.law());
    assert!(
        broken.to_string().starts_with("Made breaks the law \""),
        "{broken}"
    );
    broken
}

#[test]
fn every_filter_of_nova_keeps_the_laws() {
    let registry = Registry::nova();
    let mut other = Config::default();
    other.metrics.weight_setting = vec!["cpu.percent=-1.5".to_owned()];
    other.filter_scheduler.isolated_hosts = vec!["h1".to_owned(), "h2".to_owned()];
    other.filter_scheduler.isolated_images = vec![testing::image_id(1).to_string()];
    assert!(registry.filters().count() >= 8);
    for (seed, config) in [(0, Config::default()), (1, other)] {
        let laws = FilterLaws::new().seed(seed);
        for name in registry.filters() {
            let filter = registry.filter(name, &config).unwrap();
            assert_eq!(filter.name(), name);
            let kept = laws.check(filter.as_ref());
            assert!(kept.is_ok(), "{}", kept.unwrap_err());
        }
    }
}

#[test]
fn every_weigher_of_nova_keeps_the_laws() {
    let registry = Registry::nova();
    let mut other = Config::default();
    other.metrics.weight_setting = vec!["cpu.percent=-1.5".to_owned()];
    other.metrics.required = false;
    other.filter_scheduler.image_props_weight_setting = vec!["os_distro=2".to_owned()];
    other.filter_scheduler.image_props_weight_multiplier = 1.0;
    assert!(registry.weighers().count() >= 3);
    for seed in 0..3 {
        let laws = WeigherLaws::new().seed(seed);
        for config in [Config::default(), other.clone()] {
            let weighers = registry
                .weighers()
                .map(|name| registry.weigher(name, &config));
            for weigher in weighers.flat_map(Result::unwrap) {
                let kept = laws.check(weigher.as_ref());
                assert!(kept.is_ok(), "{}", kept.unwrap_err());
            }
        }
    }
}

#[test]
fn a_filter_that_keeps_the_laws_passes() {
    let sweep: Sweep = |_, fleet, candidates| {
        candidates.retain(|host| fleet.host(host).liveness().is_up());
    };
    for once in [false, true] {
        let mut good = filter(up);
        good.once = once;
        assert_eq!(testing::check_filter(&good), Ok(()));
        good.sweep = Some(sweep);
        assert_eq!(testing::check_filter(&good), Ok(()));
    }
}

#[test]
fn a_filter_that_changes_its_mind_is_found() {
    #[derive(Debug, Default)]
    struct Moody(AtomicU64);
    impl Filter for Moody {
        fn name(&self) -> &str {
            "Made"
        }
        fn check(&self, _: &PlacementRequest, _: &HostView<'_>) -> Verdict {
            match self.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) {
                true => Verdict::Pass,
                false => Verdict::reject("not now"),
            }
        }
    }
    let broken = testing::check_filter(&Moody::default()).unwrap_err();
    assert_eq!(broken.law(), Law::Pure);
    assert!(
        broken.host().is_some() && broken.problem().contains("then"),
        "{broken}"
    );
}

#[test]
fn a_filter_without_a_name_is_found() {
    #[derive(Debug)]
    struct Nameless;
    impl Filter for Nameless {
        fn name(&self) -> &str {
            " "
        }
        fn check(&self, _: &PlacementRequest, _: &HostView<'_>) -> Verdict {
            Verdict::Pass
        }
    }
    let broken = testing::check_filter(&Nameless).unwrap_err();
    assert_eq!(
        (broken.law(), broken.problem()),
        (Law::Pure, "it has no name")
    );
}

#[test]
fn refusals_without_reasons_are_found() {
    let silent = filter(|_, _| Verdict::reject(" "));
    assert_eq!(broken(&silent).law(), Law::Reasons);
    let keyless = filter(|_, _| {
        Verdict::Reject(Reason::Malformed {
            key: String::new(),
            wanted: "3".to_owned(),
            problem: "it is odd".to_owned(),
        })
    });
    let broken = broken(&keyless);
    assert_eq!(broken.law(), Law::Reasons);
    assert_eq!(broken.problem(), "what is malformed has no key");
}

#[test]
fn sweeps_that_disagree_are_found() {
    let sweeps: [(Sweep, &str); 5] = [
        (|_, _, _| {}, "keeps a host that check refuses"),
        (
            |_, _, candidates| candidates.clear(),
            "leaves out a host that check passes",
        ),
        (
            |_, fleet, candidates| *candidates = fleet.in_service().clone(),
            "adds a host that was no candidate",
        ),
        // Wrong only beyond the first word of the bit set.
        (
            |request, fleet, candidates| {
                candidates
                    .retain(|host| host.get() < 64 && up(request, &fleet.host(host)).is_pass());
            },
            "leaves out a host that check passes",
        ),
        // Wrong only for hosts of one zone.
        (
            |request, fleet, candidates| {
                candidates.retain(|host| {
                    let host = fleet.host(host);
                    host.zone().as_str() == "az2" || up(request, &host).is_pass()
                });
            },
            "keeps a host that check refuses",
        ),
    ];
    for (sweep, problem) in sweeps {
        let mut wrong = filter(up);
        wrong.sweep = Some(sweep);
        let broken = testing::check_filter(&wrong).unwrap_err();
        assert_eq!(broken.law(), Law::Batch, "{broken}");
        assert!(broken.problem().contains(problem), "{broken}");
    }
}

#[test]
fn a_filter_that_goes_by_places_is_found() {
    let by_place = filter(|_, host| match host.index().get() % 2 {
        0 => Verdict::Pass,
        _ => Verdict::reject("an odd place"),
    });
    let broken = broken(&by_place);
    assert_eq!((broken.law(), broken.fleet().len()), (Law::HostOrder, 2));
    let first = filter(|_, host| {
        let first = host.fleet().hosts().next();
        match first.is_some_and(|first| first.zone() == host.zone()) {
            true => Verdict::Pass,
            false => Verdict::reject("not in the zone of the first"),
        }
    });
    assert_eq!(self::broken(&first).law(), Law::HostOrder);
}

#[test]
fn a_filter_that_is_run_once_and_depends_on_claims_is_found() {
    let mut quiet = filter(|_, host| match host.servers() < 3 {
        true => Verdict::Pass,
        false => Verdict::reject("it has three servers"),
    });
    assert_eq!(testing::check_filter(&quiet), Ok(()));
    quiet.once = true;
    let broken = broken(&quiet);
    assert_eq!((broken.law(), broken.fleet().len()), (Law::RunOnce, 1));

    // It looks at the group, which has the host after the first server.
    let mut alone = filter(|request, host| {
        let group = request.group();
        match group.is_some_and(|group| group.hosts.contains(host.service_host())) {
            true => Verdict::reject("the group is there"),
            false => Verdict::Pass,
        }
    });
    alone.once = true;
    let broken = self::broken(&alone);
    assert_eq!(broken.law(), Law::RunOnce);
    assert!(broken.request().group().is_some());
}

#[test]
fn what_is_said_to_be_local_and_is_not_is_found() {
    let mut few = filter(|_, host| {
        let servers: u64 = host.fleet().hosts().map(|host| host.servers()).sum();
        match servers.is_multiple_of(2) {
            true => Verdict::Pass,
            false => Verdict::reject("the fleet has an odd number of servers"),
        }
    });
    assert_eq!(testing::check_filter(&few), Ok(()));
    few.local = true;
    assert_eq!(broken(&few).law(), Law::Local);

    let mut share = Weighs {
        weigh: Some(|host| {
            let servers: u64 = host.fleet().hosts().map(|host| host.servers()).sum();
            host.measure(Measure::Servers) - if servers.is_multiple_of(2) { 1.0 } else { 0.0 }
        }),
        ..Weighs::default()
    };
    assert_eq!(testing::check_weigher(&share), Ok(()));
    share.local = true;
    assert_eq!(
        testing::check_weigher(&share).unwrap_err().law(),
        Law::Local
    );
}

#[test]
fn what_is_shown_is_small() {
    let picky = filter(|request, host| {
        match request.extra_specs().contains_key("ssd") && host.capability("gpu").is_some() {
            true => Verdict::reject(""),
            false => Verdict::Pass,
        }
    });
    let broken = broken(&picky);
    assert_eq!(broken.fleet().len(), 1);
    assert_eq!(broken.fleet().aggregates().count(), 0);
    let expected = PlacementRequest::new(broken.request().resources().clone());
    assert_eq!(broken.request().extra_specs().len(), 1);
    assert_eq!(broken.request().clone().without_extra_spec("ssd"), expected);
    assert!(broken.to_string().contains("\"ssd\"") && broken.to_string().contains("\"gpu\""));
}

#[test]
fn cases_of_ones_own_are_taken_instead() {
    let fleet = testing::fleet_of([testing::host("a"), testing::host("b").servers(9)]);
    let laws = FilterLaws::new()
        .fleet(fleet)
        .request(testing::request().build());
    // What is wrong elsewhere is not found, and what is wrong here is.
    assert_eq!(
        laws.check(&filter(|_, host| match host.capability("gpu") {
            Some(_) => Verdict::reject(""),
            None => Verdict::Pass,
        })),
        Ok(())
    );
    let busy = filter(|_, host| match host.servers() {
        9 => Verdict::reject(""),
        _ => Verdict::Pass,
    });
    let broken = laws.check(&busy).unwrap_err();
    assert_eq!(broken.host().unwrap().as_str(), "b");
}

type WeigherSweep = fn(&Fleet, &[HostIndex], &mut Vec<f64>);

/// A weigher with one thing wrong.
#[derive(Default)]
struct Weighs {
    weigh: Option<fn(&HostView<'_>) -> f64>,
    sweep: Option<WeigherSweep>,
    scores: Option<fn(&Fleet) -> Scores<'_>>,
    multiplier: Option<fn(&HostView<'_>) -> f64>,
    multipliers: Option<fn(&Fleet) -> Multipliers<'_>>,
    lower_bound: Option<f64>,
    local: bool,
}

impl fmt::Debug for Weighs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Weighs")
    }
}

impl Weigher for Weighs {
    fn name(&self) -> &str {
        "Weighs"
    }
    fn weigh(&self, _: &PlacementRequest, host: &HostView<'_>) -> f64 {
        self.weigh
            .map_or_else(|| host.measure(Measure::FreeRam), |weigh| weigh(host))
    }
    fn multiplier(&self, host: &HostView<'_>) -> f64 {
        self.multiplier.map_or(1.0, |multiplier| multiplier(host))
    }
    fn multipliers<'a>(&self, _: &PlacementRequest, fleet: &'a Fleet) -> Multipliers<'a> {
        self.multipliers
            .map_or(Multipliers::Each, |multipliers| multipliers(fleet))
    }
    fn scores<'a>(&self, _: &PlacementRequest, fleet: &'a Fleet) -> Scores<'a> {
        self.scores.map_or(Scores::Each, |scores| scores(fleet))
    }
    fn lower_bound(&self) -> Option<f64> {
        self.lower_bound
    }
    fn is_local(&self, _: &PlacementRequest) -> bool {
        self.local
    }
    fn sweep(
        &self,
        request: &PlacementRequest,
        fleet: &Fleet,
        hosts: &[HostIndex],
        weights: &mut Vec<f64>,
    ) {
        match self.sweep {
            Some(sweep) => sweep(fleet, hosts, weights),
            None => weights.extend(
                hosts
                    .iter()
                    .map(|host| self.weigh(request, &fleet.host(*host))),
            ),
        }
    }
}

#[test]
fn weighers_that_are_wrong_are_found() {
    let wrong: [(Weighs, Law); 12] = [
        (Weighs::default(), Law::Pure),
        (
            Weighs {
                weigh: Some(|host| host.measure(Measure::Servers).ln()),
                ..Weighs::default()
            },
            Law::Finite,
        ),
        (
            Weighs {
                multiplier: Some(|_| f64::NAN),
                ..Weighs::default()
            },
            Law::Finite,
        ),
        (
            Weighs {
                lower_bound: Some(f64::NEG_INFINITY),
                ..Weighs::default()
            },
            Law::Finite,
        ),
        (
            // It forgets that only some hosts are asked about.
            Weighs {
                sweep: Some(|fleet, _, weights| {
                    weights.extend(fleet.measure(Measure::FreeRam).values().iter());
                }),
                ..Weighs::default()
            },
            Law::Batch,
        ),
        (
            // It forgets what is in the buffer already.
            Weighs {
                sweep: Some(|fleet, hosts, weights| {
                    let ram = fleet.measure(Measure::FreeRam).values();
                    *weights = hosts.iter().map(|host| ram[host.get()]).collect();
                }),
                ..Weighs::default()
            },
            Law::Batch,
        ),
        (
            // In the order of the fleet, not in that of the hosts.
            Weighs {
                sweep: Some(|fleet, hosts, weights| {
                    let mut hosts = hosts.to_vec();
                    hosts.sort_unstable();
                    let ram = fleet.measure(Measure::FreeRam).values();
                    weights.extend(hosts.iter().map(|host| ram[host.get()]));
                }),
                ..Weighs::default()
            },
            Law::Batch,
        ),
        (
            Weighs {
                scores: Some(|fleet| Scores::Column(fleet.measure(Measure::FreeDisk))),
                ..Weighs::default()
            },
            Law::Scores,
        ),
        (
            Weighs {
                scores: Some(|_| Scores::Same(0.0)),
                ..Weighs::default()
            },
            Law::Scores,
        ),
        (
            Weighs {
                multipliers: Some(|_| Multipliers::Same(2.0)),
                ..Weighs::default()
            },
            Law::Multipliers,
        ),
        (
            Weighs {
                multipliers: Some(|fleet| {
                    AggregateMultiplier::new("ram_weight_multiplier", 1.0).over(fleet)
                }),
                ..Weighs::default()
            },
            Law::Multipliers,
        ),
        (
            Weighs {
                multiplier: Some(|host| if host.index().get() == 0 { 2.0 } else { 1.0 }),
                ..Weighs::default()
            },
            Law::HostOrder,
        ),
    ];
    for (number, (weigher, law)) in wrong.iter().enumerate() {
        let checked = testing::check_weigher(weigher);
        if number == 0 {
            // The first one has nothing wrong.
            assert_eq!(checked, Ok(()));
            continue;
        }
        let broken = checked.unwrap_err();
        assert_eq!(broken.law(), *law, "number {number}: {broken}");
        assert!(broken.fleet().len() <= 2, "number {number}: {broken}");
        let laws = WeigherLaws::new()
            .fleet(broken.fleet())
            .request(broken.request().clone());
        assert_eq!(laws.check(weigher).unwrap_err().law(), *law);
    }
}

#[test]
fn a_weigher_that_changes_its_mind_is_found() {
    #[derive(Debug, Default)]
    struct Moody(AtomicU64);
    impl Weigher for Moody {
        fn name(&self) -> &str {
            "Moody"
        }
        fn weigh(&self, _: &PlacementRequest, host: &HostView<'_>) -> f64 {
            let turn = self.0.fetch_add(1, Ordering::Relaxed);
            host.measure(Measure::Servers) + if turn.is_multiple_of(2) { 0.0 } else { 1.0 }
        }
    }
    assert_eq!(
        testing::check_weigher(&Moody::default()).unwrap_err().law(),
        Law::Pure
    );
}

#[test]
fn what_is_generated_has_every_kind_of_thing_in_it() {
    let fleet = testing::fleet(300, 1);
    let requests = testing::requests(&fleet, 600, 1);
    let some = |what: &str, there: bool| assert!(there, "none with {what}");
    let hosts = || fleet.hosts();
    some(
        "a cell",
        (0..4).any(|seed| {
            testing::fleet(20, seed)
                .hosts()
                .any(|host| host.cell().is_some())
        }),
    );
    some(
        "a disabled host",
        hosts().any(|host| host.disabled_reason().is_some()),
    );
    some(
        "a host that is down",
        hosts().any(|host| !host.liveness().is_up()),
    );
    some("servers", hosts().any(|host| !host.placed().is_empty()));
    some("metrics", hosts().any(|host| !host.metrics().is_empty()));
    some("stats", hosts().any(|host| !host.stats().is_empty()));
    some(
        "a service of several",
        hosts().any(|host| host.service_host() != host.name()),
    );
    some("aggregates", fleet.aggregates().count() > 4);
    some(
        "over-full hosts",
        hosts().any(|host| {
            let vcpus = host.amounts(&nova_core::model::ResourceClass::Vcpu);
            vcpus.used > vcpus.capacity
        }),
    );
    let any = |has: &dyn Fn(&PlacementRequest) -> bool| requests.iter().any(has);
    some(
        "cells",
        hosts().any(|host| host.to_state().numa_topology.is_some()),
    );
    some(
        "devices",
        hosts().any(|host| !host.to_state().pci_pools.is_empty()),
    );
    some("cells asked for", any(&|request| request.numa().is_some()));
    some(
        "devices asked for",
        any(&|request| !request.pci().is_empty()),
    );
    some("a zone", any(&|request| request.zone().is_some()));
    some(
        "a group",
        any(&|request| request.group().is_some_and(|group| !group.hosts.is_empty())),
    );
    some("an image", any(&|request| request.image().is_some()));
    some(
        "a destination",
        any(&|request| request.destination().is_some()),
    );
    some(
        "aggregates asked for",
        any(&|request| !request.member_of().is_empty()),
    );
    some(
        "a forced host",
        any(&|request| !request.force_hosts().is_empty()),
    );
    some(
        "traits",
        any(&|request| !request.required_traits().is_empty()),
    );
    for hint in [
        "same_host",
        "different_host",
        "query",
        "build_near_host_ip",
        "cidr",
    ] {
        some(hint, any(&|request| !request.hint(hint).is_empty()));
    }
    // Each filter has something to refuse and something to pass.
    let (registry, config) = (Registry::nova(), Config::default());
    let cases: Vec<(Fleet, Vec<PlacementRequest>)> = (0..6)
        .map(|seed| {
            let fleet = testing::fleet(100, seed);
            let requests = testing::requests(&fleet, 200, seed);
            (fleet, requests)
        })
        .collect();
    for name in registry.filters().filter(|name| *name != "AllHostsFilter") {
        let filter = registry.filter(name, &config).unwrap();
        let (mut passed, mut refused) = (0, 0);
        for (fleet, requests) in &cases {
            for request in requests {
                let mut candidates = Candidates::all(fleet.len());
                filter.sweep(request, fleet, &mut candidates);
                passed += candidates.len();
                refused += fleet.len() - candidates.len();
            }
        }
        assert!(passed > 0, "{name} passes nothing");
        // These two refuse by options that are empty by default.
        if !["IsolatedHostsFilter", "MetricsFilter"].contains(&name) {
            assert!(refused > 0, "{name} refuses nothing");
        }
    }
}

#[test]
fn filters_that_ignore_servers_say_the_same_of_an_empty_fleet() {
    let (registry, config) = (Registry::nova(), Config::default());
    let mut refused = 0;
    let mut ignoring = 0;
    for name in registry.filters() {
        let mut config = config.clone();
        config.filter_scheduler.enabled_filters = vec![name.to_owned()];
        config.filter_scheduler.placement_filters = true;
        let scheduler = registry.scheduler(&config).unwrap();
        for seed in 0..20 {
            let fleet = testing::fleet(12, seed);
            let empty = fleet.hosts().map(|host| {
                let mut state = host.to_state();
                state.placed.clear();
                state.used = Resources::new();
                state.servers = 0;
                state
            });
            let empty = Fleet::builder()
                .hosts(empty)
                .aggregates(fleet.aggregates().cloned())
                .build();
            for request in testing::requests(&fleet, 12, seed) {
                let ignores = |filter: &&dyn Filter| filter.ignores_servers(&request);
                for filter in scheduler.filters().filter(ignores) {
                    ignoring += 1;
                    for (host, cleared) in fleet.hosts().zip(empty.hosts()) {
                        let verdict = filter.check(&request, &host);
                        refused += usize::from(!verdict.is_pass());
                        assert_eq!(
                            verdict,
                            filter.check(&request, &cleared),
                            "{}",
                            filter.name()
                        );
                    }
                }
            }
        }
    }
    assert!(ignoring > 1000 && refused > 1000, "{ignoring} {refused}");
}

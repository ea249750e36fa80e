//! What holds however plans, placements and removals follow each other, and within one request
//! for several servers.

use std::collections::BTreeMap;

use nova_core::id::{HostName, ServerId};
use nova_core::model::{ResourceClass, ServerGroupPolicy, ServerGroupRules};
use nova_sched::{
    Claimer, Config, Detail, Fleet, Fulfilment, GroupRequest, HostIndex, HostState, HostView,
    PlacedServer, PlacementRequest, Plan, PlanOptions, Registry, Scheduler, testing,
};
use proptest::prelude::*;

/// Nova's default filters and weighers, as a configuration file without a line names them.
fn nova() -> Scheduler {
    Registry::nova().scheduler(&Config::default()).unwrap()
}

/// How much of each class each host may hold: its capacity, or what it held already.
type Limits = BTreeMap<(HostName, ResourceClass), u64>;

fn amounts(fleet: &Fleet) -> impl Iterator<Item = ((HostName, ResourceClass), (u64, u64))> {
    fleet.hosts().flat_map(|host| {
        let state = host.to_state();
        let classes: Vec<ResourceClass> = state.inventories.keys().cloned().collect();
        classes.into_iter().map(move |class| {
            let amounts = host.amounts(&class);
            (
                (host.name().clone(), class),
                (amounts.used, amounts.capacity),
            )
        })
    })
}

fn limits(fleet: &Fleet) -> Limits {
    amounts(fleet)
        .map(|(key, (used, capacity))| (key, used.max(capacity)))
        .collect()
}

/// How many members of a server group are on each host.
fn members(fleet: &Fleet, request: &PlacementRequest) -> BTreeMap<HostName, u32> {
    let mut members = BTreeMap::new();
    let group = request.group().map(|group| group.members.clone());
    for server in group.into_iter().flatten() {
        if let Some(host) = fleet.host_of(&server) {
            *members.entry(fleet.host(host).name().clone()).or_default() += 1;
        }
    }
    members
}

/// The request with ids for its servers, which are members of its group.
fn with_ids(request: PlacementRequest, next: &mut u64) -> PlacementRequest {
    let first = *next;
    *next += u64::from(request.count());
    let ids: Vec<ServerId> = (first..*next).map(testing::server_id).collect();
    let request = match request.group().cloned() {
        Some(group) => {
            let group = ids.iter().fold(group, |group, id| group.with_member(*id));
            request.with_group(group)
        }
        None => request,
    };
    request.with_servers(ids)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Fleets and requests of every kind: ratios, reserved and over-full hosts, groups, forced
    /// hosts, several servers at once.
    #[test]
    fn no_sequence_of_plans_and_removals_overcommits(
        hosts in 1_usize..25,
        seed: u64,
        counts in prop::collection::vec((1_u32..6, any::<bool>(), 0_usize..4), 12),
    ) {
        let scheduler = nova();
        let mut fleet = testing::fleet(hosts, seed);
        let limits = limits(&fleet);
        let mut placed: Vec<ServerId> = Vec::new();
        let mut next = 1 << 41;
        let requests = testing::requests(&fleet, counts.len(), seed ^ 1);
        for (request, (count, some, removals)) in requests.into_iter().zip(counts) {
            let fulfilment = if some { Fulfilment::AsManyAsFit } else { Fulfilment::AllOrNothing };
            // A rebuild takes nothing: its servers hold what they hold.
            let request = request.with_rebuild(false).with_count(count).with_fulfilment(fulfilment);
            let request = with_ids(request, &mut next);
            let plan = scheduler.plan(&fleet, &request);
            let fits = u32::try_from(plan.placements().len()).unwrap();
            prop_assert!(fits == count || (some && fits < count) || fits == 0);
            let before = members(&fleet, &request);
            let filtered = request.force_hosts().is_empty();
            let shape = request.shape();
            for (placement, id) in plan.placements().iter().zip(request.servers()) {
                let server = PlacedServer::new(*id, shape.clone());
                fleet.place(&placement.host, server).unwrap();
                placed.push(*id);
            }
            for (key, (used, _)) in amounts(&fleet) {
                prop_assert!(used <= limits[&key], "{key:?}: {used}");
            }
            // The group's rules hold, also among the servers of this request.
            if let Some(group) = request.group().filter(|_| filtered) {
                let hosts: Vec<_> = plan.placements().iter().map(|placement| &placement.host).collect();
                match group.rules.policy() {
                    ServerGroupPolicy::AntiAffinity => {
                        let most = group.rules.max_server_per_host().map_or(1, |most| most.get());
                        let after = members(&fleet, &request);
                        for host in &hosts {
                            prop_assert!(after[*host] <= most, "{host}: {before:?}, then {after:?}");
                        }
                    }
                    ServerGroupPolicy::Affinity => {
                        let services: Vec<_> = hosts
                            .iter()
                            .map(|host| fleet.find(host).unwrap().service_host().clone())
                            .collect();
                        // Members that are on several hosts already may be joined on any.
                        let together = match group.hosts.is_empty() {
                            true => services.windows(2).all(|pair| pair[0] == pair[1]),
                            false => services.iter().all(|host| group.hosts.contains(host)),
                        };
                        prop_assert!(together, "{services:?}, wanted {:?}", group.hosts);
                    }
                    _ => {}
                }
            }
            for _ in 0..removals.min(placed.len()) {
                let gone = placed.remove(placed.len() / 2);
                fleet.remove_server(&gone).unwrap();
            }
        }
        // Everything goes, and the fleet is what it was.
        let start = testing::fleet(hosts, seed);
        for server in placed {
            fleet.remove_server(&server).unwrap();
        }
        prop_assert!(fleet.hosts().zip(start.hosts()).all(|(now, then)| now.to_state() == then.to_state()));
    }

    /// Only who wins a tie hangs on the order of the fleet: the earlier host.
    #[test]
    fn a_plan_on_a_permuted_fleet_is_the_same_but_for_ties(
        hosts in 1_usize..25,
        seed: u64,
        count in 1_u32..5,
        order in Just((0..25_usize).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let scheduler = nova();
        let fleet = testing::fleet(hosts, seed);
        let order: Vec<HostIndex> = order
            .into_iter()
            .filter_map(|row| fleet.hosts().nth(row).map(|host| host.index()))
            .collect();
        let permuted = in_order(&fleet, &order);
        for request in testing::requests(&fleet, 12, seed ^ 1) {
            let request = request.with_count(count);
            let plans = [&fleet, &permuted].map(|fleet| scheduler.plan(fleet, &request));
            let tied = |plan: &Plan| {
                let rounds = plan.explain().rounds.iter();
                let mut tables = rounds.filter_map(|round| round.ranking.as_ref());
                tables.any(|table| table.tied > 1)
            };
            for (plan, fleet) in plans.iter().zip([&fleet, &permuted]) {
                let first = plan.explain().rounds.first().and_then(|round| round.ranking.as_ref());
                for pair in first.iter().flat_map(|table| table.best.windows(2)) {
                    let [one, other] = [&pair[0], &pair[1]].map(|ranked| fleet.index_of(&ranked.host));
                    prop_assert!(pair[0].total > pair[1].total || one < other);
                }
            }
            let [one, other] = &plans;
            // The first server ties with the same hosts, whatever their order. Which of them it
            // gets may decide whether the others fit, where they are to be together.
            let first = |plan: &Plan| {
                plan.placements().first().map(|placement| placement.weight.to_bits())
            };
            if count == 1 || (one.is_placed() && other.is_placed()) {
                prop_assert_eq!(first(one), first(other), "{:?}", &request);
            }
            if !tied(one) && !tied(other) {
                let hosts = |plan: &Plan| -> Vec<(HostName, u64)> {
                    let placements = plan.placements().iter();
                    placements.map(|one| (one.host.clone(), one.weight.to_bits())).collect()
                };
                prop_assert_eq!(hosts(one), hosts(other), "{:?}", &request);
            }
        }
    }

    /// See `Scheduler::plan_with` for when this holds.
    #[test]
    fn several_servers_at_once_are_placed_as_one_after_the_other(
        hosts in 1_usize..25,
        seed: u64,
        count in 2_u32..6,
        named: bool,
    ) {
        let mut config = Config::default();
        for filter in ["NUMATopologyFilter", "PciPassthroughFilter"] {
            config.filter_scheduler.enabled_filters.push(filter.to_owned());
        }
        let scheduler = Registry::nova().scheduler(&config).unwrap();
        let fleet = testing::fleet(hosts, seed);
        let mut next = 1 << 41;
        for request in testing::requests(&fleet, 12, seed ^ 1) {
            let request = request.with_count(count).with_fulfilment(Fulfilment::AsManyAsFit);
            // Without ids, the next plan would not know of members of the group placed by this one.
            // And what nobody can name holds no cells and no devices.
            let hardware = request.numa().is_some() || !request.pci().is_empty();
            let named = named || hardware || request.group().is_some();
            let request = if named { with_ids(request, &mut next) } else { request.with_servers([]) };
            let expected = one_by_one(&scheduler, &fleet, &request);
            // Every way in which a plan is reckoned.
            for detail in [Detail::Off, Detail::Counts, Detail::Full] {
                let options = PlanOptions::default().with_detail(detail);
                let plan = scheduler.plan_with(&fleet, &request, &options);
                let placed: Vec<_> = plan
                    .placements()
                    .iter()
                    .map(|placement| (placement.host.clone(), placement.weight.to_bits()))
                    .collect();
                prop_assert_eq!(&placed, &expected, "{:?}", &request);
            }
        }
    }
}

/// A fleet whose hosts have room for so many servers each, and a request for servers of a group.
fn group_of(
    policy: ServerGroupPolicy,
    most: Option<u32>,
    rooms: &[u64],
    count: u32,
) -> (Fleet, PlacementRequest) {
    let fleet = testing::fleet_of(
        rooms
            .iter()
            .enumerate()
            .map(|(number, room)| testing::host(&format!("h{number}")).memory_mib(1024 * room)),
    );
    let most = most.map(|most| most.try_into().unwrap());
    let rules = ServerGroupRules::new(policy, most).unwrap();
    let request = testing::request().count(count).with(|request| {
        request
            .with_group(GroupRequest::new(rules))
            .with_alternates(0)
    });
    (fleet, with_ids(request.build(), &mut 0))
}

/// How many servers each host got, in the order of the fleet.
fn shares(fleet: &Fleet, request: &PlacementRequest) -> Vec<u64> {
    let mut config = Config::default();
    // Enough that the group weighs more than anything else.
    config.filter_scheduler.soft_affinity_weight_multiplier = 1e6;
    config.filter_scheduler.soft_anti_affinity_weight_multiplier = 1e6;
    let scheduler = Registry::nova().scheduler(&config).unwrap();
    let placed = |detail| {
        let options = PlanOptions::default().with_detail(detail);
        let plan = scheduler.plan_with(fleet, request, &options);
        let mut shares = vec![0; fleet.len()];
        for placement in plan.placements() {
            shares[fleet.index_of(&placement.host).unwrap().get()] += 1;
        }
        shares
    };
    let shares = placed(Detail::Off);
    assert_eq!(placed(Detail::Full), shares);
    shares
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anti_affinity_holds_within_one_request(
        rooms in prop::collection::vec(0_u64..5, 1..12),
        count in 1_u32..14,
        most in prop::option::of(1_u32..4),
    ) {
        let (fleet, request) = group_of(ServerGroupPolicy::AntiAffinity, most, &rooms, count);
        let shares = shares(&fleet, &request);
        let limit = u64::from(most.unwrap_or(1));
        let fits = rooms.iter().map(|room| limit.min(*room)).sum::<u64>() >= u64::from(count);
        prop_assert_eq!(shares.iter().sum::<u64>(), if fits { u64::from(count) } else { 0 });
        prop_assert!(shares.iter().zip(&rooms).all(|(share, room)| share <= room && *share <= limit));
    }

    /// All go where the first goes, which is the emptiest host; as in Nova they go nowhere if it
    /// has not room for all.
    #[test]
    fn affinity_holds_within_one_request(
        rooms in prop::collection::vec(0_u64..8, 1..12),
        count in 1_u32..10,
    ) {
        let (fleet, request) = group_of(ServerGroupPolicy::Affinity, None, &rooms, count);
        let shares = shares(&fleet, &request);
        let fits = rooms.iter().max().is_some_and(|most| *most >= u64::from(count));
        prop_assert_eq!(shares.iter().sum::<u64>(), if fits { u64::from(count) } else { 0 });
        prop_assert!(shares.iter().filter(|share| **share > 0).count() <= 1);
    }

    /// No host gets a server while another with room has two less.
    #[test]
    fn soft_anti_affinity_spreads_one_request(
        rooms in prop::collection::vec(0_u64..6, 1..12),
        count in 1_u32..20,
    ) {
        let (fleet, request) = group_of(ServerGroupPolicy::SoftAntiAffinity, None, &rooms, count);
        let shares = shares(&fleet, &request);
        let fits = rooms.iter().sum::<u64>() >= u64::from(count);
        prop_assert_eq!(shares.iter().sum::<u64>(), if fits { u64::from(count) } else { 0 });
        let most = shares.iter().max().copied().unwrap_or(0);
        for (share, room) in shares.iter().zip(&rooms) {
            prop_assert!(share == room || most <= share + 1, "{shares:?} of {rooms:?}");
        }
    }

    /// No host is begun while one that has servers has room.
    #[test]
    fn soft_affinity_gathers_one_request(
        rooms in prop::collection::vec(0_u64..6, 1..12),
        count in 1_u32..20,
    ) {
        let (fleet, request) = group_of(ServerGroupPolicy::SoftAffinity, None, &rooms, count);
        let shares = shares(&fleet, &request);
        let fits = rooms.iter().sum::<u64>() >= u64::from(count);
        prop_assert_eq!(shares.iter().sum::<u64>(), if fits { u64::from(count) } else { 0 });
        let begun = shares.iter().zip(&rooms).filter(|(share, room)| **share > 0 && share < room);
        prop_assert!(begun.count() <= 1, "{shares:?} of {rooms:?}");
    }
}

#[test]
fn what_is_generated_is_placed_as_often_as_not() {
    let scheduler = nova();
    let (mut placed, mut refused) = (0, 0);
    for seed in 0..20 {
        let fleet = testing::fleet(20, seed);
        for request in testing::requests(&fleet, 20, seed) {
            match scheduler.plan(&fleet, &request.with_count(3)).is_placed() {
                true => placed += 1,
                false => refused += 1,
            }
        }
    }
    assert!(
        placed > 50 && refused > 50,
        "{placed} placed, {refused} refused"
    );
}

/// Remembers the order of the hosts, best first.
#[derive(Default)]
struct Sorted(Vec<HostIndex>);

impl Claimer for Sorted {
    fn sorted(&mut self, _server: u32, hosts: &[HostIndex]) {
        if self.0.is_empty() {
            self.0 = hosts.to_vec();
        }
    }
    fn claim(&mut self, _server: u32, _host: &HostView<'_>) -> bool {
        true
    }
}

/// Plans each server by itself, on the fleet with those before it, whose hosts are in the order
/// that the server before it found: so ties go the same way.
fn one_by_one(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
) -> Vec<(HostName, u64)> {
    let mut fleet = fleet.clone();
    let mut group = request.group().cloned();
    let mut placed = Vec::new();
    for place in 0..usize::try_from(request.count()).unwrap() {
        let id = request.servers().get(place).copied();
        let mut single = request.clone().with_count(1).with_servers(id);
        if let Some(group) = &group {
            single = single.with_group(group.clone());
        }
        let mut sorted = Sorted::default();
        let options = PlanOptions::default();
        let plan = scheduler.plan_claiming(&fleet, &single, &options, &mut sorted);
        let Some(placement) = plan.placements().first() else {
            break;
        };
        placed.push((placement.host.clone(), placement.weight.to_bits()));
        let service = fleet.find(&placement.host).unwrap().service_host().clone();
        group = group.map(|group| group.with_host(service));
        match id {
            Some(id) => {
                let host = fleet.find(&placement.host).unwrap();
                let hardware = scheduler.hardware_for(&single, &host);
                let server = PlacedServer::new(id, single.shape()).with_hardware(hardware);
                fleet.place(&placement.host, server).unwrap();
            }
            None => fleet.claim(&placement.host, single.resources()).unwrap(),
        }
        // A build is an operation under way.
        let mut host = fleet.find(&placement.host).unwrap().to_state();
        host.io_operations += 1;
        fleet.set_host(host);
        fleet = in_order(&fleet, &sorted.0);
    }
    placed
}

/// The same hosts, these first.
fn in_order(fleet: &Fleet, first: &[HostIndex]) -> Fleet {
    let rest = fleet
        .hosts()
        .map(|host| host.index())
        .filter(|host| !first.contains(host));
    let hosts: Vec<HostState> = first
        .iter()
        .copied()
        .chain(rest)
        .map(|host| fleet.host(host).to_state())
        .collect();
    Fleet::builder()
        .hosts(hosts)
        .aggregates(fleet.aggregates().cloned())
        .build()
}

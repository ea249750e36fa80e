//! What holds for every fleet and every request.

use std::time::Duration;

use nova_core::model::{Inventory, ResourceClass};
use nova_sched::{
    Candidates, Change, Detail, Fleet, HostIndex, HostState, Liveness, PlacementRequest,
    PlanOptions, Scheduler,
};
use proptest::prelude::*;

use crate::fixtures::{class, name, size};

const CLASSES: [ResourceClass; 3] = [
    ResourceClass::Vcpu,
    ResourceClass::MemoryMb,
    ResourceClass::DiskGb,
];

prop_compose! {
    fn inventory()(total in 0_u64..40, spare in 0_u64..6, ratio in 0_usize..4, used in 0_u64..50)
        -> (Inventory, u64)
    {
        let ratio = [1.0, 1.5, 4.0, 0.5][ratio];
        (Inventory::new(total + spare, spare, ratio).unwrap(), used)
    }
}

prop_compose! {
    fn host()(
        amounts in prop::array::uniform3(inventory()),
        gpu in prop::option::of(inventory()),
        zone in 0_usize..2,
        state in 0_usize..8,
        arch in 0_usize..3,
    ) -> HostState {
        let mut host = HostState::new(name("unnamed"), ["az1", "az2"][zone].parse().unwrap());
        for (class, (inventory, used)) in CLASSES.into_iter().zip(amounts) {
            host = host.with_inventory(class.clone(), inventory).with_used(class, used);
        }
        if let Some((inventory, used)) = gpu {
            host = host.with_inventory(class("CUSTOM_GPU"), inventory).with_used(class("CUSTOM_GPU"), used);
        }
        if arch > 0 {
            host = host.with_capability("arch", ["x86_64", "aarch64"][arch - 1]);
        }
        match state {
            0 => host.with_disabled("maintenance"),
            1 => host.with_liveness(Liveness::Silent(Duration::from_secs(90))),
            _ => host,
        }
    }
}

fn hosts() -> impl Strategy<Value = Vec<HostState>> {
    prop::collection::vec(host(), 0..14).prop_map(|mut hosts| {
        for (number, host) in hosts.iter_mut().enumerate() {
            host.name = name(&format!("h{number}"));
        }
        hosts
    })
}

prop_compose! {
    fn request()(
        vcpus in 1_u64..12,
        memory in 1_u64..40,
        disk in 0_u64..20,
        gpus in 0_u64..3,
        count in 1_u32..4,
        zone in 0_usize..4,
        arch in any::<bool>(),
        lists in 0_usize..8,
    ) -> PlacementRequest {
        let mut request = PlacementRequest::new(size(vcpus, memory, disk))
            .with_resource(class("CUSTOM_GPU"), gpus.saturating_sub(1))
            .with_count(count);
        if zone > 1 {
            request = request.with_zone(["az1", "az2"][zone - 2].parse().unwrap());
        }
        if arch {
            request = request.with_extra_spec("capabilities:arch", "x86_64");
        }
        match lists {
            0 => request.with_ignored_host(name("h1")),
            1 => request.with_forced_host(name("h0")).with_forced_host(name("h2")),
            _ => request,
        }
    }
}

fn fleet(hosts: impl IntoIterator<Item = HostState>) -> Fleet {
    Fleet::builder().hosts(hosts).build()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_overcommits(hosts in hosts(), request in request()) {
        let mut fleet = fleet(hosts);
        let plan = Scheduler::default().plan(&fleet, &request);
        prop_assert_eq!(plan.placements().len(), if plan.is_placed() { request.count() as usize } else { 0 });
        for placement in plan.placements() {
            fleet.claim(&placement.host, plan.resources()).unwrap();
            let host = fleet.find(&placement.host).unwrap();
            for (class, wanted) in request.resources().iter() {
                let amounts = host.amounts(class);
                prop_assert!(amounts.used <= amounts.capacity && wanted <= amounts.total);
            }
            prop_assert!(!placement.alternates.contains(&placement.host));
        }
        for placement in plan.placements() {
            for alternate in &placement.alternates {
                let host = fleet.find(alternate).unwrap();
                for (class, wanted) in request.resources().iter() {
                    prop_assert!(host.amounts(class).fits(wanted));
                }
            }
        }
    }

    #[test]
    fn the_order_of_the_fleet_decides_ties_only(
        (hosts, shuffled) in hosts().prop_flat_map(|hosts| (Just(hosts.clone()), Just(hosts).prop_shuffle())),
        request in request(),
    ) {
        let request = request.with_count(1);
        let scheduler = Scheduler::default();
        let (one, other) = (scheduler.plan(&fleet(hosts), &request), scheduler.plan(&fleet(shuffled), &request));
        prop_assert_eq!(one.is_placed(), other.is_placed());
        if let ([first], [second]) = (one.placements(), other.placements()) {
            prop_assert_eq!(first.weight.to_bits(), second.weight.to_bits());
            if one.explain().rounds[0].ranking.as_ref().unwrap().tied == 1 {
                prop_assert_eq!(&first.host, &second.host);
            }
        }
    }

    #[test]
    fn single_answers_and_sweeps_agree(hosts in hosts(), request in request()) {
        let fleet = fleet(hosts);
        let scheduler = Scheduler::default();
        let all: Vec<HostIndex> = fleet.hosts().map(|host| host.index()).collect();
        for filter in scheduler.filters() {
            let mut swept = Candidates::all(fleet.len());
            filter.sweep(&request, &fleet, &mut swept);
            let mut checked = Candidates::all(fleet.len());
            checked.retain(|host| filter.check(&request, &fleet.host(host)).is_pass());
            prop_assert_eq!(swept, checked, "{}", filter.name());
        }
        for weigher in scheduler.weighers() {
            let mut swept = Vec::new();
            weigher.sweep(&request, &fleet, &all, &mut swept);
            let asked: Vec<f64> = fleet.hosts().map(|host| weigher.weigh(&request, &host)).collect();
            prop_assert_eq!(swept, asked, "{}", weigher.name());
        }
    }

    #[test]
    fn counts_add_up(hosts in hosts(), request in request()) {
        let fleet = fleet(hosts);
        let plan = Scheduler::default().plan(&fleet, &request);
        let why = plan.explain();
        prop_assert_eq!(why.hosts, fleet.len());
        let mut before = fleet.len();
        for round in &why.rounds {
            prop_assert_eq!(round.candidates, before);
            let mut left = before;
            for step in &round.filters {
                prop_assert_eq!(step.removed + step.left, left, "{}", &step.filter);
                let told: usize = step.refusals.iter().map(|refusal| refusal.count).sum();
                prop_assert_eq!(told + step.others, step.removed);
                left = step.left;
            }
            prop_assert_eq!(left > 0, round.chosen.is_some());
            prop_assert_eq!(round.ranking.as_ref().map_or(0, |ranking| ranking.hosts), left);
            before = left;
        }
        prop_assert_eq!(plan.is_placed(), why.suggestion.is_none() && why.fits == request.count());
        prop_assert!(!why.to_string().is_empty());
    }

    #[test]
    fn what_is_suggested_helps(hosts in hosts(), request in request()) {
        let fleet = fleet(hosts);
        let scheduler = Scheduler::default();
        let plan = scheduler.plan(&fleet, &request);
        let Some(suggestion) = &plan.explain().suggestion else {
            // Without one, the request fitted, or no host has processors and memory at all.
            let usable = fleet.hosts().any(|host| {
                CLASSES.iter().take(2).all(|class| host.amounts(class).largest() > 0)
            });
            prop_assert!(plan.is_placed() || !usable);
            return Ok(());
        };
        let (changed, after) = suggestion.apply(&request, &fleet);
        prop_assert!(scheduler.plan(&after, &changed).is_placed(), "{}", suggestion);
        // Two changes are not suggested where one of these would do.
        if suggestion.changes.len() > 1 && request.count() == 1 {
            let lowered = request.resources().iter().map(|(class, _)| {
                request.clone().with_resource(class.clone(), 1)
            });
            let moved = ["az1", "az2"].map(|zone| request.clone().with_zone(zone.parse().unwrap()));
            let dropped = request.clone().without_extra_spec("capabilities:arch");
            for easier in lowered.chain(moved).chain([dropped]) {
                prop_assert!(!scheduler.plan(&fleet, &easier).is_placed(), "{}", suggestion);
            }
        }
        // A little less of a change does not do.
        if let [Change::LowerResource { class, to, .. }] = suggestion.changes.as_slice() {
            let more = request.clone().with_resource(class.clone(), to + 1);
            prop_assert!(!scheduler.plan(&fleet, &more).is_placed(), "{}", suggestion);
        }
        if let [Change::LowerCount { to, .. }] = suggestion.changes.as_slice() {
            let more = request.clone().with_count(to + 1);
            prop_assert!(!scheduler.plan(&fleet, &more).is_placed(), "{}", suggestion);
        }
    }

    #[test]
    fn detail_and_repetition_change_nothing(hosts in hosts(), request in request(), seed: u64) {
        let fleet = fleet(hosts);
        let scheduler = Scheduler::builder().with_defaults().host_subset_size(3).shuffle_best(true).build();
        let plan = |detail| {
            let options = PlanOptions::default().with_seed(seed).with_detail(detail);
            scheduler.plan_with(&fleet, &request, &options)
        };
        let full = plan(Detail::Full);
        prop_assert_eq!(&full, &plan(Detail::Full));
        for detail in [Detail::Off, Detail::Counts] {
            let less = plan(detail);
            prop_assert_eq!(less.placements(), full.placements());
            prop_assert_eq!(less.explain().fits, full.explain().fits);
        }
    }

    #[test]
    fn edits_come_to_the_same_as_building_anew(hosts in hosts(), extra in host(), at in 0_usize..14) {
        let whole = fleet(hosts.clone());
        let states = |fleet: &Fleet| fleet.hosts().map(|host| host.to_state()).collect::<Vec<_>>();
        let mut expected = hosts;
        let gone = name(&format!("h{at}"));
        expected.retain(|host| host.name != gone);
        prop_assert_eq!(states(&whole.without_host(&gone)), expected.clone());
        let mut added = extra;
        added.name = name("added");
        expected.push(added.clone());
        let edited = whole.without_host(&gone).with_host(added);
        prop_assert_eq!(states(&edited), expected);
        for (row, host) in edited.hosts().enumerate() {
            prop_assert_eq!(edited.index_of(host.name()).unwrap().get(), row);
        }
    }
}

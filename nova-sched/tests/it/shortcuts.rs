//! A plan is the same, whichever way it is reckoned.

use nova_core::model::{Inventory, ResourceClass, ServerGroupPolicy};
use nova_sched::weighers::{CPUWeigher, DiskWeigher, RAMWeigher, ServerGroupSoftAffinityWeigher};
use nova_sched::{
    Detail, Filter, Fleet, GroupRequest, HostState, HostView, PlacementRequest, PlanOptions,
    Scheduler, Unclaimed, Verdict,
};
use proptest::prelude::*;

use crate::fixtures::{name, size};

prop_compose! {
    fn fleet()(sizes in prop::collection::vec((1_u64..6, 1_u64..6, 1_u64..6, 0_u64..3, 0_u8..9), 1..200)) -> Fleet {
        let hosts = sizes.into_iter().enumerate().map(|(number, (vcpus, memory, disk, used, state))| {
            let inventory = |total| Inventory::new(total * 4, 0, 1.0).unwrap();
            let mut host = HostState::new(name(&format!("h{number}")), "az1".parse().unwrap());
            host.disabled = (state == 0).then(String::new);
            host
                .with_inventory(ResourceClass::Vcpu, inventory(vcpus))
                .with_inventory(ResourceClass::MemoryMb, inventory(memory))
                .with_inventory(ResourceClass::DiskGb, inventory(disk))
                .with_used(ResourceClass::MemoryMb, used)
        });
        Fleet::builder().hosts(hosts).build()
    }
}

prop_compose! {
    /// Weighers with few distinct weights and many ties; lots are drawn now and then.
    fn scheduler()(
        multipliers in prop::array::uniform3(-2_i32..3),
        subset in 0_usize..4,
        shuffle in any::<bool>(),
    ) -> Scheduler {
        let [cpu, ram, disk] = multipliers.map(f64::from);
        Scheduler::builder()
            .filter(nova_sched::filters::ComputeFilter)
            .filter(nova_sched::filters::CoreFilter)
            .filter(nova_sched::filters::RamFilter)
            .filter(nova_sched::filters::DiskFilter)
            .weigher(CPUWeigher::new(cpu))
            .weigher(RAMWeigher::new(ram))
            .weigher(DiskWeigher::new(disk))
            .host_subset_size(subset)
            .shuffle_best(shuffle)
            .build()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// With details, every server's hosts are filtered and sorted anew; without, a single one's are
    /// weighed in one pass over the fleet, and of several only the host that changed is looked at.
    #[test]
    fn what_is_reckoned_again_does_not_show(
        fleet in fleet(),
        scheduler in scheduler(),
        wanted in (0_u64..5, 0_u64..5, 0_u64..3),
        count in prop_oneof![Just(1_u32), 2_u32..40],
        alternates in 0_u32..6,
        seed in any::<u64>(),
    ) {
        let request = PlacementRequest::new(size(wanted.0, wanted.1, wanted.2)).with_count(count).with_alternates(alternates);
        let plan = |detail| {
            let options = PlanOptions::default().with_seed(seed).with_detail(detail);
            scheduler.plan_with(&fleet, &request, &options)
        };
        let (quick, thorough) = (plan(Detail::Off), plan(Detail::Counts));
        prop_assert_eq!(quick.explain().fits, thorough.explain().fits);
        prop_assert_eq!(quick.placements(), thorough.placements());

        // Where claims may be refused, no shortcut is taken.
        let full = PlanOptions::default().with_seed(seed);
        let thorough = scheduler.plan_claiming(&fleet, &request, &full, &mut Unclaimed);
        prop_assert_eq!(scheduler.plan_with(&fleet, &request, &full), thorough);
    }
}

/// No more than so many servers in the whole fleet: it looks beyond the host, and says so by
/// leaving `is_local` alone.
#[derive(Debug)]
struct FleetLimit(u64);

impl Filter for FleetLimit {
    fn name(&self) -> &str {
        "FleetLimit"
    }

    fn check(&self, _request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let servers: u64 = host.fleet().hosts().map(|host| host.servers()).sum();
        if servers < self.0 {
            Verdict::Pass
        } else {
            Verdict::reject("the fleet has servers enough")
        }
    }
}

#[test]
fn a_filter_that_looks_at_other_hosts_is_asked_about_all_again() {
    let hosts =
        (0..3).map(|number| HostState::new(name(&format!("h{number}")), "az1".parse().unwrap()));
    let fleet = Fleet::builder().hosts(hosts).build();
    let scheduler = Scheduler::builder().filter(FleetLimit(2)).build();
    let request = PlacementRequest::new(size(0, 0, 0)).with_count(3);
    for detail in [Detail::Off, Detail::Full] {
        let options = PlanOptions::default().with_detail(detail);
        let plan = scheduler.plan_with(&fleet, &request, &options);
        assert_eq!(plan.explain().fits, 2, "{detail:?}");
    }
}

#[test]
fn a_member_that_was_told_to_be_elsewhere_comes_into_the_fleet() {
    let id = |number: u32| {
        format!("00000000-0000-4000-8000-{number:012}")
            .parse()
            .unwrap()
    };
    let hosts = ["a", "b"].map(|host| {
        HostState::new(name(host), "az1".parse().unwrap()).with_inventory(
            ResourceClass::MemoryMb,
            Inventory::new(8192, 0, 1.0).unwrap(),
        )
    });
    let fleet = Fleet::builder().hosts(hosts).build();
    let group = GroupRequest::new(ServerGroupPolicy::SoftAffinity).with_member_on(id(1), name("a"));
    let group = (2..5).fold(group, |group, number| group.with_member(id(number)));
    let request = PlacementRequest::new(size(0, 1024, 0))
        .with_group(group)
        .with_servers((1..5).map(id))
        .with_count(4);
    let scheduler = Scheduler::builder()
        .filter(nova_sched::filters::RamFilter)
        .weigher(RAMWeigher::default())
        .weigher(ServerGroupSoftAffinityWeigher::new(0.1))
        .build();
    let plan = |detail| {
        let options = PlanOptions::default().with_detail(detail);
        let plan = scheduler.plan_with(&fleet, &request, &options);
        plan.placements().to_vec()
    };
    assert_eq!(plan(Detail::Off), plan(Detail::Full));
}

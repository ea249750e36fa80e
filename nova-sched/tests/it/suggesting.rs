//! The smallest change that would have fitted.

use nova_core::id::{AggregateId, HostName};
use nova_core::model::{Inventory, ResourceClass, ServerGroupPolicy};
use nova_sched::filters::{AggregateRamFilter, DifferentHostFilter, RetryFilter, SameHostFilter};
use nova_sched::{
    Change, Destination, Filter, Fleet, Fulfilment, GroupRequest, HostAggregate, HostState,
    HostView, PlacementRequest, RequestImage, Scheduler, Verdict,
};
use proptest::prelude::*;

use crate::fixtures::{fleet, host, name, request, server, server_id, size};

/// The defaults, and the filters of hints.
fn scheduler() -> Scheduler {
    let builder = Scheduler::builder().with_defaults();
    builder
        .filter(DifferentHostFilter)
        .filter(SameHostFilter)
        .filter(RetryFilter)
        .build()
}

/// The changes that are suggested, which help.
fn changes(fleet: &Fleet, request: &PlacementRequest) -> Vec<Change> {
    let plan = scheduler().plan(fleet, request);
    assert!(!plan.is_placed());
    let suggestion = plan.explain().suggestion.clone().unwrap();
    let (changed, after) = suggestion.apply(request, fleet);
    assert!(scheduler().plan(&after, &changed).is_placed());
    suggestion.changes
}

fn texts(fleet: &Fleet, request: &PlacementRequest) -> Vec<String> {
    let changes = changes(fleet, request);
    changes.iter().map(ToString::to_string).collect()
}

#[test]
fn groups() {
    let fleet = fleet([
        host("a", 4096).with_server(server(1, 1024, 0)),
        host("b", 4096)
            .with_server(server(2, 1024, 0))
            .with_server(server(3, 1024, 0)),
        host("c", 4096).with_disabled(""),
    ]);
    let members = |policy, members: &[u32]| {
        let group = GroupRequest::new(policy);
        members.iter().fold(group, |group, member| {
            let id = server_id(*member);
            let here = fleet.host(fleet.host_of(&id).unwrap()).name().clone();
            group.with_member_on(id, here)
        })
    };
    let apart = members(ServerGroupPolicy::AntiAffinity, &[1, 2, 3]);
    assert_eq!(
        texts(&fleet, &request(512).with_group(apart)),
        ["allow 2 members of the group on one host instead of 1"]
    );
    // The host of the group is full.
    let together = members(ServerGroupPolicy::Affinity, &[2]);
    assert_eq!(
        changes(&fleet, &request(2048 + 1024).with_group(together)),
        [Change::LowerResource {
            class: ResourceClass::MemoryMb,
            from: 3072,
            to: 2048
        }]
    );
    let gone = GroupRequest::new(ServerGroupPolicy::Affinity).with_host(name("x"));
    assert_eq!(
        changes(&fleet, &request(512).with_group(gone)),
        [Change::LeaveGroup]
    );
}

#[test]
fn hints() {
    let one = fleet([host("a", 4096).with_server(server(1, 1024, 0))]);
    assert_eq!(
        texts(&one, &request(512).with_different_host([server_id(1)])),
        ["leave the hint different_host away"]
    );
    assert_eq!(
        texts(&one, &request(512).with_same_host([server_id(2)])),
        ["leave the hint same_host away"]
    );
    assert_eq!(
        texts(&one, &request(512).with_tried_host(name("a"))),
        ["try a again"]
    );
    let twice = request(512)
        .with_tried_host(name("a"))
        .with_ignored_host(name("a"));
    assert_eq!(texts(&one, &twice), ["stop excluding a", "try a again"]);
}

#[test]
fn lists_and_destinations() {
    let two = fleet([
        host("a", 4096).with_service_host(name("service")),
        host("b", 1024).with_used(ResourceClass::MemoryMb, 1024),
    ]);
    let elsewhere = request(2048).with_destination(Destination::host(name("b")));
    assert_eq!(texts(&two, &elsewhere), ["leave the destination open"]);
    let node = Destination::host(name("service")).with_node(name("other"));
    assert_eq!(
        changes(&two, &request(2048).with_destination(node)),
        [Change::DropDestination]
    );
    // Hosts are named by their service.
    assert_eq!(
        texts(&two, &request(2048).with_ignored_host(name("Service"))),
        ["stop excluding service"]
    );
    assert_eq!(
        texts(&two, &request(2048).with_forced_host(name("a"))),
        ["name service among the hosts"]
    );
    let b = two.with_disabled(&name("b"), "").unwrap();
    assert_eq!(
        texts(&b, &request(1024).with_forced_node(name("c"))),
        ["name a among the nodes"]
    );
}

#[test]
fn traits_aggregates_trees_and_images() {
    let id = |number: u32| -> AggregateId {
        let text = format!("6e7b9a3c-0f3d-4f2e-9e61-{number:012}");
        text.parse().unwrap()
    };
    let odd = HostAggregate::new(id(1), "odd").with_host(name("a"));
    let mut gpu = host("a", 4096);
    gpu.traits.insert("CUSTOM_GPU".parse().unwrap());
    let one = Fleet::builder().host(gpu).aggregate(odd).build();
    let wish = || request(512);
    let ask = |name: &str| name.parse::<nova_core::model::HostTrait>().unwrap();
    assert_eq!(
        texts(&one, &wish().with_required_trait(ask("CUSTOM_FPGA"))),
        ["leave the trait CUSTOM_FPGA away"]
    );
    assert_eq!(
        texts(&one, &wish().with_forbidden_trait(ask("CUSTOM_GPU"))),
        ["leave the trait CUSTOM_GPU away"]
    );
    let spec = wish().with_extra_spec("trait:CUSTOM_FPGA", "required");
    assert_eq!(
        texts(&one, &spec),
        ["leave the extra spec trait:CUSTOM_FPGA away"]
    );
    // Two at once, and one of them by both ways.
    let two = wish()
        .with_required_trait(ask("CUSTOM_FPGA"))
        .with_required_trait(ask("CUSTOM_GPU"))
        .with_extra_spec("trait:CUSTOM_SSD", "required");
    assert_eq!(
        texts(&one, &two),
        [
            "leave the trait CUSTOM_FPGA away",
            "leave the extra spec trait:CUSTOM_SSD away"
        ]
    );
    assert_eq!(
        changes(&one, &wish().with_member_of([id(2), id(3)])),
        [Change::DropMemberOf {
            any: [id(2), id(3)].into()
        }]
    );
    assert_eq!(
        changes(&one, &wish().with_not_member_of(id(1))),
        [Change::AllowAggregate { aggregate: id(1) }]
    );
    assert_eq!(
        texts(&one, &wish().with_in_tree(name("b"))),
        ["stop asking for the resources of b"]
    );
    let mut image = RequestImage::default();
    let property = |name: &str| (name.to_owned(), "aarch64".to_owned());
    image
        .properties
        .extend(["hw_architecture", "os_distro"].map(property));
    assert_eq!(
        texts(&one, &wish().with_image(image)),
        ["leave the image property hw_architecture away"]
    );
}

/// Filters of somebody's own, whose reasons say nothing that could be understood.
#[derive(Debug)]
struct Own(fn(&PlacementRequest, &HostView<'_>) -> bool);

impl Filter for Own {
    fn name(&self) -> &str {
        "Own"
    }
    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match self.0(request, host) {
            true => Verdict::Pass,
            false => Verdict::reject("no"),
        }
    }
}

#[test]
fn what_a_filter_of_ones_own_refuses_for_is_found_out() {
    let suggestion = |filter: Own, request: &PlacementRequest| {
        let scheduler = Scheduler::builder().with_defaults().filter(filter).build();
        let plan = scheduler.plan(&fleet([host("a", 4096), host("b", 2048)]), request);
        plan.explain().suggestion.as_ref().map(ToString::to_string)
    };
    let colours = request(1024)
        .with_hint("colour", ["green"])
        .with_hint("size", ["large"])
        .with_extra_spec("colour", "green");
    assert_eq!(
        suggestion(
            Own(|request, _| request.hint("colour").is_empty()),
            &colours
        )
        .as_deref(),
        Some("leave the hint colour away (then a will do)")
    );
    let never = Own(|_, _| false);
    assert_eq!(suggestion(never, &colours), None);
    // Hosts that nothing helps do not hide the one that something does.
    #[derive(Debug)]
    struct Closed;
    impl Filter for Closed {
        fn name(&self) -> &str {
            "Closed"
        }
        fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
            match (host.name().as_str(), request.hint("colour")) {
                ("h99", []) => Verdict::Pass,
                ("h99", _) => Verdict::reject("another colour"),
                _ => Verdict::reject("closed for good"),
            }
        }
    }
    let scheduler = Scheduler::builder().with_defaults().filter(Closed).build();
    let many = fleet((0..100).map(|number| host(&format!("h{number}"), 4096)));
    let plan = scheduler.plan(&many, &request(8192).with_hint("colour", ["green"]));
    assert_eq!(
        plan.explain().suggestion.as_ref().unwrap().to_string(),
        "lower MEMORY_MB from 8192 to 4096 and leave the hint colour away (then h99 will do)"
    );
}

#[test]
fn as_many_as_fit_are_explained() {
    let one = fleet([host("a", 4096)]);
    let some = request(1024)
        .with_count(6)
        .with_fulfilment(Fulfilment::AsManyAsFit);
    let plan = scheduler().plan(&one, &some);
    assert!(plan.is_placed());
    assert_eq!(plan.explain().summary(), "4 of 6 servers on a");
    assert_eq!(plan.explain().suggestion, None);
    let text = plan.explain().to_string();
    let head: Vec<&str> = text.lines().take(2).collect();
    assert_eq!(
        head,
        [
            "4 of 6 servers, each of 1 VCPU, 1024 MEMORY_MB, 10 DISK_GB: a (4×) (1 host \
             considered, fleet generation 0).",
            "No host was found for the others; as many as fit will do."
        ]
    );
    // Not even one: less of each, for as many as fit then.
    let large = request(8192)
        .with_count(6)
        .with_fulfilment(Fulfilment::AsManyAsFit);
    assert_eq!(
        changes(&one, &large),
        [Change::LowerResource {
            class: ResourceClass::MemoryMb,
            from: 8192,
            to: 4096
        }]
    );
    let three = request(1024).with_count(6);
    assert_eq!(
        changes(&one, &three),
        [Change::LowerCount { from: 6, to: 4 }]
    );
}

#[test]
fn a_host_for_all_is_a_smaller_change_than_one_for_a_few() {
    let enable = |host: &str| [Change::EnableHost { host: name(host) }];
    // What n1 lacks is little, but it would take one server of the three.
    let two = fleet([
        host("n1", 16_000),
        host("n2", 65_536).with_disabled("new firmware"),
    ]);
    assert_eq!(changes(&two, &request(16_384).with_count(3)), enable("n2"));
    // One fits as things are.
    let room = || host("n2", 65_536).with_disabled("new firmware");
    let mut large = room();
    large = large.with_inventory(ResourceClass::Vcpu, Inventory::new(128, 0, 4.0).unwrap());
    large = large.with_inventory(ResourceClass::DiskGb, Inventory::new(5000, 0, 1.0).unwrap());
    let one_fits = fleet([host("n1", 512), large.clone()]);
    let hundred = request(512).with_count(100);
    assert_eq!(changes(&one_fits, &hundred), enable("n2"));
    // It is found among any number of hosts that lack a little.
    let narrow = (0..90).map(|number| host(&format!("h{number}"), 500));
    let many = fleet([host("n1", 512)].into_iter().chain(narrow).chain([large]));
    assert_eq!(changes(&many, &hundred), enable("n2"));
    // To give a few of the servers up is less than to enable a host.
    let most_fit = fleet([host("n1", 512 * 4), room()]);
    assert_eq!(
        texts(&most_fit, &request(512).with_count(5)),
        ["ask for 4 servers instead of 5"]
    );
    assert_eq!(
        texts(&fleet([host("n1", 512)]), &request(512).with_count(2)),
        ["ask for 1 server instead of 2"]
    );
}

#[test]
fn a_zone_for_all_is_a_smaller_change_than_fewer_servers() {
    let mut roomy = host("n2", 65_536);
    roomy.zone = "az2".parse().unwrap();
    let two = fleet([host("n1", 1024), roomy]);
    let ten = request(1024)
        .with_count(10)
        .with_zone("az1".parse().unwrap());
    assert_eq!(
        changes(&two, &ten),
        [Change::OtherZone {
            from: "az1".parse().unwrap(),
            to: "az2".parse().unwrap()
        }]
    );
}

#[test]
fn fewer_servers_are_asked_for_besides_only_where_nothing_else_is_enough() {
    // Both changes of n1 and of n2 leave some over; n2's fewer.
    let two = fleet([
        host("n1", 2048).with_disabled(""),
        host("n2", 3072).with_disabled(""),
    ]);
    assert_eq!(
        texts(&two, &request(1024).with_count(4)),
        ["enable n2", "ask for 3 servers instead of 4"]
    );
}

#[test]
fn several_servers_are_given_no_less_than_it_takes() {
    // n2 has 200 MiB left for one server, but at 500 n1 takes both.
    let two = fleet([host("n1", 1000), host("n2", 200)]);
    let plan = scheduler().plan(&two, &request(600).with_count(2));
    assert_eq!(
        plan.explain().suggestion.as_ref().unwrap().to_string(),
        "lower MEMORY_MB from 600 to 500 (then n1 will do)"
    );
}

prop_compose! {
    fn some_host()(
        memory in 1_u64..60, used in 0_u64..60, disabled in 0_usize..5, far in 0_usize..4,
    ) -> HostState {
        let mut state = host("unnamed", memory).with_used(ResourceClass::MemoryMb, used.min(memory));
        if far == 0 {
            state.zone = "az2".parse().unwrap();
        }
        match disabled {
            0 => state.with_disabled("maintenance"),
            _ => state,
        }
    }
}

/// The most memory with which the request would fit.
fn most_memory(fleet: &Fleet, request: &PlacementRequest) -> Option<u64> {
    let wanted = request.resources().get(&ResourceClass::MemoryMb);
    let fits = |memory: &u64| {
        let less = request
            .clone()
            .with_resource(ResourceClass::MemoryMb, *memory);
        Scheduler::default().plan(fleet, &less).is_placed()
    };
    (1..wanted).rev().find(fits)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// More hosts than changes are worked out for, so that the right ones have to be chosen.
    #[test]
    fn no_smaller_change_of_one_resource_is_passed_over(
        hosts in prop::collection::vec(some_host(), 1..60), memory in 40_u64..90, zone: bool,
    ) {
        let named = |(number, mut state): (usize, HostState)| {
            state.name = name(&format!("h{number}"));
            state
        };
        let fleet = fleet(hosts.into_iter().enumerate().map(named));
        let mut wish = PlacementRequest::new(size(1, memory, 1));
        if zone {
            wish = wish.with_zone("az1".parse().unwrap());
        }
        let plan = Scheduler::default().plan(&fleet, &wish);
        let Some(suggestion) = &plan.explain().suggestion else {
            prop_assert!(plan.is_placed());
            return Ok(());
        };
        let lowered = |class: &Change| match class {
            Change::LowerResource { class: ResourceClass::MemoryMb, to, .. } => Some(*to),
            _ => None,
        };
        // One change if one is enough, and then the least that is given up of all.
        if let Some(most) = most_memory(&fleet, &wish) {
            prop_assert_eq!(suggestion.changes.len(), 1);
            if let Some(to) = suggestion.changes.iter().find_map(lowered) {
                prop_assert_eq!(to, most, "{}", suggestion);
                let first = fleet.hosts().find(|host| {
                    let amounts = host.amounts(&ResourceClass::MemoryMb);
                    host.disabled_reason().is_none()
                        && amounts.free() == most
                        && wish.zone().is_none_or(|zone| zone == host.zone())
                });
                let host: Option<HostName> = first.map(|host| host.name().clone());
                prop_assert_eq!(&suggestion.host, &host);
            }
        }
        // None of several changes can be taken back.
        if let [_, _, ..] = suggestion.changes.as_slice() {
            for left_out in 0..suggestion.changes.len() {
                let mut fewer = suggestion.clone();
                fewer.changes.remove(left_out);
                let (changed, after) = fewer.apply(&wish, &fleet);
                prop_assert!(!Scheduler::default().plan(&after, &changed).is_placed(), "{}", suggestion);
            }
        }
    }
}

#[test]
fn what_aggregates_lend_is_what_is_suggested() {
    let lent = |ratio: &str, wanted: u64| {
        let host = host("a", 4096).with_used(ResourceClass::MemoryMb, 2048);
        let id = "6e7b9a3c-0f3d-4f2e-9e61-3a6a0a6a1c11".parse().unwrap();
        let aggregate = HostAggregate::new(id, "lent")
            .with_host(name("a"))
            .with_metadata("ram_allocation_ratio", ratio);
        let fleet = Fleet::builder().host(host).aggregate(aggregate).build();
        let scheduler = Scheduler::builder().filter(AggregateRamFilter).build();
        let request = request(wanted);
        let plan = scheduler.plan(&fleet, &request);
        let suggestion = plan.explain().suggestion.clone().unwrap();
        let (changed, fleet) = suggestion.apply(&request, &fleet);
        assert!(scheduler.plan(&fleet, &changed).is_placed(), "{suggestion}");
        changed.resources().get(&ResourceClass::MemoryMb)
    };
    // 2048 MiB of 8192 are used, and one server may have 4096.
    assert_eq!(lent("2.0", 4500), 4096);
    // 2048 of 3072 are used.
    assert_eq!(lent("0.75", 3000), 1024);
}

//! Servers that two hosts report, since they are being moved, and hosts of one compute service.

use std::num::NonZeroU32;

use nova_core::model::{ResourceClass, ServerGroupPolicy, ServerGroupRules};
use nova_sched::filters::{DifferentHostFilter, SameHostFilter, ServerGroupAntiAffinityFilter};
use nova_sched::weighers::{ServerGroupSoftAffinityWeigher, ServerGroupSoftAntiAffinityWeigher};
use nova_sched::{
    Candidates, Detail, Error, Filter, Fleet, FleetUpdate, GroupRequest, PlacementRequest,
    PlanOptions, Scheduler, Weigher,
};

use crate::fixtures::{fleet, host, name, request, server, server_id};

/// Server 1 is on "a" and "b"; nothing is on "c".
fn moving(last: &str) -> Fleet {
    let mut fleet = fleet(["a", "b", "c"].map(|name| host(name, 4096)));
    let first = if last == "a" { "b" } else { "a" };
    for name in [first, last] {
        fleet.set_host(host(name, 4096).with_server(server(1, 1024, 0)));
    }
    fleet
}

fn used(fleet: &Fleet) -> [u64; 3] {
    ["a", "b", "c"].map(|host| {
        let host = fleet.find(&name(host)).unwrap();
        assert_eq!(host.servers(), u64::try_from(host.placed().len()).unwrap());
        host.amounts(&ResourceClass::MemoryMb).used
    })
}

fn group(policy: ServerGroupPolicy) -> PlacementRequest {
    request(128).with_group(GroupRequest::new(policy).with_member(server_id(1)))
}

#[test]
fn filters_and_weighers_see_such_a_server_on_both() {
    for fleet in [moving("a"), moving("b")] {
        let hosts: Vec<usize> = fleet
            .hosts_of(&server_id(1))
            .map(|host| host.get())
            .collect();
        assert_eq!(hosts.len(), 2);
        assert_eq!(fleet.host_of(&server_id(1)).unwrap().get(), hosts[0]);
        let cases: [(&dyn Filter, PlacementRequest, [bool; 3]); 3] = [
            (
                &ServerGroupAntiAffinityFilter,
                group(ServerGroupPolicy::AntiAffinity),
                [false, false, true],
            ),
            (
                &DifferentHostFilter,
                request(128).with_different_host([server_id(1)]),
                [false, false, true],
            ),
            (
                &SameHostFilter,
                request(128).with_same_host([server_id(1)]),
                [true, true, false],
            ),
        ];
        for (filter, request, expected) in cases {
            let mut swept = Candidates::all(fleet.len());
            filter.sweep(&request, &fleet, &mut swept);
            for (host, expected) in fleet.hosts().zip(expected) {
                let checked = filter.check(&request, &host).is_pass();
                let swept = swept.contains(host.index());
                assert_eq!(
                    (checked, swept),
                    (expected, expected),
                    "{filter:?} {}",
                    host.name()
                );
            }
        }
        // One that is moved may stay on either.
        let itself = group(ServerGroupPolicy::AntiAffinity).with_servers([server_id(1)]);
        let mut swept = Candidates::all(fleet.len());
        ServerGroupAntiAffinityFilter.sweep(&itself, &fleet, &mut swept);
        assert_eq!(swept.len(), 3);

        let soft: [(&dyn Weigher, ServerGroupPolicy, f64); 2] = [
            (
                &ServerGroupSoftAffinityWeigher::default(),
                ServerGroupPolicy::SoftAffinity,
                1.0,
            ),
            (
                &ServerGroupSoftAntiAffinityWeigher::default(),
                ServerGroupPolicy::SoftAntiAffinity,
                -1.0,
            ),
        ];
        for (weigher, policy, there) in soft {
            let request = group(policy);
            let weights: Vec<f64> = fleet
                .hosts()
                .map(|host| weigher.weigh(&request, &host))
                .collect();
            assert_eq!(weights, [there, there, 0.0]);
            let hosts: Vec<_> = fleet.hosts().map(|host| host.index()).collect();
            let mut swept = Vec::new();
            weigher.sweep(&request, &fleet, &hosts, &mut swept);
            assert_eq!(swept, weights);
        }

        let apart = group(ServerGroupPolicy::AntiAffinity);
        let plan = Scheduler::default().plan(&fleet, &apart);
        assert_eq!(plan.placements()[0].host, name("c"));
    }
}

#[test]
fn a_server_that_arrived_is_counted_once_whichever_host_reported_last() {
    for last in ["a", "b"] {
        let both = moving(last);
        assert_eq!(used(&both), [1024, 1024, 0]);
        for (to, expected) in [
            ("a", [1024, 0, 0]),
            ("b", [0, 1024, 0]),
            ("c", [0, 0, 1024]),
        ] {
            let mut fleet = both.clone();
            let server = server_id(1);
            let to = name(to);
            let arrived = FleetUpdate::Moved {
                server,
                to: to.clone(),
            };
            fleet.apply(arrived.clone()).unwrap();
            assert_eq!(used(&fleet), expected, "{last} {to}");
            let hosts: Vec<_> = fleet.hosts_of(&server).collect();
            assert_eq!(hosts, [fleet.index_of(&to).unwrap()]);
            // To be told again changes nothing.
            fleet.apply(arrived).unwrap();
            assert_eq!(used(&fleet), expected);

            fleet.apply(FleetUpdate::Removed { server }).unwrap();
            assert_eq!(used(&fleet), [0, 0, 0]);
            assert_eq!(fleet.host_of(&server), None);
        }
    }
}

#[test]
fn a_server_that_is_gone_is_gone_from_all_hosts() {
    for last in ["a", "b"] {
        let mut fleet = moving(last);
        let (host, gone) = fleet.remove_server(&server_id(1)).unwrap();
        assert_eq!((host, gone), (name(last), server(1, 1024, 0)));
        assert_eq!(used(&fleet), [0, 0, 0]);
        assert_eq!(fleet.hosts_of(&server_id(1)).count(), 0);
        assert!(matches!(
            fleet.remove_server(&server_id(1)),
            Err(Error::UnknownServer { .. })
        ));
        // One host that goes leaves it to the other.
        let fleet = moving(last).without_host(&name(last));
        assert_eq!(fleet.hosts_of(&server_id(1)).count(), 1);
    }
}

#[test]
fn nodes_of_one_compute_service_have_their_servers_in_common() {
    // Server 1 is on the first node of the service, and the request tells of server 2.
    let node = |name: &str| host(name, 4096).with_service_host("service".parse().unwrap());
    let fleet = fleet([
        node("n1").with_server(server(1, 1024, 0)),
        node("n2"),
        host("c", 4096),
    ]);
    let apart = |most: u32| {
        let policy = ServerGroupPolicy::AntiAffinity;
        let rules = ServerGroupRules::new(policy, NonZeroU32::new(most)).unwrap();
        let group = GroupRequest::new(rules)
            .with_member(server_id(1))
            .with_member_on(server_id(2), name("service"));
        request(128).with_group(group)
    };
    let same = |filter: &dyn Filter, request: &PlacementRequest, expected: [bool; 3]| {
        let mut swept = Candidates::all(fleet.len());
        filter.sweep(request, &fleet, &mut swept);
        for (host, expected) in fleet.hosts().zip(expected) {
            let answers = (
                filter.check(request, &host).is_pass(),
                swept.contains(host.index()),
            );
            assert_eq!(answers, (expected, expected), "{filter:?} {}", host.name());
        }
    };
    for (most, fits) in [(1, false), (2, false), (3, true)] {
        let expected = [fits, fits, true];
        same(&ServerGroupAntiAffinityFilter, &apart(most), expected);
    }
    // Wherever the service has it, the server itself may stay.
    let itself = apart(1).with_servers([server_id(1)]);
    same(&ServerGroupAntiAffinityFilter, &itself, [true, true, true]);
    let near = request(128).with_same_host([server_id(1)]);
    same(&SameHostFilter, &near, [true, true, false]);
    let far = request(128).with_different_host([server_id(1)]);
    same(&DifferentHostFilter, &far, [false, false, true]);

    let soft = group(ServerGroupPolicy::SoftAffinity);
    let weigher = ServerGroupSoftAffinityWeigher::default();
    let hosts: Vec<_> = fleet.hosts().map(|host| host.index()).collect();
    let mut swept = Vec::new();
    weigher.sweep(&soft, &fleet, &hosts, &mut swept);
    assert_eq!(swept, [1.0, 1.0, 0.0]);

    // Two servers of one request do not go to two nodes of one service.
    let two = request(128)
        .with_count(2)
        .with_group(GroupRequest::new(ServerGroupPolicy::AntiAffinity));
    for detail in [Detail::Off, Detail::Full] {
        let options = PlanOptions::default().with_detail(detail);
        let plan = Scheduler::default().plan_with(&fleet, &two, &options);
        let hosts = plan.placements().iter().map(|placement| &placement.host);
        assert_eq!(hosts.filter(|host| **host != name("c")).count(), 1);
    }
}

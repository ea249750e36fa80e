//! One fleet that many threads feed and read.

use std::collections::BTreeMap;
use std::thread;

use nova_core::model::{ResourceClass, Resources};
use nova_sched::{
    Detail, Error, Fleet, FleetUpdate, HostAggregate, HostState, HostView, Liveness, PlacedServer,
    PlanOptions, Scheduler, ServerShape, SharedFleet, testing,
};

use crate::fixtures::{fleet, host, name, server_id, size};

fn states(fleet: &Fleet) -> Vec<HostState> {
    fleet.hosts().map(|host| host.to_state()).collect()
}

fn updates() -> Vec<FleetUpdate> {
    let placed = PlacedServer::new(server_id(1), ServerShape::new(size(2, 512, 5)));
    let aggregate = HostAggregate::new(
        "6e7b9a3c-0f3d-4f2e-9e61-3a6a0a6a1c11".parse().unwrap(),
        "ssd",
    )
    .with_host(name("b"));
    vec![
        FleetUpdate::report(host("a", 4096)),
        FleetUpdate::report(host("b", 4096)),
        FleetUpdate::report(host("c", 4096)),
        FleetUpdate::Aggregates(vec![aggregate]),
        FleetUpdate::Claim {
            host: name("a"),
            resources: size(1, 1024, 10),
        },
        FleetUpdate::Placed {
            host: name("a"),
            server: placed,
        },
        FleetUpdate::Moved {
            server: server_id(1),
            to: name("b"),
        },
        FleetUpdate::Disabled {
            host: name("a"),
            reason: "moving".to_owned(),
        },
        FleetUpdate::Enabled { host: name("a") },
        FleetUpdate::Liveness {
            host: name("b"),
            liveness: Liveness::ForcedDown,
        },
        FleetUpdate::Release {
            host: name("a"),
            resources: size(1, 1024, 10),
        },
        FleetUpdate::Removed {
            server: server_id(1),
        },
        FleetUpdate::Gone { host: name("c") },
    ]
}

#[test]
fn updates_are_edits_that_can_be_written_down() {
    let shared = SharedFleet::default();
    for update in updates() {
        let before = shared.generation();
        let text = serde_json::to_string(&update).unwrap();
        let read: FleetUpdate = serde_json::from_str(&text).unwrap();
        assert_eq!(read, update, "{text}");
        let after = shared.apply(read).unwrap();
        assert!(before < after && after == shared.generation(), "{text}");
    }
    let at_once = SharedFleet::default();
    assert_eq!(at_once.apply_all(updates()).unwrap(), shared.generation());
    assert_eq!(states(&at_once.snapshot()), states(&shared.snapshot()));
    let expected = [
        host("a", 4096),
        host("b", 4096).with_liveness(Liveness::ForcedDown),
    ];
    let untouched = |mut state: HostState| {
        state.used = Resources::new();
        state
    };
    assert_eq!(
        states(&shared.snapshot())
            .into_iter()
            .map(untouched)
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(shared.snapshot().aggregates().count(), 1);
}

#[test]
fn an_update_that_fails_changes_nothing() {
    let shared = SharedFleet::new(fleet([host("a", 4096)]));
    let claim = |host: &str| FleetUpdate::Claim {
        host: name(host),
        resources: size(1, 1, 1),
    };
    let before = shared.snapshot();
    assert!(matches!(
        shared.apply(claim("x")),
        Err(Error::UnknownHost { .. })
    ));
    assert!(matches!(
        shared.apply(FleetUpdate::Removed {
            server: server_id(1)
        }),
        Err(Error::UnknownServer { .. })
    ));
    // The first two of these would have been fine.
    let updates = [
        claim("a"),
        FleetUpdate::Gone { host: name("a") },
        claim("x"),
    ];
    assert!(matches!(
        shared.apply_all(updates),
        Err(Error::UnknownHost { .. })
    ));
    assert_eq!(shared.generation(), before.generation());
    assert_eq!(states(&shared.snapshot()), states(&before));
}

#[test]
fn generations_never_go_back() {
    let shared = SharedFleet::new(Fleet::builder().generation(7).build());
    assert_eq!(shared.replace(fleet([host("a", 1)])), 8);
    assert_eq!(shared.replace(Fleet::builder().generation(50).build()), 51);
    assert!(shared.snapshot().is_empty());
}

#[test]
fn threads_feed_it_while_others_read_whole_snapshots() {
    const FEEDS: u64 = 4;
    const CLAIMS: u64 = 200;
    let shared = SharedFleet::new(fleet(
        (0..FEEDS).map(|number| host(&format!("h{number}"), 1 << 20)),
    ));
    thread::scope(|scope| {
        for feed in 0..FEEDS {
            let (shared, host) = (shared.clone(), name(&format!("h{feed}")));
            scope.spawn(move || {
                for _ in 0..CLAIMS {
                    // Two claims that belong together: nobody sees one of them.
                    let claim = FleetUpdate::Claim {
                        host: host.clone(),
                        resources: size(1, 1, 0),
                    };
                    shared.apply_all([claim.clone(), claim]).unwrap();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let mut latest: BTreeMap<String, u64> = BTreeMap::new();
                let mut generation = 0;
                while generation < 2 * FEEDS * CLAIMS {
                    let snapshot = shared.snapshot();
                    assert!(snapshot.generation() >= generation);
                    generation = snapshot.generation();
                    let mut claims = 0;
                    for host in snapshot.hosts() {
                        let used = host.amounts(&ResourceClass::MemoryMb).used;
                        assert_eq!(used % 2, 0);
                        let former = latest.insert(host.name().to_string(), used);
                        assert!(former.unwrap_or(0) <= used);
                        claims += used;
                    }
                    assert_eq!(claims, generation);
                }
            });
        }
    });
    let end = shared.snapshot();
    for host in end.hosts() {
        assert_eq!(
            (host.amounts(&ResourceClass::Vcpu).used, host.servers()),
            (400, 400)
        );
    }
}

/// The same answers, whether hosts were reported one by one or together.
#[test]
fn hosts_that_come_and_go_one_by_one_are_where_they_would_be_together() {
    let hosts: Vec<HostState> = testing::fleet(200, 5)
        .hosts()
        .map(|host| host.to_state())
        .collect();
    let aggregates: Vec<HostAggregate> = testing::fleet(200, 5).aggregates().cloned().collect();
    let built = |hosts: &[HostState]| {
        Fleet::builder()
            .hosts(hosts.to_vec())
            .aggregates(aggregates.clone())
            .build()
    };
    let mut grown = built(&[]);
    let mut held = Vec::new();
    for (place, host) in hosts.iter().enumerate() {
        if place % 50 == 7 {
            held.push((grown.clone(), place));
        }
        grown.apply(FleetUpdate::report(host.clone())).unwrap();
    }
    assert_same(&grown, &built(&hosts));
    for (snapshot, len) in held {
        assert_same(&snapshot, &built(&hosts[..len]));
    }

    let gone = |place: &usize| place.is_multiple_of(3) || *place == 199;
    let updates = (0..hosts.len())
        .filter(gone)
        .map(|place| FleetUpdate::Gone {
            host: hosts[place].name.clone(),
        });
    let shared = SharedFleet::new(grown.clone());
    let generation = shared.apply_all(updates.clone()).unwrap();
    let stay = (0..hosts.len()).filter(|place| !gone(place));
    let stay: Vec<HostState> = stay.map(|place| hosts[place].clone()).collect();
    assert_same(&shared.snapshot(), &built(&stay));
    let went = u64::try_from(hosts.len() - stay.len()).unwrap();
    assert_eq!(generation, grown.generation() + went);
    // A host that is gone already is no edit.
    assert_eq!(shared.apply_all(updates).unwrap(), generation);
}

fn assert_same(one: &Fleet, other: &Fleet) {
    assert_eq!(states(one), states(other));
    assert_eq!(one.in_service(), other.in_service());
    for (one, other) in one.hosts().zip(other.hosts()) {
        let aggregates = |host: HostView<'_>| host.aggregates().cloned().collect::<Vec<_>>();
        assert_eq!(aggregates(one), aggregates(other));
        let nodes = |host: HostView<'_>| {
            let nodes = host.fleet().nodes_of(host.service_host());
            nodes.collect::<Vec<_>>()
        };
        assert_eq!(nodes(one), nodes(other));
    }
    for aggregate in other.aggregates() {
        let hosts = |fleet: &Fleet| fleet.hosts_of_aggregate(&aggregate.id).unwrap().to_vec();
        assert_eq!(hosts(one), hosts(other));
    }
    let options = PlanOptions::default().with_detail(Detail::Off);
    let scheduler = Scheduler::default();
    for request in testing::requests(other, 10, 3) {
        let plan = |fleet: &Fleet| scheduler.plan_with(fleet, &request, &options);
        assert_eq!(plan(one).placements(), plan(other).placements());
    }
}

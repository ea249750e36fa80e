//! What differs between two plans.

use nova_core::model::ResourceClass;
use nova_sched::{Changed, PlanDiff, Scheduler};

use crate::fixtures::{fleet, host, name, request, server_id};

#[test]
fn every_difference_is_told() {
    let fleet = fleet([host("a", 8192), host("b", 4096), host("c", 2048)]);
    let scheduler = Scheduler::default();
    let wish = request(1024).with_servers([server_id(7)]);
    let one = scheduler.plan(&fleet, &wish);
    assert!(one.diff(&one).is_empty() && one.diff(&one).same_hosts());
    assert_eq!(one.diff(&one).to_string(), "no difference\n");

    let disabled = fleet.with_disabled(&name("a"), "new firmware").unwrap();
    let other = scheduler.plan(&disabled, &wish);
    let diff = one.diff(&other);
    insta::assert_snapshot!(diff, @r"
    fleet generation: 0 -> 1
    server 1 (00000000-0000-4000-8000-000000000007): a -> b, alternates b+c -> c
    ");
    assert_eq!(diff.moved().count(), 1);
    assert_eq!(diff.servers[0].id, Some(server_id(7)));
    let json = serde_json::to_string(&diff).unwrap();
    assert_eq!(serde_json::from_str::<PlanDiff>(&json).unwrap(), diff);

    // Another request: more servers, of another size, and something else.
    let larger = request(2048).with_count(2).with_priority(3);
    let diff = one.diff(&scheduler.plan(&fleet, &larger));
    assert_eq!(diff.generation, None);
    assert_eq!(diff.count, Some(Changed { from: 1, to: 2 }));
    assert_eq!(diff.fits, Some(Changed { from: 1, to: 2 }));
    let memory = diff.resources.as_ref().unwrap();
    let amount = |resources: &nova_core::model::Resources| resources.get(&ResourceClass::MemoryMb);
    assert_eq!((amount(&memory.from), amount(&memory.to)), (1024, 2048));
    assert!(diff.request);
    // The second server is new.
    assert_eq!(diff.servers.last().unwrap().server, 2);
    assert_eq!(
        diff.servers.last().unwrap().host,
        Some(Changed {
            from: None,
            to: Some(name("b"))
        })
    );

    // None at all on one side.
    let none = scheduler.plan(&fleet, &request(1 << 20).with_servers([server_id(7)]));
    let diff = none.diff(&one);
    assert_eq!(
        diff.servers[0].host,
        Some(Changed {
            from: None,
            to: Some(name("a"))
        })
    );
    assert!(!diff.request && diff.resources.is_some());
}

#[test]
fn weights_and_alternates_differ_without_a_move() {
    let before = fleet([host("a", 8192), host("b", 4096)]);
    let after = before.without_host(&name("b"));
    let scheduler = Scheduler::default();
    let diff = scheduler
        .plan(&before, &request(1024))
        .diff(&scheduler.plan(&after, &request(1024)));
    assert!(diff.same_hosts() && !diff.is_empty());
    let server = &diff.servers[0];
    assert_eq!(
        server.weight,
        Some(Changed {
            from: Some(3.0),
            to: Some(0.0)
        })
    );
    assert_eq!(
        server.alternates,
        Some(Changed {
            from: vec![name("b")],
            to: vec![]
        })
    );
}

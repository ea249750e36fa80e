//! What a configuration says, and what it may not say.

use nova_sched::{Config, Error, PlacementRequest, Registry, Scheduler};
use serde_json::{Value, json};

use crate::fixtures::{fleet, host, request};

fn config(value: Value) -> Config {
    serde_json::from_value(value).unwrap()
}

fn scheduler(value: Value) -> Result<Scheduler, Error> {
    Registry::nova().scheduler(&config(value))
}

/// The option that is refused, and why.
fn refused(value: Value) -> (String, String) {
    match scheduler(value).unwrap_err() {
        Error::InvalidOption { option, reason } => (option, reason),
        other => panic!("{other}"),
    }
}

#[test]
fn attempts_are_the_host_and_its_alternates_unless_the_request_says_how_many() {
    let fleet = fleet(["a", "b", "c", "d", "e", "f"].map(|name| host(name, 8192)));
    let alternates = |attempts: Option<u32>, request: &PlacementRequest| {
        let file = attempts.map_or(
            json!({}),
            |attempts| json!({"scheduler": {"max_attempts": attempts}}),
        );
        let plan = scheduler(file).unwrap().plan(&fleet, request);
        plan.placements()[0].alternates.len()
    };
    let unsaid = request(1024);
    assert_eq!(unsaid.alternates(), None);
    assert_eq!(alternates(None, &unsaid), 2);
    assert_eq!(alternates(Some(1), &unsaid), 0);
    assert_eq!(alternates(Some(5), &unsaid), 4);
    assert_eq!(alternates(Some(u32::MAX), &unsaid), 5);
    let said = unsaid.clone().with_alternates(3);
    assert_eq!(said.alternates(), Some(3));
    assert_eq!(alternates(Some(1), &said), 3);
    assert_eq!(alternates(Some(5), &unsaid.with_alternates(0)), 0);

    // A scheduler that is put together by hand.
    let built = |builder: nova_sched::SchedulerBuilder| builder.build().max_attempts();
    assert_eq!(built(Scheduler::builder()), 3);
    assert_eq!(built(Scheduler::builder().max_attempts(7)), 7);
    assert_eq!(built(Scheduler::builder().max_attempts(0)), 1);
}

#[test]
fn no_attempt_at_all_is_refused() {
    let (option, reason) = refused(json!({"scheduler": {"max_attempts": 0}}));
    assert_eq!(option, "scheduler.max_attempts");
    assert_eq!(reason, "it is 0: no server would be tried on any host");
}

#[test]
fn requests_say_how_many_alternates_or_nothing_of_them() {
    let unsaid = serde_json::to_value(request(1024)).unwrap();
    assert_eq!(unsaid.get("alternates"), None);
    let said = serde_json::to_value(request(1024).with_alternates(2)).unwrap();
    assert_eq!(said.get("alternates"), Some(&json!(2)));
    for value in [unsaid, said] {
        let read: PlacementRequest = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), value);
    }
}

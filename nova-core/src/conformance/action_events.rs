//! Events of actions.

use super::actions::{
    EXTREME, action, begin, begin_event, created, event, event_outcome, events, finish_event,
};
use super::cases::{Case, cases};
use super::fixture::{assert_fails, fresh};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::HostName;
use crate::model::{ActionEvent, EventName, EventOutcome, EventResult};
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(action_events {
    an_event_reads_back,
    an_event_begins_and_ends_once,
    an_event_needs_its_action,
    events_come_the_newest_first,
});

/// `action_event_begin` and `action_event_finish` keep every field.
pub async fn an_event_reads_back(store: &Store, env: &Env) {
    let action = action(env, created(store, env).await.id);
    begin(store, &action).await;
    let hosts = [
        None,
        Some(fresh(env, "host")),
        Some("\u{1f980}".repeat(crate::id::MAX_ID_CHARS).parse().unwrap()),
        Some("A".parse().unwrap()),
        Some("a".parse().unwrap()),
    ];
    for (index, host) in hosts.iter().enumerate() {
        let mut one = event(
            env,
            &action,
            &"x".repeat(EventName::MAX_CHARS),
            host.as_ref(),
        );
        assert_eq!(begin_event(store, &one).await, one);
        let outcome = EventOutcome {
            finished_at: Timestamp::from_micros([i64::MIN, i64::MAX][index % 2]),
            result: EventResult::ALL[index % 2],
            details: (index > 0).then(|| EXTREME[index - 1].to_owned()),
        };
        let ended = finish_event(store, &one, &outcome).await;
        one.outcome = Some(outcome);
        assert_eq!(ended, one);
        assert!(events(store, &action, 10).await.contains(&one), "{one:?}");
    }
    let mut imported = event(env, &action, "imported", None);
    imported.outcome = Some(EventOutcome {
        finished_at: env.now(),
        result: EventResult::Error,
        details: Some("x".repeat(200_000)),
    });
    begin_event(store, &imported).await;
    assert!(
        events(store, &action, 10).await.contains(&imported),
        "a text was changed"
    );
    assert_eq!(events(store, &action, 10).await.len(), hosts.len() + 1);
}

/// An event that is there, by its name and host, neither begins nor ends again.
pub async fn an_event_begins_and_ends_once(store: &Store, env: &Env) {
    let action = action(env, created(store, env).await.id);
    begin(store, &action).await;
    let host: HostName = fresh(env, "host");
    let mut all = Vec::new();
    for (name, host) in [
        ("build", None),
        ("build", Some(&host)),
        ("spawn", Some(&host)),
    ] {
        let one = event(env, &action, name, host);
        assert_eq!(begin_event(store, &one).await, one);
        let again = ActionEvent {
            started_at: Timestamp::EPOCH,
            ..one.clone()
        };
        assert_eq!(begin_event(store, &again).await, one);
        all.push((one, again));
    }
    for (index, (one, again)) in all.iter().enumerate() {
        let first = event_outcome(i64::try_from(index).unwrap(), EventResult::Success);
        let ended = finish_event(store, one, &first).await;
        assert_eq!(ended.outcome.as_ref(), Some(&first));
        let second = event_outcome(99, EventResult::Error);
        assert_eq!(finish_event(store, one, &second).await, ended);
        assert_eq!(begin_event(store, again).await, ended);
    }
    assert_eq!(events(store, &action, 10).await.len(), 3);
}

/// `action_event_begin` without the action is `NotFound`, `action_event_finish` without the event
/// too, and there is nothing to list.
pub async fn an_event_needs_its_action(store: &Store, env: &Env) {
    let action = action(env, created(store, env).await.id);
    let one = event(env, &action, "build", None);
    assert_fails!(
        store.actions().action_event_begin(&one).await,
        Error::NotFound { kind: ObjectKind::Action, id } if id == action.request_id.as_str()
    );
    assert!(events(store, &action, 10).await.is_empty());
    let host: HostName = fresh(env, "host");
    let missing = async |host: Option<&HostName>| {
        let (server, request) = (one.server_id, &one.request_id);
        let outcome = event_outcome(1, EventResult::Success);
        let finish = store
            .actions()
            .action_event_finish(server, request, &one.name, host, &outcome);
        let expected = format!("{request}/build");
        assert_fails!(
            finish.await,
            Error::NotFound { kind: ObjectKind::Action, id } if id == expected
        );
    };
    missing(None).await;
    begin(store, &action).await;
    missing(None).await;
    begin_event(store, &one).await;
    missing(Some(&host)).await;
}

/// `action_events_of` is ordered by start, then name, then host, all backwards, has those of the
/// action only and no more than the limit.
pub async fn events_come_the_newest_first(store: &Store, env: &Env) {
    let server = created(store, env).await.id;
    let (action, other) = (action(env, server), action(env, server));
    begin(store, &action).await;
    begin(store, &other).await;
    begin_event(store, &event(env, &other, "build", None)).await;
    let hosts: [Option<HostName>; 3] =
        [None, Some("A".parse().unwrap()), Some("a".parse().unwrap())];
    let mut all = Vec::new();
    for name in ["b", "a-b", "a_b", "a.b"] {
        for host in &hosts {
            let mut one = event(env, &action, name, host.as_ref());
            one.started_at = Timestamp::from_micros([5, -5][all.len() % 2]);
            begin_event(store, &one).await;
            all.push(one);
        }
    }
    all.sort_by_key(|one| (one.started_at, one.name.clone(), one.host.clone()));
    all.reverse();
    for limit in [0, 1, 5, 11, 12, 13] {
        let expected = &all[..all.len().min(limit as usize)];
        assert_eq!(events(store, &action, limit).await, expected);
    }
    assert_eq!(events(store, &action, u32::MAX).await, all);
}

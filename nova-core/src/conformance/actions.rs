//! Actions and their events.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, fresh, server};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{HostName, RequestId, ServerId};
use crate::model::{Action, ActionEvent, ActionOutcome, EventOutcome, EventResult, Server};
use crate::repository::{PageRequest, Store};
use crate::state::Operation;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(actions {
    an_action_reads_back,
    an_action_begins_once,
    an_action_ends_once,
    an_action_needs_its_server,
    actions_are_paged_the_newest_first,
    paging_survives_new_actions,
    one_of_racing_outcomes_stays,
    purging_the_server_takes_its_actions,
});

pub(super) const EXTREME: [&str; 4] = [
    "",
    "\0 and \u{1b}[2J",
    "\u{1f980}\u{fffd}\u{10ffff}",
    "'\"\\%_;--",
];

/// `action_begin` and `action_finish` keep every field: each operation, extreme texts and times.
pub async fn an_action_reads_back(store: &Store, env: &Env) {
    let server = created(store, env).await.id;
    for (index, operation) in Operation::ALL.iter().enumerate() {
        let mut one = action(env, server);
        one.operation = *operation;
        assert_eq!(begin(store, &one).await, one);
        assert_eq!(get(store, &one).await, one);
        let outcome = ActionOutcome {
            finished_at: Timestamp::from_micros([i64::MIN, i64::MAX, 0][index % 3]),
            message: match index % 5 {
                4 => None,
                text => Some(EXTREME[text].to_owned()),
            },
        };
        let ended = finish(store, &one, &outcome).await;
        one.outcome = Some(outcome);
        assert_eq!(ended, one);
        assert_eq!(get(store, &one).await, one);
    }
    // One that has ended already, as an import brings it, with the longest texts.
    let mut imported = action(env, server);
    imported.request_id = "\u{1f980}".repeat(crate::id::MAX_ID_CHARS).parse().unwrap();
    imported.outcome = Some(ActionOutcome {
        finished_at: env.now(),
        message: Some("x".repeat(200_000)),
    });
    assert_eq!(begin(store, &imported).await, imported);
    assert!(
        get(store, &imported).await == imported,
        "a text was changed"
    );
}

/// `action_begin` of an action that is there changes nothing and returns it as it is.
pub async fn an_action_begins_once(store: &Store, env: &Env) {
    let mut one = action(env, created(store, env).await.id);
    begin(store, &one).await;
    let again = Action {
        operation: Operation::Delete,
        user_id: fresh(env, "user"),
        started_at: Timestamp::EPOCH,
        ..one.clone()
    };
    assert_eq!(begin(store, &again).await, one);
    one = finish(store, &one, &outcome(5)).await;
    assert_eq!(begin(store, &again).await, one);
    // The same request may do something to another server.
    let other = Action {
        server_id: created(store, env).await.id,
        ..again
    };
    assert_eq!(begin(store, &other).await, other);
    assert_eq!(get(store, &one).await, one);

    let raced = action(env, one.server_id);
    let answers = at_once(16, |index| {
        let (store, mut raced) = (store.clone(), raced.clone());
        raced.started_at = Timestamp::from_micros(i64::try_from(index).unwrap());
        async move { begin(&store, &raced).await }
    })
    .await;
    let held = get(store, &raced).await;
    assert!(answers.iter().all(|answer| *answer == held), "{answers:?}");
}

/// `action_finish` of an action that has ended changes nothing and returns it as it is; of one
/// that is not there it is `NotFound`.
pub async fn an_action_ends_once(store: &Store, env: &Env) {
    let one = action(env, created(store, env).await.id);
    let missing = |result| {
        assert_fails!(
            result,
            Error::NotFound { kind: ObjectKind::Action, id } if id == one.request_id.as_str()
        );
    };
    let actions = store.actions();
    let first = outcome(5);
    missing(
        actions
            .action_finish(one.server_id, &one.request_id, &first)
            .await,
    );
    missing(actions.action_get(one.server_id, &one.request_id).await);
    begin(store, &one).await;
    let ended = finish(store, &one, &first).await;
    assert_eq!(ended.outcome.as_ref(), Some(&first));
    assert_eq!(finish(store, &one, &outcome(6)).await, ended);
    assert_eq!(get(store, &one).await, ended);
    // Another server has none of this request.
    let other = created(store, env).await.id;
    missing(actions.action_finish(other, &one.request_id, &first).await);
}

/// `action_begin` for an unknown server is `NotFound`; there is nothing to list.
pub async fn an_action_needs_its_server(store: &Store, env: &Env) {
    let one = action(env, ServerId::generate(env));
    assert_fails!(
        store.actions().action_begin(&one).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == one.server_id.to_string()
    );
    assert!(requests(store, one.server_id, 10).await.is_empty());
}

/// `actions_of` is ordered by start and then request id, both backwards, has those of the server
/// only, and needs a marker that is there.
pub async fn actions_are_paged_the_newest_first(store: &Store, env: &Env) {
    let (server, other) = (created(store, env).await.id, created(store, env).await.id);
    let tail = env.uuid().simple().to_string();
    let mut all = Vec::new();
    for (index, head) in [
        "a",
        "B",
        "b",
        "A",
        "_",
        "-",
        "\u{e4}",
        "z",
        "1",
        "\u{1f980}",
    ]
    .iter()
    .enumerate()
    {
        let mut one = action(env, server);
        one.request_id = format!("{head}{tail}").parse().unwrap();
        one.started_at = Timestamp::from_micros([3, -1, 2][index % 3]);
        begin(store, &one).await;
        begin(
            store,
            &Action {
                server_id: other,
                ..one.clone()
            },
        )
        .await;
        all.push(one);
    }
    all.sort_by_key(|one| (one.started_at, one.request_id.clone()));
    all.reverse();
    let expected: Vec<RequestId> = all.iter().map(|one| one.request_id.clone()).collect();
    for limit in [1, 3, 9, 10, 11, 1000] {
        let found = requests(store, server, limit).await;
        assert_eq!(found, expected, "in pages of {limit}");
    }
    let whole = PageRequest::first(10).unwrap();
    let whole = store.actions().actions_of(server, &whole).await.unwrap();
    assert_eq!((whole.items, whole.next), (all, None));
    let missing = RequestId::generate(env);
    let page = PageRequest::largest().after(missing.clone());
    assert_fails!(
        store.actions().actions_of(server, &page).await,
        Error::NotFound { kind: ObjectKind::Action, id } if id == missing.as_str()
    );
}

/// While actions begin, paging neither repeats nor hides those that were there.
pub async fn paging_survives_new_actions(store: &Store, env: &Env) {
    let server = created(store, env).await.id;
    let mut staying = Vec::new();
    for _ in 0..12 {
        let one = action(env, server);
        begin(store, &one).await;
        staying.push((one.started_at, one.request_id));
    }
    staying.sort_unstable();
    staying.reverse();
    let staying: Vec<RequestId> = staying.into_iter().map(|(_, id)| id).collect();
    at_once(4, |index| {
        let (store, env, staying) = (store.clone(), env.clone(), staying.clone());
        async move {
            for step in 0..6 {
                if index == 0 {
                    let mut seen = requests(&store, server, 3).await;
                    seen.retain(|id| staying.contains(id));
                    assert_eq!(seen, staying);
                    continue;
                }
                let mut new = action(&env, server);
                if step % 2 == 0 {
                    new.started_at = Timestamp::from_micros(step);
                }
                begin(&store, &new).await;
                finish(&store, &new, &outcome(1)).await;
            }
        }
    })
    .await;
}

/// Of outcomes that are noted at once, one stays, and all are told which.
pub async fn one_of_racing_outcomes_stays(store: &Store, env: &Env) {
    let action = action(env, created(store, env).await.id);
    begin(store, &action).await;
    let one = event(env, &action, "build", None);
    begin_event(store, &one).await;
    let answers = at_once(16, |index| {
        let (store, action, one) = (store.clone(), action.clone(), one.clone());
        async move {
            let index = i64::try_from(index).unwrap();
            let outcome = event_outcome(index, EventResult::Success);
            (
                finish(&store, &action, &self::outcome(index)).await,
                finish_event(&store, &one, &outcome).await,
            )
        }
    })
    .await;
    let held = (
        get(store, &action).await,
        events(store, &action, 2).await[0].clone(),
    );
    assert!(held.0.outcome.is_some() && held.1.outcome.is_some());
    assert!(answers.iter().all(|answer| *answer == held), "{answers:?}");
}

/// A deleted server keeps its actions; a purged one loses them and their events.
pub async fn purging_the_server_takes_its_actions(store: &Store, env: &Env) {
    let (gone, other) = (created(store, env).await, created(store, env).await);
    let of_gone = action(env, gone.id);
    let of_other = Action {
        server_id: other.id,
        ..of_gone.clone()
    };
    for one in [&of_gone, &of_other] {
        begin(store, one).await;
        begin_event(store, &event(env, one, "build", None)).await;
    }
    let gone = deleted(gone, env.now());
    let gone = store.servers().server_update(&gone).await.unwrap();
    assert_eq!(get(store, &of_gone).await, of_gone);
    let purged = store.servers().server_purge(gone.id, gone.generation).await;
    assert!(purged.unwrap());
    // Nor do they come back with the id.
    for _ in 0..2 {
        assert!(requests(store, gone.id, 10).await.is_empty());
        assert!(events(store, &of_gone, 10).await.is_empty());
        let read = store.actions().action_get(gone.id, &of_gone.request_id);
        assert_fails!(
            read.await,
            Error::NotFound {
                kind: ObjectKind::Action,
                ..
            }
        );
        let _ = store.servers().server_create(&gone).await;
    }
    begin(store, &of_gone).await;
    assert!(events(store, &of_gone, 10).await.is_empty());
    assert_eq!(get(store, &of_other).await, of_other);
    assert_eq!(events(store, &of_other, 10).await.len(), 1);
}

pub(super) async fn created(store: &Store, env: &Env) -> Server {
    let server = server(env);
    store.servers().server_create(&server).await.unwrap();
    server
}

pub(super) fn action(env: &Env, server: ServerId) -> Action {
    let (user, project) = (fresh(env, "user"), fresh(env, "project"));
    let request = RequestId::generate(env);
    Action::begin(server, request, Operation::Resize, user, project, env.now())
}

pub(super) fn event(env: &Env, of: &Action, name: &str, host: Option<&HostName>) -> ActionEvent {
    let name = name.parse().unwrap();
    ActionEvent::begin(
        of.server_id,
        of.request_id.clone(),
        name,
        host.cloned(),
        env.now(),
    )
}

fn outcome(micros: i64) -> ActionOutcome {
    ActionOutcome {
        finished_at: Timestamp::from_micros(micros),
        message: (micros % 2 == 0).then(|| format!("failed {micros}")),
    }
}

pub(super) fn event_outcome(micros: i64, result: EventResult) -> EventOutcome {
    EventOutcome {
        finished_at: Timestamp::from_micros(micros),
        result,
        details: None,
    }
}

pub(super) async fn begin(store: &Store, action: &Action) -> Action {
    store.actions().action_begin(action).await.unwrap()
}

async fn finish(store: &Store, action: &Action, outcome: &ActionOutcome) -> Action {
    let (server, request) = (action.server_id, &action.request_id);
    let ended = store.actions().action_finish(server, request, outcome);
    ended.await.unwrap()
}

async fn get(store: &Store, action: &Action) -> Action {
    let (server, request) = (action.server_id, &action.request_id);
    store.actions().action_get(server, request).await.unwrap()
}

pub(super) async fn begin_event(store: &Store, event: &ActionEvent) -> ActionEvent {
    store.actions().action_event_begin(event).await.unwrap()
}

pub(super) async fn finish_event(
    store: &Store,
    event: &ActionEvent,
    outcome: &EventOutcome,
) -> ActionEvent {
    let (server, request, host) = (event.server_id, &event.request_id, event.host.as_ref());
    let actions = store.actions();
    let ended = actions.action_event_finish(server, request, &event.name, host, outcome);
    ended.await.unwrap()
}

pub(super) async fn events(store: &Store, of: &Action, limit: u32) -> Vec<ActionEvent> {
    let (server, request) = (of.server_id, &of.request_id);
    let events = store.actions().action_events_of(server, request, limit);
    events.await.unwrap()
}

/// The requests of all pages of so many.
async fn requests(store: &Store, server: ServerId, limit: u32) -> Vec<RequestId> {
    let mut requests = Vec::new();
    let mut request = PageRequest::first(limit).unwrap();
    loop {
        let page = store.actions().actions_of(server, &request).await.unwrap();
        assert!(page.items.len() <= limit as usize, "more than {limit}");
        for one in &page.items {
            assert_eq!(one.server_id, server, "an action of another server");
            let id = one.request_id.clone();
            assert!(!requests.contains(&id), "{id} is listed twice");
            requests.push(id);
        }
        let Some(marker) = page.next else {
            return requests;
        };
        assert_eq!(
            requests.last(),
            Some(&marker),
            "the marker is not the last item"
        );
        request = request.after(marker);
    }
}

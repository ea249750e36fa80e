//! Calls about actions and their events.

use nova_core::env::Timestamp;
use nova_core::model::{Action, ActionEvent, ActionOutcome, EventName, EventOutcome, EventResult};
use nova_core::repository::{PageRequest, Store};
use nova_core::state::Operation;
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, host_name, json, page, page_request, perhaps, project_id, request_id, server_id,
    text, time, user_id, words,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Begin {
        action: Key,
        operation: usize,
        at: i64,
    },
    Finish {
        action: Key,
        at: i64,
        message: Option<u8>,
    },
    Get {
        action: Key,
    },
    List {
        server: u8,
        page: (u32, Option<u8>),
    },
    BeginEvent {
        action: Key,
        event: Event,
        at: i64,
    },
    FinishEvent {
        action: Key,
        event: Event,
        at: i64,
        failed: Option<u8>,
    },
    Events {
        action: Key,
        limit: u32,
    },
}

/// Server and request.
type Key = (u8, u8);

/// Name and host.
type Event = (u8, Option<u8>);

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    // There are many keys of events: mostly the first of each part.
    let first = || prop_oneof![4 => Just(0), 1 => 0..3_u8];
    let action = move || (prop_oneof![1 => Just(0), 1 => few()], first());
    let at = || 0..3_i64;
    let event = move || (first(), prop::option::weighted(0.3, 0..2_u8));
    prop_oneof![
        8 => (action(), 0..Operation::ALL.len(), at())
            .prop_map(|(action, operation, at)| Call::Begin { action, operation, at }),
        3 => (action(), at(), perhaps())
            .prop_map(|(action, at, message)| Call::Finish { action, at, message }),
        1 => action().prop_map(|action| Call::Get { action }),
        3 => (few(), page_request()).prop_map(|(server, page)| Call::List { server, page }),
        8 => (action(), event(), at())
            .prop_map(|(action, event, at)| Call::BeginEvent { action, event, at }),
        5 => (action(), event(), at(), perhaps()).prop_map(|(action, event, at, failed)| {
            Call::FinishEvent { action, event, at, failed }
        }),
        3 => (action(), 0..6_u32).prop_map(|(action, limit)| Call::Events { action, limit }),
    ]
}

fn event_name(number: u8) -> EventName {
    format!("event-{number}").parse().unwrap()
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, _: Timestamp) -> String {
    let actions = store.actions();
    match call {
        Call::Begin {
            action: (server, request),
            operation,
            at,
        } => {
            let action = Action::begin(
                server_id(*server),
                request_id(*request),
                Operation::ALL[*operation],
                user_id(*request),
                project_id(*request),
                time(*at),
            );
            text(actions.action_begin(&action).await)
        }
        Call::Finish {
            action: (server, request),
            at,
            message,
        } => {
            let outcome = ActionOutcome {
                finished_at: time(*at),
                message: message.map(words),
            };
            let request = request_id(*request);
            let finish = actions.action_finish(server_id(*server), &request, &outcome);
            text(finish.await)
        }
        Call::Get {
            action: (server, request),
        } => {
            let request = request_id(*request);
            text(actions.action_get(server_id(*server), &request).await)
        }
        Call::List {
            server,
            page: request,
        } => {
            let page = page(request, request_id);
            text(actions.actions_of(server_id(*server), &page).await)
        }
        Call::BeginEvent {
            action: (server, request),
            event: (name, host),
            at,
        } => {
            let event = ActionEvent::begin(
                server_id(*server),
                request_id(*request),
                event_name(*name),
                host.map(host_name),
                time(*at),
            );
            text(actions.action_event_begin(&event).await)
        }
        Call::FinishEvent {
            action: (server, request),
            event: (name, host),
            at,
            failed,
        } => {
            let outcome = EventOutcome {
                finished_at: time(*at),
                result: match failed {
                    Some(_) => EventResult::Error,
                    None => EventResult::Success,
                },
                details: failed.map(words),
            };
            let (server, request) = (server_id(*server), request_id(*request));
            let (name, host) = (event_name(*name), host.map(host_name));
            let finish =
                actions.action_event_finish(server, &request, &name, host.as_ref(), &outcome);
            text(finish.await)
        }
        Call::Events {
            action: (server, request),
            limit,
        } => {
            let request = request_id(*request);
            let events = actions.action_events_of(server_id(*server), &request, *limit);
            text(events.await)
        }
    }
}

/// What the store holds of actions.
pub async fn contents(store: &Store) -> Vec<String> {
    let actions = store.actions();
    let mut all = Vec::new();
    for number in NUMBERS {
        let server = server_id(number);
        all.push(text(
            actions.actions_of(server, &PageRequest::largest()).await,
        ));
        for request in NUMBERS {
            let request = request_id(request);
            all.push(json(actions.action_events_of(server, &request, 100).await));
        }
    }
    all
}

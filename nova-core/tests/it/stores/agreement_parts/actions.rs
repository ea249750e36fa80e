//! Calls about actions and their events.

use nova_core::env::Timestamp;
use nova_core::id::{HostName, ImageId, RequestId, ServerId};
use nova_core::model::{
    Action, ActionEvent, ActionOutcome, EventName, EventOutcome, EventResult, Flavor, NewServer,
    Server,
};
use nova_core::repository::{PageRequest, Store};
use nova_core::state::{Operation, VmState};
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    /// Creates a server.
    Server { server: u8 },
    /// Deletes a server and purges it.
    Purge { server: u8 },
    /// Begins an action.
    Begin {
        server: u8,
        request: u8,
        operation: usize,
        at: i64,
    },
    /// Finishes one.
    Finish {
        server: u8,
        request: u8,
        at: i64,
        message: Option<u8>,
    },
    /// Reads one.
    Get { server: u8, request: u8 },
    /// Lists them.
    List {
        server: u8,
        limit: u32,
        marker: Option<u8>,
    },
    /// Begins an event.
    BeginEvent {
        server: u8,
        request: u8,
        name: u8,
        host: Option<u8>,
        at: i64,
    },
    /// Finishes one.
    FinishEvent {
        server: u8,
        request: u8,
        name: u8,
        host: Option<u8>,
        at: i64,
        failed: bool,
    },
    /// Lists them.
    Events { server: u8, request: u8, limit: u32 },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let key = || (0..2_u8, 0..4_u8);
    let at = || 0..3_i64;
    let event = || (0..2_u8, prop::option::of(0..2_u8));
    prop_oneof![
        2 => (0..2_u8).prop_map(|server| Call::Server { server }),
        1 => (0..2_u8).prop_map(|server| Call::Purge { server }),
        5 => (key(), 0..Operation::ALL.len(), at()).prop_map(
            |((server, request), operation, at)| Call::Begin { server, request, operation, at }
        ),
        3 => (key(), at(), prop::option::of(0..2_u8)).prop_map(
            |((server, request), at, message)| Call::Finish { server, request, at, message }
        ),
        1 => key().prop_map(|(server, request)| Call::Get { server, request }),
        3 => (0..2_u8, 1..4_u32, prop::option::of(0..4_u8))
            .prop_map(|(server, limit, marker)| Call::List { server, limit, marker }),
        5 => (key(), event(), at()).prop_map(|((server, request), (name, host), at)| {
            Call::BeginEvent { server, request, name, host, at }
        }),
        3 => (key(), event(), at(), any::<bool>()).prop_map(
            |((server, request), (name, host), at, failed)| {
                Call::FinishEvent { server, request, name, host, at, failed }
            }
        ),
        3 => (key(), 0..6_u32)
            .prop_map(|((server, request), limit)| Call::Events { server, request, limit }),
    ]
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call) -> String {
    let actions = store.actions();
    match call {
        Call::Server { server } => {
            text(store.servers().server_create(&self::server(*server)).await)
        }
        Call::Purge { server } => {
            let mut server = self::server(*server);
            server.vm_state = VmState::Deleted;
            server.deleted_at = Some(Timestamp::EPOCH);
            let deleted = store.servers().server_update(&server).await;
            let generation = server.generation.next();
            let purged = store.servers().server_purge(server.id, generation).await;
            text((deleted, purged))
        }
        Call::Begin {
            server,
            request,
            operation,
            at,
        } => {
            let action = Action::begin(
                server_id(*server),
                request_id(*request),
                Operation::ALL[*operation],
                "user".parse().unwrap(),
                "project".parse().unwrap(),
                Timestamp::from_micros(*at),
            );
            text(actions.action_begin(&action).await)
        }
        Call::Finish {
            server,
            request,
            at,
            message,
        } => {
            let outcome = ActionOutcome {
                finished_at: Timestamp::from_micros(*at),
                message: message.map(|number| format!("failed {number}")),
            };
            let request = request_id(*request);
            let finish = actions.action_finish(server_id(*server), &request, &outcome);
            text(finish.await)
        }
        Call::Get { server, request } => {
            let request = request_id(*request);
            let get = actions.action_get(server_id(*server), &request);
            text(get.await)
        }
        Call::List {
            server,
            limit,
            marker,
        } => {
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(request_id(*marker));
            }
            text(actions.actions_of(server_id(*server), &page).await)
        }
        Call::BeginEvent {
            server,
            request,
            name,
            host,
            at,
        } => {
            let event = ActionEvent::begin(
                server_id(*server),
                request_id(*request),
                event_name(*name),
                host.map(host_name),
                Timestamp::from_micros(*at),
            );
            text(actions.action_event_begin(&event).await)
        }
        Call::FinishEvent {
            server,
            request,
            name,
            host,
            at,
            failed,
        } => {
            let outcome = EventOutcome {
                finished_at: Timestamp::from_micros(*at),
                result: if *failed {
                    EventResult::Error
                } else {
                    EventResult::Success
                },
                details: failed.then(|| "because".to_owned()),
            };
            let (server, request) = (server_id(*server), request_id(*request));
            let (name, host) = (event_name(*name), host.map(host_name));
            let finish =
                actions.action_event_finish(server, &request, &name, host.as_ref(), &outcome);
            text(finish.await)
        }
        Call::Events {
            server,
            request,
            limit,
        } => {
            let request = request_id(*request);
            let events = actions.action_events_of(server_id(*server), &request, *limit);
            text(events.await)
        }
    }
}

fn request_id(number: u8) -> RequestId {
    format!("req-{number}").parse().unwrap()
}

fn event_name(number: u8) -> EventName {
    format!("event-{number}").parse().unwrap()
}

fn host_name(number: u8) -> HostName {
    format!("host-{number}").parse().unwrap()
}

fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid::Uuid::from_u128(
        0x6163_7469 << 64 | u128::from(number),
    ))
}

fn server(number: u8) -> Server {
    let flavor = Flavor::builder(
        "f".parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    );
    let new = NewServer {
        id: server_id(number),
        name: "name".parse().unwrap(),
        project_id: "project".parse().unwrap(),
        user_id: "user".parse().unwrap(),
        flavor: flavor.build().unwrap(),
        image_id: ImageId::from_uuid(uuid::Uuid::from_u128(1)),
        availability_zone: None,
    };
    Server::begin(new, Timestamp::EPOCH)
}

fn text(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_and_sqlite_agree(calls in prop::collection::vec(call(), 64)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let memory = Store::new(nova_core::repository::memory::MemoryStore::new());
            let sql = nova_core::repository::sql::SqlStore::connect("sqlite::memory:").await.unwrap();
            let sqlite = Store::new(sql.clone());
            for (index, call) in calls.iter().enumerate() {
                let (one, other) = (answer(&memory, call).await, answer(&sqlite, call).await);
                prop_assert_eq!(one, other, "the answers to {:?} (call {})", call, index);
            }
            sql.close().await;
            Ok(())
        })?;
    }
}

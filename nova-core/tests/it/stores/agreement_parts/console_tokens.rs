//! Calls about console tokens.

use nova_core::Secret;
use nova_core::env::Timestamp;
use nova_core::id::{ImageId, ServerId};
use nova_core::model::{
    ConsoleAccess, ConsoleEndpoint, ConsoleKind, ConsoleTokenHash, Flavor, NewServer, Server,
};
use nova_core::repository::Store;
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

/// A call, over few enough tokens that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    AddServer { server: u8 },
    Save { token: u8, server: u8, expires: i64 },
    Authorize { token: u8, now: i64 },
    DeleteOf { server: u8 },
    PurgeExpired { now: i64, limit: u32 },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let token = || 0..6_u8;
    let time = || 0..8_i64;
    prop_oneof![
        2 => (0..3_u8).prop_map(|server| Call::AddServer { server }),
        4 => (token(), 0..3_u8, time())
            .prop_map(|(token, server, expires)| Call::Save { token, server, expires }),
        4 => (token(), time()).prop_map(|(token, now)| Call::Authorize { token, now }),
        1 => (0..3_u8).prop_map(|server| Call::DeleteOf { server }),
        1 => (time(), 0..3_u32).prop_map(|(now, limit)| Call::PurgeExpired { now, limit }),
    ]
}

fn hash(token: u8) -> ConsoleTokenHash {
    ConsoleTokenHash::of(&Secret::new(token.to_string()))
}

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(number) + 1)
}

fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid(number))
}

/// A server that owns what the calls are about.
fn server(number: u8) -> Server {
    let flavor = Flavor::builder(
        "flavor".parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    );
    let new = NewServer::new(
        server_id(number),
        "name".parse().unwrap(),
        "project".parse().unwrap(),
        "user".parse().unwrap(),
        flavor.build().unwrap(),
        ImageId::from_uuid(uuid(0)),
    );
    Server::begin(new, Timestamp::EPOCH)
}

/// The answer as text: values and errors alike.
fn text(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

/// The store's answer as text.
pub async fn answer(store: &Store, call: &Call) -> String {
    let tokens = store.console_tokens();
    match call {
        Call::AddServer { server: number } => {
            text(store.servers().server_create(&server(*number)).await)
        }
        Call::Save {
            token,
            server,
            expires,
        } => {
            let access = ConsoleAccess::new(
                hash(*token),
                server_id(*server),
                ConsoleKind::NoVnc,
                ConsoleEndpoint::new("host", 5900).unwrap(),
                Timestamp::EPOCH,
                Timestamp::from_micros(*expires),
            );
            text(tokens.console_token_save(&access).await)
        }
        Call::Authorize { token, now } => {
            let now = Timestamp::from_micros(*now);
            text(tokens.console_token_authorize(&hash(*token), now).await)
        }
        Call::DeleteOf { server } => text(tokens.console_token_delete_of(server_id(*server)).await),
        Call::PurgeExpired { now, limit } => {
            let now = Timestamp::from_micros(*now);
            text(tokens.console_token_purge_expired(now, *limit).await)
        }
    }
}

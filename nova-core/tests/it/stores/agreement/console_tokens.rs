//! Calls about console tokens.

use nova_core::Secret;
use nova_core::env::Timestamp;
use nova_core::model::{ConsoleAccess, ConsoleEndpoint, ConsoleKind, ConsoleTokenHash};
use nova_core::repository::Store;
use proptest::prelude::*;

use super::fixture::{few, server_id, text, time};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Save { token: u8, server: u8, expires: i64 },
    Authorize { token: u8, now: i64 },
    DeleteOf { server: u8 },
    PurgeExpired { now: i64, limit: u32 },
}

/// How many tokens there are.
const TOKENS: u8 = 6;

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let at = || 0..8_i64;
    prop_oneof![
        4 => (0..TOKENS, few(), at())
            .prop_map(|(token, server, expires)| Call::Save { token, server, expires }),
        4 => (0..TOKENS, at()).prop_map(|(token, now)| Call::Authorize { token, now }),
        1 => few().prop_map(|server| Call::DeleteOf { server }),
        1 => (at(), 0..3_u32).prop_map(|(now, limit)| Call::PurgeExpired { now, limit }),
    ]
}

fn hash(token: u8) -> ConsoleTokenHash {
    ConsoleTokenHash::of(&Secret::new(token.to_string()))
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    let tokens = store.console_tokens();
    match call {
        Call::Save {
            token,
            server,
            expires,
        } => {
            let kinds = ConsoleKind::ALL;
            let access = ConsoleAccess::new(
                hash(*token),
                server_id(*server),
                kinds[usize::from(*token) % kinds.len()],
                ConsoleEndpoint::new("host", 5900).unwrap(),
                now,
                time(*expires),
            );
            text(tokens.console_token_save(&access).await)
        }
        Call::Authorize { token, now } => text(
            tokens
                .console_token_authorize(&hash(*token), time(*now))
                .await,
        ),
        Call::DeleteOf { server } => text(tokens.console_token_delete_of(server_id(*server)).await),
        Call::PurgeExpired { now, limit } => {
            text(tokens.console_token_purge_expired(time(*now), *limit).await)
        }
    }
}

/// What the store holds of console tokens.
pub async fn contents(store: &Store) -> Vec<String> {
    let mut all = Vec::new();
    for token in 0..TOKENS {
        let (tokens, hash) = (store.console_tokens(), hash(token));
        all.push(text(tokens.console_token_authorize(&hash, time(-1)).await));
    }
    all
}

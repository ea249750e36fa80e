//! Console tokens.

use std::time::Duration;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, is_already_exists, server, successes};
use crate::Secret;
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::ServerId;
use crate::model::{ConsoleAccess, ConsoleEndpoint, ConsoleKind, ConsoleToken, ConsoleTokenHash};
use crate::repository::Store;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(console_tokens {
    a_kept_token_opens_its_console,
    what_is_unknown_and_what_is_expired_look_alike,
    a_token_needs_its_server,
    a_token_is_kept_once,
    the_tokens_of_a_server_are_deleted,
    expired_tokens_are_purged,
    tokens_go_with_their_server,
});

async fn stored_server(store: &Store, env: &Env) -> ServerId {
    let server = server(env);
    store.servers().server_create(&server).await.unwrap();
    server.id
}

fn endpoint() -> ConsoleEndpoint {
    let endpoint = ConsoleEndpoint::new("fd00::1", 5900).unwrap();
    endpoint.with_path("/a?b=\u{1f980} '\"\\").unwrap()
}

pub(super) fn issue(env: &Env, server: ServerId) -> (ConsoleAccess, Secret) {
    let ttl = ConsoleToken::DEFAULT_TTL;
    ConsoleToken::issue(env, server, ConsoleKind::NoVnc, endpoint(), ttl).unwrap()
}

/// What is kept of a token that expires at that time.
fn expiring(env: &Env, server: ServerId, micros: i64) -> ConsoleAccess {
    let (access, _) = issue(env, server);
    ConsoleAccess::new(
        access.token_hash,
        server,
        access.kind,
        access.endpoint,
        Timestamp::from_micros(i64::MIN),
        Timestamp::from_micros(micros),
    )
}

/// `console_token_save` keeps every field; whoever has the token gets them, as often as wanted.
pub async fn a_kept_token_opens_its_console(store: &Store, env: &Env) {
    let server = stored_server(store, env).await;
    for kind in ConsoleKind::ALL {
        for endpoint in [
            endpoint(),
            ConsoleEndpoint::new("node-1", u16::MAX).unwrap(),
        ] {
            let ttl = Duration::from_secs(1);
            let (access, token) = ConsoleToken::issue(env, server, *kind, endpoint, ttl).unwrap();
            save(store, &access).await;
            for _ in 0..2 {
                let hash = ConsoleTokenHash::of(&token);
                let opened = store
                    .console_tokens()
                    .console_token_authorize(&hash, access.created_at)
                    .await;
                assert_eq!(opened.unwrap(), access);
            }
        }
    }
}

/// `console_token_authorize` of an unknown and of an expired token is the same `NotFound`.
pub async fn what_is_unknown_and_what_is_expired_look_alike(store: &Store, env: &Env) {
    let server = stored_server(store, env).await;
    let (access, _) = issue(env, server);
    let (unknown, _) = issue(env, server);
    save(store, &access).await;
    let last = Timestamp::from_micros(access.expires_at.as_micros() - 1);
    assert_eq!(
        store
            .console_tokens()
            .console_token_authorize(&access.token_hash, last)
            .await
            .unwrap(),
        access
    );
    for hash in [access.token_hash, unknown.token_hash] {
        assert_fails!(
            store.console_tokens().console_token_authorize(&hash, access.expires_at).await,
            Error::NotFound { kind: ObjectKind::ConsoleToken, id } if id == hash.to_string()
        );
    }
}

/// `console_token_save` for an unknown server is `NotFound`, also of a token that is kept.
pub async fn a_token_needs_its_server(store: &Store, env: &Env) {
    let (kept, _) = issue(env, stored_server(store, env).await);
    save(store, &kept).await;
    let missing = ServerId::generate(env);
    let (lost, _) = issue(env, missing);
    let mut again = kept.clone();
    again.server_id = missing;
    for access in [lost, again] {
        assert_fails!(
            store.console_tokens().console_token_save(&access).await,
            Error::NotFound { kind: ObjectKind::Server, id } if id == missing.to_string()
        );
    }
    assert_eq!(delete_of(store, missing).await, 0);
    assert!(opens(store, &kept).await);
}

/// `console_token_save` refuses a token that is kept, and leaves it alone; of several at once one
/// is kept.
pub async fn a_token_is_kept_once(store: &Store, env: &Env) {
    let (access, _) = issue(env, stored_server(store, env).await);
    let other = stored_server(store, env).await;
    let results = at_once(8, |_| {
        let (store, access) = (store.clone(), access.clone());
        async move { store.console_tokens().console_token_save(&access).await }
    })
    .await;
    assert_eq!(successes(results, is_already_exists).len(), 1);
    let mut again = access.clone();
    again.server_id = other;
    again.kind = ConsoleKind::Serial;
    assert_fails!(
        store.console_tokens().console_token_save(&again).await,
        Error::AlreadyExists { kind: ObjectKind::ConsoleToken, id }
            if id == access.token_hash.to_string()
    );
    assert!(opens(store, &access).await);
}

/// `console_token_delete_of` removes those of that server, and returns how many.
pub async fn the_tokens_of_a_server_are_deleted(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    let (kept, _) = issue(env, other);
    save(store, &kept).await;
    let mut gone = Vec::new();
    for _ in 0..3 {
        let (access, _) = issue(env, server);
        save(store, &access).await;
        gone.push(access);
    }
    assert_eq!(delete_of(store, server).await, 3);
    assert_eq!(delete_of(store, server).await, 0);
    for access in gone {
        assert!(!opens(store, &access).await);
        save(store, &access).await;
    }
    assert!(opens(store, &kept).await);
}

/// `console_token_purge_expired` removes the longest expired first, no more than the limit, and
/// none that still opens something.
pub async fn expired_tokens_are_purged(store: &Store, env: &Env) {
    let server = stored_server(store, env).await;
    let purge = async |now, limit| {
        let now = Timestamp::from_micros(now);
        let purged = store
            .console_tokens()
            .console_token_purge_expired(now, limit);
        purged.await.unwrap()
    };
    // What others left: long ago, nothing else expires.
    purge(100, u32::MAX).await;
    let mut tokens = Vec::new();
    for micros in [30, 10, 20, 40] {
        let access = expiring(env, server, micros);
        save(store, &access).await;
        tokens.push(access);
    }
    let kept = async || {
        let mut kept = Vec::new();
        for access in &tokens {
            let authorized = store
                .console_tokens()
                .console_token_authorize(&access.token_hash, Timestamp::from_micros(i64::MIN));
            if authorized.await.is_ok() {
                kept.push(access.expires_at.as_micros());
            }
        }
        kept
    };
    assert_eq!(purge(9, 10).await, 0);
    assert_eq!(purge(30, 0).await, 0);
    assert_eq!(kept().await, [30, 10, 20, 40]);
    assert_eq!(purge(30, 2).await, 2);
    assert_eq!(kept().await, [30, 40]);
    assert_eq!(purge(30, 10).await, 1);
    assert_eq!(purge(30, 10).await, 0);
    assert_eq!(kept().await, [40]);

    // More than one statement takes.
    for micros in 0..3 {
        for _ in 0..200 {
            save(store, &expiring(env, server, micros)).await;
        }
    }
    assert_eq!(purge(2, 550).await, 550);
    assert_eq!(purge(2, u32::MAX).await, 50);
    assert_eq!(kept().await, [40]);
}

/// The tokens of a purged server are gone, and those of others stay.
pub async fn tokens_go_with_their_server(store: &Store, env: &Env) {
    let gone = deleted(server(env), env.now());
    store.servers().server_create(&gone).await.unwrap();
    let (lost, _) = issue(env, gone.id);
    let (kept, _) = issue(env, stored_server(store, env).await);
    save(store, &lost).await;
    save(store, &kept).await;
    let purged = store.servers().server_purge(gone.id, gone.generation).await;
    assert!(purged.unwrap());
    assert!(!opens(store, &lost).await);
    assert!(opens(store, &kept).await);
    assert_eq!(delete_of(store, gone.id).await, 0);
}

async fn save(store: &Store, access: &ConsoleAccess) {
    let saved = store.console_tokens().console_token_save(access);
    saved.await.unwrap();
}

/// Whether the token opens what was kept.
async fn opens(store: &Store, access: &ConsoleAccess) -> bool {
    let opened = store
        .console_tokens()
        .console_token_authorize(&access.token_hash, access.created_at);
    match opened.await {
        Ok(opened) => {
            assert_eq!(opened, *access);
            true
        }
        Err(error) => {
            assert!(error.is_not_found(), "{error:?}");
            false
        }
    }
}

async fn delete_of(store: &Store, server: ServerId) -> u64 {
    let deleted = store.console_tokens().console_token_delete_of(server);
    deleted.await.unwrap()
}

//! Calls about key pairs.

use nova_core::env::Timestamp;
use nova_core::model::{KeyFingerprints, KeyPair, KeyPairName, PublicKey};
use nova_core::repository::{PageRequest, Store};
use proptest::prelude::*;

use super::fixture::{few, page, page_request, text, user_id};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        user: u8,
        name: u8,
        limit: Option<u32>,
    },
    Get {
        user: u8,
        name: u8,
    },
    List {
        user: u8,
        page: (u32, Option<u8>),
    },
    Delete {
        user: u8,
        name: u8,
    },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let pair = || (0..2_u8, few());
    prop_oneof![
        4 => (pair(), prop::option::of(0..5_u32))
            .prop_map(|((user, name), limit)| Call::Create { user, name, limit }),
        1 => pair().prop_map(|(user, name)| Call::Get { user, name }),
        2 => (0..2_u8, page_request()).prop_map(|(user, page)| Call::List { user, page }),
        2 => pair().prop_map(|(user, name)| Call::Delete { user, name }),
    ]
}

fn key_pair_name(number: u8) -> KeyPairName {
    ["a", "A", "a b", "_"][usize::from(number)].parse().unwrap()
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    let key_pairs = store.key_pairs();
    match call {
        Call::Create { user, name, limit } => {
            let md5 = ["00"; 16].join(":");
            let sha256 = format!("SHA256:{}", "a".repeat(43));
            let pair = KeyPair::new(
                user_id(*user),
                key_pair_name(*name),
                PublicKey::new("ssh-rsa AAAA").unwrap(),
                KeyFingerprints::new(md5, sha256).unwrap(),
                now,
            );
            text(key_pairs.key_pair_create(&pair, *limit).await)
        }
        Call::Get { user, name } => {
            let (user, name) = (user_id(*user), key_pair_name(*name));
            text(key_pairs.key_pair_get(&user, &name).await)
        }
        Call::List {
            user,
            page: request,
        } => {
            let page = page(request, key_pair_name);
            text(key_pairs.key_pair_list(&user_id(*user), &page).await)
        }
        Call::Delete { user, name } => {
            let (user, name) = (user_id(*user), key_pair_name(*name));
            text(key_pairs.key_pair_delete(&user, &name).await)
        }
    }
}

/// What the store holds of key pairs.
pub async fn contents(store: &Store) -> Vec<String> {
    let mut all = Vec::new();
    for user in 0..2 {
        let (user, page) = (user_id(user), PageRequest::largest());
        all.push(text(store.key_pairs().key_pair_list(&user, &page).await));
    }
    all
}

//! Calls of the repository of key pairs.

use nova_core::env::Timestamp;
use nova_core::model::{KeyFingerprints, KeyPair, KeyPairName, PublicKey};
use nova_core::repository::{PageRequest, Store};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
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
        limit: u32,
        marker: Option<u8>,
    },
    Delete {
        user: u8,
        name: u8,
    },
}

pub fn call() -> impl Strategy<Value = Call> {
    let (user, name) = (|| 0..2_u8, || 0..4_u8);
    prop_oneof![
        4 => (user(), name(), prop::option::of(0..5_u32))
            .prop_map(|(user, name, limit)| Call::Create { user, name, limit }),
        1 => (user(), name()).prop_map(|(user, name)| Call::Get { user, name }),
        2 => (user(), 1..4_u32, prop::option::of(name()))
            .prop_map(|(user, limit, marker)| Call::List { user, limit, marker }),
        2 => (user(), name()).prop_map(|(user, name)| Call::Delete { user, name }),
    ]
}

fn name(number: u8) -> KeyPairName {
    ["a", "A", "a b", "_"][usize::from(number)].parse().unwrap()
}

pub async fn answer(store: &Store, call: &Call) -> String {
    let key_pairs = store.key_pairs();
    let user = |number: &u8| format!("user-{number}").parse().unwrap();
    match call {
        Call::Create {
            user: of,
            name: named,
            limit,
        } => {
            let fingerprints =
                KeyFingerprints::new(["00"; 16].join(":"), format!("SHA256:{}", "a".repeat(43)));
            let pair = KeyPair::new(
                user(of),
                name(*named),
                PublicKey::new("ssh-rsa AAAA").unwrap(),
                fingerprints.unwrap(),
                Timestamp::EPOCH,
            );
            format!("{:?}", key_pairs.key_pair_create(&pair, *limit).await)
        }
        Call::Get {
            user: of,
            name: named,
        } => format!(
            "{:?}",
            key_pairs.key_pair_get(&user(of), &name(*named)).await
        ),
        Call::List {
            user: of,
            limit,
            marker,
        } => {
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(name(*marker));
            }
            format!("{:?}", key_pairs.key_pair_list(&user(of), &page).await)
        }
        Call::Delete {
            user: of,
            name: named,
        } => format!(
            "{:?}",
            key_pairs.key_pair_delete(&user(of), &name(*named)).await
        ),
    }
}

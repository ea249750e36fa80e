//! All groups of calls as one.

use nova_core::env::Timestamp;
use nova_core::repository::Store;
use proptest::prelude::*;
use proptest::strategy::Union;

macro_rules! groups {
    ($($group:ident: $variant:ident,)+) => {
        /// A call of any group.
        #[derive(Clone)]
        pub enum Call {
            $($variant(super::$group::Call),)+
        }

        impl std::fmt::Debug for Call {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant(call) => write!(f, "{}::{call:?}", stringify!($group)),)+
                }
            }
        }

        /// The calls of each group.
        fn groups() -> Vec<BoxedStrategy<Call>> {
            vec![$(super::$group::call().prop_map(Call::$variant).boxed(),)+]
        }

        /// The store's answer, as text.
        pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
            match call {
                $(Call::$variant(call) => super::$group::answer(store, call, now).await,)+
            }
        }

        /// All that the store holds of what calls are about, as text.
        pub async fn contents(store: &Store) -> Vec<String> {
            let mut all = Vec::new();
            $(all.extend(super::$group::contents(store).await);)+
            all
        }
    };
}

groups! {
    servers: Servers,
    hosts: Hosts,
    faults: Faults,
    archive: Archive,
    actions: Actions,
    aggregates: Aggregates,
    block_devices: BlockDevices,
    cells: Cells,
    claims: Claims,
    console_tokens: ConsoleTokens,
    flavors: Flavors,
    key_pairs: KeyPairs,
    migrations: Migrations,
    operations: Operations,
    ports: Ports,
    quotas: Quotas,
    server_groups: ServerGroups,
}

/// How often the first groups are called, which are in every sequence: others need what they add,
/// and they meet all that belongs to servers.
const ALWAYS: [u32; 4] = [4, 3, 1, 2];

/// How often each of the other groups is called that are in a sequence.
const CHOSEN: u32 = 8;

/// Calls that add most servers and hosts, which others need.
fn prelude() -> impl Strategy<Value = Vec<Call>> {
    let servers = prop_oneof![super::servers::create(), super::servers::create_batch()];
    let (servers, hosts) = (
        servers.prop_map(Call::Servers),
        super::hosts::report().prop_map(Call::Hosts),
    );
    prop::collection::vec(prop_oneof![servers, hosts], 0..24)
}

/// A sequence of calls of some groups.
pub fn sequence() -> impl Strategy<Value = Vec<Call>> {
    let others: Vec<usize> = (ALWAYS.len()..groups().len()).collect();
    let some = prop::sample::subsequence(others, 1..=4);
    let calls = some.prop_flat_map(|some| {
        let groups = groups();
        let always = ALWAYS.into_iter().zip(groups.iter().cloned());
        let some = some.iter().map(|index| (CHOSEN, groups[*index].clone()));
        prop::collection::vec(Union::new_weighted(always.chain(some).collect()), 70..110)
    });
    (prelude(), calls).prop_map(|(mut calls, more)| {
        calls.extend(more);
        calls
    })
}

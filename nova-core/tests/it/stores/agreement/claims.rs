//! Calls about what servers and migrations hold on hosts.

use std::collections::BTreeMap;

use nova_core::env::Timestamp;
use nova_core::id::HostName;
use nova_core::model::{Claim, ClaimMove, Consumer, Resources};
use nova_core::repository::Store;
use proptest::prelude::*;

use super::fixture::{NUMBERS, few, host_name, migration_id, perhaps, request_id, server_id, text};
use super::hosts::CLASSES;

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Claim {
        consumer: Who,
        request: u8,
        wanted: Wanted,
    },
    Move {
        server: u8,
        migration: u8,
        request: u8,
        wanted: Wanted,
    },
    MoveBack {
        server: u8,
        migration: u8,
    },
    Of {
        consumer: Who,
    },
    On {
        host: u8,
    },
    Release {
        consumer: Who,
        host: Option<u8>,
    },
}

/// Who holds something.
#[derive(Debug, Clone, Copy)]
pub enum Who {
    Server(u8),
    Migration(u8),
}

impl From<Who> for Consumer {
    fn from(who: Who) -> Self {
        match who {
            Who::Server(number) => server_id(number).into(),
            Who::Migration(number) => migration_id(number).into(),
        }
    }
}

/// Amounts of classes on hosts; few amounts, so that the same is asked for again.
type Wanted = Vec<(u8, usize, u64)>;

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let who = || {
        prop_oneof![
            3 => few().prop_map(Who::Server),
            1 => few().prop_map(Who::Migration),
        ]
    };
    let amount = || prop_oneof![9 => 1..4_u64, 1 => Just(0)];
    let some = move || (few(), 0..CLASSES.len(), amount());
    let wanted = move || {
        prop_oneof![
            9 => prop::collection::vec(some(), 1..3),
            1 => Just(Wanted::new()),
        ]
    };
    let request = || 0..2_u8;
    prop_oneof![
        6 => (who(), request(), wanted())
            .prop_map(|(consumer, request, wanted)| Call::Claim { consumer, request, wanted }),
        4 => (few(), 0..2_u8, request(), wanted()).prop_map(|(server, migration, request, wanted)| {
            Call::Move { server, migration, request, wanted }
        }),
        2 => (few(), 0..2_u8).prop_map(|(server, migration)| Call::MoveBack { server, migration }),
        1 => who().prop_map(|consumer| Call::Of { consumer }),
        1 => few().prop_map(|host| Call::On { host }),
        3 => (who(), perhaps()).prop_map(|(consumer, host)| Call::Release { consumer, host }),
    ]
}

fn resources(wanted: &Wanted) -> BTreeMap<HostName, Resources> {
    let mut resources: BTreeMap<HostName, Resources> = BTreeMap::new();
    for (host, class, amount) in wanted {
        let on_host = resources.entry(host_name(*host)).or_default();
        on_host.set(CLASSES[*class].clone(), *amount);
    }
    resources
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, _: Timestamp) -> String {
    let allocations = store.allocations();
    match call {
        Call::Claim {
            consumer,
            request,
            wanted,
        } => {
            let request = request_id(*request);
            let claim = Claim::over(*consumer, request, resources(wanted));
            text(allocations.claim(&claim).await)
        }
        Call::Move {
            server,
            migration,
            request,
            wanted,
        } => {
            let mut claim = ClaimMove::to(
                server_id(*server),
                migration_id(*migration),
                request_id(*request),
                host_name(0),
                Resources::new(),
            );
            claim.resources = resources(wanted);
            text(allocations.claim_move(&claim).await)
        }
        Call::MoveBack { server, migration } => {
            let back = allocations.claim_move_back(server_id(*server), migration_id(*migration));
            text(back.await)
        }
        Call::Of { consumer } => text(allocations.allocations_of((*consumer).into()).await),
        Call::On { host } => text(allocations.allocations_on(&host_name(*host)).await),
        Call::Release { consumer, host } => {
            let host = host.map(host_name);
            text(allocations.release((*consumer).into(), host.as_ref()).await)
        }
    }
}

/// What the store holds of claims.
pub async fn contents(store: &Store) -> Vec<String> {
    let allocations = store.allocations();
    let mut all = Vec::new();
    for number in NUMBERS {
        for who in [Who::Server(number), Who::Migration(number)] {
            all.push(text(allocations.allocations_of(who.into()).await));
        }
        all.push(text(allocations.allocations_on(&host_name(number)).await));
    }
    all
}

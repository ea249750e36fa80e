//! Calls about faults.

use nova_core::env::Timestamp;
use nova_core::model::Fault;
use nova_core::repository::{MAX_FAULTS, Store};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, host_name, json, perhaps, request_id, server_id, text, time, words,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Record {
        server: u8,
        request: u8,
        host: Option<u8>,
        words: u8,
        at: i64,
    },
    Of {
        server: u8,
        limit: u32,
    },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        3 => (few(), few(), perhaps(), few(), 0..3_i64).prop_map(
            |(server, request, host, words, at)| Call::Record { server, request, host, words, at }
        ),
        1 => (few(), 0..5_u32).prop_map(|(server, limit)| Call::Of { server, limit }),
    ]
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    match call {
        Call::Record {
            server,
            request,
            host,
            words: number,
            at,
        } => {
            let fault = Fault {
                server_id: server_id(*server),
                request_id: request_id(*request),
                code: 500,
                message: words(*number),
                details: host.map(|_| format!("{}{now}", words(*number))),
                host: host.map(host_name),
                created_at: time(*at),
            };
            text(store.faults().fault_record(&fault).await)
        }
        Call::Of { server, limit } => {
            text(store.faults().faults_of(server_id(*server), *limit).await)
        }
    }
}

/// What the store holds of faults.
pub async fn contents(store: &Store) -> Vec<String> {
    let mut all = Vec::new();
    for number in NUMBERS {
        let faults = store.faults().faults_of(server_id(number), MAX_FAULTS);
        all.push(json(faults.await));
    }
    all
}

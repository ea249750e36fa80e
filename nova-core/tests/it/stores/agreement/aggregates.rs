//! Calls about aggregates.

use std::collections::BTreeMap;

use nova_core::env::Timestamp;
use nova_core::id::AggregateId;
use nova_core::model::{Aggregate, AggregateMetadata, Generation};
use nova_core::repository::{AggregateFilter, PageRequest, Store};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, generation, host_name, json, page, page_request, perhaps, seldom, text, time,
    uuid, zone,
};

/// What two calls write.
#[derive(Debug, Clone)]
pub struct Written {
    name: u8,
    zone: Option<u8>,
    metadata: BTreeMap<u8, u8>,
}

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create {
        id: u8,
        written: Written,
        /// With a host, which is not allowed.
        host: bool,
    },
    Get {
        id: u8,
    },
    List {
        host: Option<u8>,
        zone: Option<u8>,
        metadata: Option<(u8, Option<u8>)>,
        page: (u32, Option<u8>),
    },
    OfHost {
        host: u8,
    },
    Update {
        id: u8,
        wrong: bool,
        written: Written,
    },
    Add {
        id: u8,
        host: u8,
    },
    Remove {
        id: u8,
        host: u8,
    },
    Delete {
        id: u8,
    },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let zone = || prop::option::of(0..2_u8);
    let metadata = prop::collection::btree_map(0..3_u8, 0..3_u8, 0..3);
    let written = (few(), zone(), metadata).prop_map(|(name, zone, metadata)| Written {
        name,
        zone,
        metadata,
    });
    // Also the key of the zone, and one that cannot be.
    let wanted = prop::option::of((0..5_u8, perhaps()));
    prop_oneof![
        8 => (few(), written.clone(), seldom())
            .prop_map(|(id, written, host)| Call::Create { id, written, host }),
        1 => few().prop_map(|id| Call::Get { id }),
        3 => (perhaps(), zone(), wanted, page_request()).prop_map(|(host, zone, metadata, page)| {
            Call::List { host, zone, metadata, page }
        }),
        1 => few().prop_map(|host| Call::OfHost { host }),
        5 => (few(), seldom(), written)
            .prop_map(|(id, wrong, written)| Call::Update { id, wrong, written }),
        6 => (few(), few()).prop_map(|(id, host)| Call::Add { id, host }),
        2 => (few(), few()).prop_map(|(id, host)| Call::Remove { id, host }),
        1 => few().prop_map(|id| Call::Delete { id }),
    ]
}

fn aggregate_id(number: u8) -> AggregateId {
    AggregateId::from_uuid(uuid(9, number))
}

fn key(number: u8) -> String {
    ["ssd", "SSD", "\u{e4} b", "availability_zone", "\0"][usize::from(number)].to_owned()
}

fn value(number: u8) -> String {
    ["", "true", "east", "east "][usize::from(number)].to_owned()
}

fn aggregate(id: u8, written: &Written, now: Timestamp) -> Aggregate {
    let names = ["a", "A", "b", "\u{e4}"];
    let name = names[usize::from(written.name)].parse().unwrap();
    let mut aggregate = Aggregate::new(aggregate_id(id), name, now);
    aggregate.availability_zone = written.zone.map(zone);
    let metadata = written.metadata.iter();
    let metadata = metadata.map(|(number, text)| (key(*number), value(*text)));
    aggregate.metadata = AggregateMetadata::new(metadata).unwrap();
    aggregate
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    let aggregates = store.aggregates();
    match call {
        Call::Create { id, written, host } => {
            let mut aggregate = aggregate(*id, written, now);
            aggregate.hosts.extend(host.then(|| host_name(0)));
            text(aggregates.aggregate_create(&aggregate).await)
        }
        Call::Get { id } => text(aggregates.aggregate_get(aggregate_id(*id)).await),
        Call::List {
            host,
            zone: number,
            metadata,
            page: request,
        } => {
            let filter = AggregateFilter {
                host: host.map(host_name),
                zone: number.map(zone),
                metadata: metadata.map(|(number, text)| (key(number), text.map(value))),
            };
            let page = page(request, aggregate_id);
            text(aggregates.aggregate_list(&filter, &page).await)
        }
        Call::OfHost { host } => text(aggregates.aggregates_of_host(&host_name(*host)).await),
        Call::Update { id, wrong, written } => {
            let held = aggregates.aggregate_get(aggregate_id(*id)).await;
            let held = held.map_or(Generation::FIRST, |aggregate| aggregate.generation);
            let mut aggregate = aggregate(*id, written, now);
            aggregate.generation = generation(held, *wrong);
            // Never written: ignored.
            aggregate.created_at = time(99);
            text(aggregates.aggregate_update(&aggregate).await)
        }
        Call::Add { id, host } => {
            let add = aggregates
                .aggregate_add_host(aggregate_id(*id), &host_name(*host))
                .await;
            text(add)
        }
        Call::Remove { id, host } => {
            let (id, host) = (aggregate_id(*id), host_name(*host));
            text(aggregates.aggregate_remove_host(id, &host).await)
        }
        Call::Delete { id } => text(aggregates.aggregate_delete(aggregate_id(*id)).await),
    }
}

/// What the store holds of aggregates.
pub async fn contents(store: &Store) -> Vec<String> {
    let aggregates = store.aggregates();
    let (filter, page) = (AggregateFilter::default(), PageRequest::largest());
    let mut all = vec![text(aggregates.aggregate_list(&filter, &page).await)];
    for number in NUMBERS {
        all.push(json(aggregates.aggregate_get(aggregate_id(number)).await));
        all.push(text(
            aggregates.aggregates_of_host(&host_name(number)).await,
        ));
    }
    all
}

//! Calls of the repository of aggregates, and of hosts as far as they meet.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::env::Timestamp;
use nova_core::id::{AggregateId, HostName, ZoneName};
use nova_core::model::{Aggregate, AggregateMetadata, Generation, HostReport, HypervisorInfo};
use nova_core::repository::{AggregateFilter, PageRequest, Store};
use proptest::prelude::*;

/// What two calls write.
#[derive(Debug, Clone)]
pub struct Written {
    name: u8,
    zone: Option<u8>,
    metadata: BTreeMap<u8, u8>,
}

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    Report {
        host: u8,
    },
    DeleteHost {
        host: u8,
    },
    Create {
        id: u8,
        written: Written,
    },
    Get {
        id: u8,
    },
    List {
        host: Option<u8>,
        zone: Option<u8>,
        metadata: Option<(u8, Option<u8>)>,
        limit: u32,
        marker: Option<u8>,
    },
    OfHost {
        host: u8,
    },
    Update {
        id: u8,
        generation: u64,
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

pub fn call() -> impl Strategy<Value = Call> {
    let (id, host, zone) = (|| 0..3_u8, || 0..3_u8, || prop::option::of(0..2_u8));
    let metadata = prop::collection::btree_map(0..3_u8, 0..3_u8, 0..3);
    let written = (0..4_u8, zone(), metadata).prop_map(|(name, zone, metadata)| Written {
        name,
        zone,
        metadata,
    });
    // Also the key of the zone, and one that cannot be.
    let wanted = prop::option::of((0..5_u8, prop::option::of(0..4_u8)));
    prop_oneof![
        3 => host().prop_map(|host| Call::Report { host }),
        1 => host().prop_map(|host| Call::DeleteHost { host }),
        4 => (id(), written.clone()).prop_map(|(id, written)| Call::Create { id, written }),
        1 => id().prop_map(|id| Call::Get { id }),
        3 => (prop::option::of(host()), zone(), wanted, 1..3_u32, prop::option::of(id())).prop_map(
            |(host, zone, metadata, limit, marker)| Call::List { host, zone, metadata, limit, marker }
        ),
        1 => host().prop_map(|host| Call::OfHost { host }),
        5 => (id(), 0..4_u64, written)
            .prop_map(|(id, generation, written)| Call::Update { id, generation, written }),
        6 => (id(), host()).prop_map(|(id, host)| Call::Add { id, host }),
        2 => (id(), host()).prop_map(|(id, host)| Call::Remove { id, host }),
        1 => id().prop_map(|id| Call::Delete { id }),
    ]
}

fn aggregate_id(number: u8) -> AggregateId {
    AggregateId::from_uuid(uuid::Uuid::from_u128(u128::from(number) + 1))
}

fn host_name(number: u8) -> HostName {
    format!("host-{number}").parse().unwrap()
}

fn zone_name(number: u8) -> ZoneName {
    ["east", "East"][usize::from(number)].parse().unwrap()
}

fn key(number: u8) -> String {
    ["ssd", "SSD", "\u{e4} b", "availability_zone", "\0"][usize::from(number)].to_owned()
}

fn value(number: u8) -> String {
    ["", "true", "east", "east "][usize::from(number)].to_owned()
}

fn aggregate(id: u8, written: &Written) -> Aggregate {
    let names = ["a", "A", "b", "\u{e4}"];
    let name = names[usize::from(written.name)].parse().unwrap();
    let mut aggregate = Aggregate::new(aggregate_id(id), name, Timestamp::EPOCH);
    aggregate.availability_zone = written.zone.map(zone_name);
    let metadata = written.metadata.iter();
    let metadata = metadata.map(|(number, text)| (key(*number), value(*text)));
    aggregate.metadata = AggregateMetadata::new(metadata).unwrap();
    aggregate
}

fn report(host: u8) -> HostReport {
    HostReport {
        name: host_name(host),
        zone: zone_name(0),
        hypervisor: HypervisorInfo {
            kind: "mock".to_owned(),
            version: 1,
            architecture: "x86_64".to_owned(),
        },
        capabilities: BTreeMap::new(),
        traits: BTreeSet::new(),
        inventories: BTreeMap::new(),
    }
}

pub async fn answer(store: &Store, call: &Call) -> String {
    let aggregates = store.aggregates();
    match call {
        Call::Report { host } => {
            let report = report(*host);
            let reported = store.hosts().host_report(&report, Timestamp::EPOCH);
            format!("{:?}", reported.await)
        }
        Call::DeleteHost { host } => {
            format!("{:?}", store.hosts().host_delete(&host_name(*host)).await)
        }
        Call::Create { id, written } => {
            let aggregate = aggregate(*id, written);
            format!("{:?}", aggregates.aggregate_create(&aggregate).await)
        }
        Call::Get { id } => {
            format!("{:?}", aggregates.aggregate_get(aggregate_id(*id)).await)
        }
        Call::List {
            host,
            zone,
            metadata,
            limit,
            marker,
        } => {
            let filter = AggregateFilter {
                host: host.map(host_name),
                zone: zone.map(zone_name),
                metadata: metadata.map(|(number, text)| (key(number), text.map(value))),
            };
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(aggregate_id(*marker));
            }
            format!("{:?}", aggregates.aggregate_list(&filter, &page).await)
        }
        Call::OfHost { host } => {
            let of_host = aggregates.aggregates_of_host(&host_name(*host)).await;
            format!("{of_host:?}")
        }
        Call::Update {
            id,
            generation,
            written,
        } => {
            let mut aggregate = aggregate(*id, written);
            aggregate.generation = Generation::new(*generation);
            format!("{:?}", aggregates.aggregate_update(&aggregate).await)
        }
        Call::Add { id, host } => {
            let added = aggregates
                .aggregate_add_host(aggregate_id(*id), &host_name(*host))
                .await;
            format!("{added:?}")
        }
        Call::Remove { id, host } => {
            let removed = aggregates
                .aggregate_remove_host(aggregate_id(*id), &host_name(*host))
                .await;
            format!("{removed:?}")
        }
        Call::Delete { id } => {
            format!("{:?}", aggregates.aggregate_delete(aggregate_id(*id)).await)
        }
    }
}

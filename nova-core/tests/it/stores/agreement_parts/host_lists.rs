//! Calls that list hosts.

use nova_core::env::Timestamp;
use nova_core::model::{Generation, ServiceAvailability, ServiceStatus};
use nova_core::repository::{HostFilter, PageRequest, Store};
use proptest::prelude::*;

use super::super::fixture::report;

/// A call, over few enough hosts that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    Report {
        host: u8,
        zone: u8,
        at: i64,
    },
    Decide {
        host: u8,
        generation: u64,
        disabled: bool,
        down: bool,
    },
    Delete {
        host: u8,
    },
    List {
        filter: HostFilter,
        limit: u32,
        marker: Option<u8>,
    },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let host = || 0..6_u8;
    let time = || prop::option::of((0..6_i64).prop_map(Timestamp::from_micros));
    let filter = (
        prop::option::of(0..2_u8),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<bool>()),
        time(),
        time(),
        prop::option::of(0..4_usize),
    )
        .prop_map(
            |(zone, disabled, forced_down, seen_since, silent_since, prefix)| HostFilter {
                zone: zone.map(|number| format!("zone-{number}").parse().unwrap()),
                availability: disabled.map(|disabled| match disabled {
                    true => ServiceAvailability::Disabled,
                    false => ServiceAvailability::Enabled,
                }),
                forced_down,
                seen_since,
                silent_since,
                name_prefix: prefix
                    .map(|number| ["", "listed-", "listed-1", "x"][number].to_owned()),
            },
        );
    prop_oneof![
        3 => (host(), 0..2_u8, 0..6_i64).prop_map(|(host, zone, at)| Call::Report { host, zone, at }),
        2 => (host(), 0..3_u64, any::<bool>(), any::<bool>()).prop_map(
            |(host, generation, disabled, down)| Call::Decide { host, generation, disabled, down }
        ),
        1 => host().prop_map(|host| Call::Delete { host }),
        4 => (filter, 1..4_u32, prop::option::of(host()))
            .prop_map(|(filter, limit, marker)| Call::List { filter, limit, marker }),
    ]
}

fn name(host: u8) -> String {
    format!("listed-{host}")
}

/// The answer as text: values and errors alike.
fn text(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

/// The store's answer as text.
pub async fn answer(store: &Store, call: &Call) -> String {
    let hosts = store.hosts();
    match call {
        Call::Report { host, zone, at } => {
            let mut report = report(&name(*host), &[]);
            report.zone = format!("zone-{zone}").parse().unwrap();
            let at = Timestamp::from_micros(*at);
            text(hosts.host_report(&report, at).await)
        }
        Call::Decide {
            host,
            generation,
            disabled,
            down,
        } => {
            let service = match disabled {
                true => ServiceStatus::disabled("why").unwrap(),
                false => ServiceStatus::enabled(),
            };
            text(
                hosts
                    .host_set_service(
                        &name(*host).parse().unwrap(),
                        Generation::new(*generation),
                        &service.force_down(*down),
                    )
                    .await,
            )
        }
        Call::Delete { host } => text(hosts.host_delete(&name(*host).parse().unwrap()).await),
        Call::List {
            filter,
            limit,
            marker,
        } => {
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(name(*marker).parse().unwrap());
            }
            text(hosts.host_list(filter, &page).await)
        }
    }
}

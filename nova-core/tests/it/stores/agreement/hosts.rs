//! Calls about hosts, and their lists.

use nova_core::env::Timestamp;
use nova_core::model::{
    Generation, HostTrait, Inventory, ResourceClass, ServiceAvailability, ServiceStatus,
};
use nova_core::repository::{HostFilter, PageRequest, Store};
use proptest::prelude::*;

use super::super::fixture as stores;
use super::fixture::{
    NUMBERS, few, generation, host_name, json, page, page_request, perhaps, seldom, text, time,
    words, zone,
};

/// Three classes that hosts offer.
pub const CLASSES: [ResourceClass; 3] = [
    ResourceClass::Vcpu,
    ResourceClass::MemoryMb,
    ResourceClass::DiskGb,
];

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Report {
        host: u8,
        zone: u8,
        at: i64,
        /// One for each of the [`CLASSES`].
        offers: Vec<Option<Offer>>,
    },
    Decide {
        host: u8,
        wrong: bool,
        disabled: bool,
        down: bool,
    },
    Get {
        host: u8,
    },
    List {
        filter: Filter,
        page: (u32, Option<u8>),
    },
    Usages,
    Delete {
        host: u8,
    },
}

/// What a host offers of a class: total, reserved, and twice the ratio.
type Offer = (u64, u64, u8);

/// The conditions of a list.
#[derive(Debug, Clone)]
pub struct Filter {
    zone: Option<u8>,
    disabled: Option<bool>,
    forced_down: Option<bool>,
    seen_since: Option<i64>,
    silent_since: Option<i64>,
    prefix: Option<usize>,
}

/// Reports of a host.
pub fn report() -> impl Strategy<Value = Call> {
    let offer = (0..30_u64, 0..3_u64, 1..5_u8);
    let offers = prop::collection::vec(prop::option::weighted(0.85, offer), CLASSES.len());
    (few(), few(), 0..6_i64, offers).prop_map(|(host, zone, at, offers)| Call::Report {
        host,
        zone,
        at,
        offers,
    })
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let at = || 0..6_i64;
    let either = || prop::option::of(any::<bool>());
    let filter = (
        perhaps(),
        either(),
        either(),
        prop::option::of(at()),
        prop::option::of(at()),
        prop::option::of(0..PREFIXES.len()),
    )
        .prop_map(
            |(zone, disabled, forced_down, seen_since, silent_since, prefix)| Filter {
                zone,
                disabled,
                forced_down,
                seen_since,
                silent_since,
                prefix,
            },
        );
    prop_oneof![
        6 => report(),
        2 => (few(), seldom(), any::<bool>(), any::<bool>()).prop_map(
            |(host, wrong, disabled, down)| Call::Decide { host, wrong, disabled, down }
        ),
        1 => few().prop_map(|host| Call::Get { host }),
        2 => (filter, page_request()).prop_map(|(filter, page)| Call::List { filter, page }),
        1 => Just(Call::Usages),
        1 => few().prop_map(|host| Call::Delete { host }),
    ]
}

const PREFIXES: [&str; 5] = ["", "host-1", "Host", "h\u{f6}", "%"];

fn conditions(filter: &Filter) -> HostFilter {
    HostFilter {
        zone: filter.zone.map(zone),
        availability: filter.disabled.map(|disabled| match disabled {
            true => ServiceAvailability::Disabled,
            false => ServiceAvailability::Enabled,
        }),
        forced_down: filter.forced_down,
        seen_since: filter.seen_since.map(time),
        silent_since: filter.silent_since.map(time),
        name_prefix: filter.prefix.map(|index| PREFIXES[index].to_owned()),
    }
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, _: Timestamp) -> String {
    let hosts = store.hosts();
    match call {
        Call::Report {
            host,
            zone: number,
            at,
            offers,
        } => {
            let mut report = stores::report(host_name(*host).as_str(), &[])
                .with_capability("words", words(*number))
                .with_trait(HostTrait::new(format!("CUSTOM_{number}")).unwrap());
            report.zone = zone(*number);
            for (class, offer) in CLASSES.into_iter().zip(offers) {
                let Some((total, reserved, ratio)) = offer else {
                    continue;
                };
                let ratio = f64::from(*ratio) / 2.0;
                let inventory = Inventory::new(*total, *reserved.min(total), ratio).unwrap();
                report.inventories.insert(class, inventory);
            }
            text(hosts.host_report(&report, time(*at)).await)
        }
        Call::Decide {
            host,
            wrong,
            disabled,
            down,
        } => {
            let name = host_name(*host);
            let service = match disabled {
                true => ServiceStatus::disabled("\u{1f980}").unwrap(),
                false => ServiceStatus::enabled(),
            };
            let held = hosts.host_get(&name).await;
            let held = held.map_or(Generation::FIRST, |host| host.generation);
            let service = service.force_down(*down);
            let generation = generation(held, *wrong);
            text(hosts.host_set_service(&name, generation, &service).await)
        }
        Call::Get { host } => text(hosts.host_get(&host_name(*host)).await),
        Call::List {
            filter,
            page: request,
        } => {
            let page = page(request, host_name);
            text(hosts.host_list(&conditions(filter), &page).await)
        }
        Call::Usages => text(hosts.host_usages().await),
        Call::Delete { host } => text(hosts.host_delete(&host_name(*host)).await),
    }
}

/// What the store holds of hosts.
pub async fn contents(store: &Store) -> Vec<String> {
    let hosts = store.hosts();
    let (filter, page) = (HostFilter::default(), PageRequest::largest());
    let mut all = vec![
        text(hosts.host_list(&filter, &page).await),
        json(hosts.host_usages().await),
    ];
    for number in NUMBERS {
        all.push(json(hosts.host_get(&host_name(number)).await));
    }
    all
}

//! Tags that have a meaning, and how text is compared.

use std::collections::BTreeMap;

/// Tags by name. A tag without a value is as one that is missing.
pub(super) type Tags = BTreeMap<String, Option<String>>;

/// Whether somebody else than the host manages the device, such as a card of its own.
const REMOTE_MANAGED: &str = "remote_managed";
/// Whether a server with the device can be moved while it runs.
const LIVE_MIGRATABLE: &str = "live_migratable";
/// The provider of a pool in Placement.
const PROVIDER: &str = "rp_uuid";
/// The providers that a request was given in Placement.
const PROVIDERS: &str = "rp_uuids";
/// What is matched in Placement, and not again.
pub(super) const IGNORED: [&str; 3] = ["resource_class", "traits", PROVIDERS];

pub(super) fn text<'a>(tags: &'a Tags, name: &str) -> Option<&'a str> {
    tags.get(name).and_then(Option::as_deref)
}

pub(super) fn is_remote_managed(tags: &Tags) -> bool {
    text(tags, REMOTE_MANAGED).is_some_and(|value| {
        let value = value.trim().to_lowercase();
        matches!(&*value, "1" | "t" | "true" | "on" | "y" | "yes")
    })
}

pub(super) fn live_migratable(tags: &Tags) -> Option<&str> {
    text(tags, LIVE_MIGRATABLE)
}

pub(super) fn provider(tags: &Tags) -> Option<&str> {
    text(tags, PROVIDER)
}

pub(super) fn providers(tags: &Tags) -> impl Iterator<Item = &str> {
    text(tags, PROVIDERS)
        .filter(|list| !list.is_empty())
        .into_iter()
        .flat_map(|list| list.split(','))
}

/// Whether both are the same text in any case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
        || (!one.is_ascii() && !other.is_ascii() && one.to_lowercase() == other.to_lowercase())
}

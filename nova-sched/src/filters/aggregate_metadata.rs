//! What filters make of the metadata of aggregates.

use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::python::strip;

/// The values that one text holds: it is split at commas, and white space around them is dropped.
pub(super) fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(strip)
}

/// The values that a host's aggregates have for a key, as one text for an explanation.
pub(super) fn joined(host: &HostView<'_>, key: &str) -> Option<String> {
    let values: Vec<&str> = host.aggregate_values(key).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// The hosts of aggregates that have one of some keys.
pub(super) struct Holders {
    /// All of them.
    pub(super) all: Candidates,
    /// Those of which at least one aggregate has a value that fits.
    pub(super) fitting: Candidates,
}

impl Holders {
    /// Asks each aggregate once.
    pub(super) fn of<'a>(
        fleet: &Fleet,
        keys: impl IntoIterator<Item = &'a str>,
        fits: impl Fn(&str) -> bool,
    ) -> Self {
        let mut holders = Self {
            all: Candidates::none(fleet.len()),
            fitting: Candidates::none(fleet.len()),
        };
        for key in keys {
            for (aggregate, hosts) in fleet.aggregates_with(key) {
                let fits = aggregate.metadata.get(key).is_some_and(|value| fits(value));
                for host in hosts {
                    holders.all.insert(*host);
                    if fits {
                        holders.fitting.insert(*host);
                    }
                }
            }
        }
        holders
    }

    /// The hosts that have the key, and no value that fits.
    pub(super) fn unfitting(self) -> Candidates {
        let mut hosts = self.all;
        hosts.subtract(&self.fitting);
        hosts
    }
}

//! The rule of every filter that limits what is counted on a host.

use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView, Measure};
use crate::python::python_int;
use crate::verdict::{Counted, Reason, Verdict};

/// Less than `limit` must be counted on the host.
pub(super) fn check(what: Counted, limit: i64, host: &HostView<'_>) -> Verdict {
    let count = host.count(measure(what));
    if count < limit {
        return Verdict::Pass;
    }
    Verdict::Reject(Reason::TooMany {
        what,
        count: u64::try_from(count).unwrap_or(0),
        limit: u64::try_from(limit).unwrap_or(0),
    })
}

/// The same over the column.
pub(super) fn sweep(what: Counted, limit: i64, fleet: &Fleet, candidates: &mut Candidates) {
    let limit = double(limit);
    candidates.retain_by(fleet.measure(measure(what)).values(), |count| {
        *count < limit
    });
}

/// The limit of one host: the lowest that its aggregates have for the key. The configured one if
/// there is none, or if one of them is no whole number, as in Nova.
pub(super) fn limit(host: &HostView<'_>, key: &str, configured: i64) -> i64 {
    let mut lowest: Option<i64> = None;
    for text in host.aggregate_values(key) {
        match python_int(text) {
            Some(value) => lowest = Some(lowest.map_or(value, |lowest| lowest.min(value))),
            None => return configured,
        }
    }
    lowest.unwrap_or(configured)
}

/// The same over the column: hosts of aggregates that have the key are asked one by one.
pub(super) fn sweep_with_aggregates(
    what: Counted,
    key: &str,
    configured: i64,
    fleet: &Fleet,
    candidates: &mut Candidates,
) {
    let asked = super::aggregate_metadata::Holders::of(fleet, [key], |_| false).all;
    let mut special = candidates.clone();
    special.intersect(&asked);
    sweep(what, configured, fleet, candidates);
    for host in special.iter() {
        let view = fleet.host(host);
        if check(what, limit(&view, key, configured), &view).is_pass() {
            candidates.insert(host);
        } else {
            candidates.remove(host);
        }
    }
}

fn measure(what: Counted) -> Measure {
    match what {
        Counted::IoOperations => Measure::IoOperations,
        Counted::Servers => Measure::Servers,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts stay far below 2^53, and limits beyond it are never reached"
)]
fn double(limit: i64) -> f64 {
    limit as f64
}

/// Declares the filter of one count, and the one that asks aggregates for the limit.
macro_rules! count_filters {
    (
        $what:expr, $default:literal, $key:literal,
        $(#[$doc:meta])* $name:ident,
        $(#[$aggregate_doc:meta])* $aggregate:ident
    ) => {
        count_filters!(@ $default, $(#[$doc])* $name,
            |limit, host| super::count_limit::check($what, limit, host),
            |limit, fleet, candidates| super::count_limit::sweep($what, limit, fleet, candidates)
        );
        count_filters!(@ $default, $(#[$aggregate_doc])* $aggregate,
            |limit, host| {
                let limit = super::count_limit::limit(host, $key, limit);
                super::count_limit::check($what, limit, host)
            },
            |limit, fleet, candidates| {
                super::count_limit::sweep_with_aggregates($what, $key, limit, fleet, candidates);
            }
        );
    };
    (
        @ $default:literal, $(#[$doc:meta])* $name:ident,
        |$limit:ident, $host:ident| $check:expr,
        |$sweep_limit:ident, $fleet:ident, $candidates:ident| $sweep:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name {
            limit: i64,
        }

        impl $name {
            #[doc = concat!("With this limit in the place of Nova's, which is ", $default, ".")]
            pub fn new(limit: u64) -> Self {
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                Self { limit }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new($default)
            }
        }

        impl crate::filters::Filter for $name {
            fn name(&self) -> &str {
                stringify!($name)
            }

            fn check(
                &self,
                _request: &crate::request::PlacementRequest,
                $host: &crate::fleet::HostView<'_>,
            ) -> crate::verdict::Verdict {
                let $limit = self.limit;
                $check
            }

            fn is_local(&self, _request: &crate::request::PlacementRequest) -> bool {
                true
            }

            fn sweep(
                &self,
                _request: &crate::request::PlacementRequest,
                $fleet: &crate::fleet::Fleet,
                $candidates: &mut crate::candidates::Candidates,
            ) {
                let $sweep_limit = self.limit;
                $sweep;
            }
        }
    };
}

pub(super) use count_filters;

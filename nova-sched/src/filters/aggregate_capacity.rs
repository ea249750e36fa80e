//! Capacity by the ratios of aggregates.

use nova_core::model::{Inventory, ResourceClass};

use super::aggregate_metadata::Holders;
use super::capacity;
use crate::candidates::Candidates;
use crate::fleet::{Amounts, Fleet, HostView};
use crate::python::python_float;
use crate::verdict::Verdict;

/// How much a host has of a class if its aggregates say how many times over it is lent out: the
/// lowest number that they have for the key. As it is if there is none, or if one of them is no
/// ratio.
fn amounts(class: &ResourceClass, key: &str, host: &HostView<'_>) -> Amounts {
    let mut amounts = host.amounts(class);
    let mut lowest: Option<f64> = None;
    for text in host.aggregate_values(key) {
        match python_float(text).filter(|ratio| ratio.is_finite() && *ratio > 0.0) {
            Some(ratio) => lowest = Some(lowest.map_or(ratio, |lowest| lowest.min(ratio))),
            None => return amounts,
        }
    }
    let inventory =
        lowest.and_then(|ratio| Inventory::new(amounts.total, amounts.reserved, ratio).ok());
    if let Some(inventory) = inventory {
        amounts.ratio = inventory.allocation_ratio();
        amounts.capacity = inventory.capacity();
    }
    amounts
}

pub(super) fn check(class: &ResourceClass, key: &str, wanted: u64, host: &HostView<'_>) -> Verdict {
    capacity::check(class, wanted, &amounts(class, key, host))
}

pub(super) fn sweep(
    class: &ResourceClass,
    key: &str,
    wanted: u64,
    fleet: &Fleet,
    candidates: &mut Candidates,
) {
    let mut special = candidates.clone();
    special.intersect(&Holders::of(fleet, [key], |_| false).all);
    capacity::sweep(class, wanted, fleet, candidates);
    for host in special.iter() {
        if check(class, key, wanted, &fleet.host(host)).is_pass() {
            candidates.insert(host);
        } else {
            candidates.remove(host);
        }
    }
}

/// Declares the filter of one resource class.
macro_rules! aggregate_capacity_filter {
    ($name:ident, $plain:ident, $class:expr, $key:literal) => {
        #[doc = concat!(
                    "As [`", stringify!($plain), "`](crate::filters::", stringify!($plain),
                    "), with a ratio that aggregates may set: the lowest value of `", $key,
                    "` that the host's aggregates have, in the place of the host's own."
                )]
        ///
        /// If one of them is no number above zero, the host's own counts. Nova had a filter of
        /// this name before OpenStack Placement took the decision over, which knows no ratio but
        /// the host's.
        #[doc = concat!(
                    "Where a configuration names it, [`Registry`](crate::Registry) leaves `",
                    stringify!($plain), "` away."
                )]
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        pub struct $name;

        impl Filter for $name {
            fn name(&self) -> &str {
                stringify!($name)
            }

            fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
                let class = $class;
                let wanted = request.resources().get(&class);
                aggregate_capacity::check(&class, $key, wanted, host)
            }

            fn is_local(&self, _request: &PlacementRequest) -> bool {
                true
            }

            fn stage(&self) -> Stage {
                Stage::Placement
            }

            fn sweep(
                &self,
                request: &PlacementRequest,
                fleet: &Fleet,
                candidates: &mut Candidates,
            ) {
                let class = $class;
                let wanted = request.resources().get(&class);
                aggregate_capacity::sweep(&class, $key, wanted, fleet, candidates);
            }
        }
    };
}

pub(super) use aggregate_capacity_filter;

//! The rule of every resource filter: one more server must fit.

use nova_core::model::ResourceClass;

use crate::candidates::Candidates;
use crate::fleet::{Amounts, Fleet};
use crate::verdict::{Reason, Verdict};

/// Placement's rule for one provider: used + wanted ≤ capacity, and wanted ≤ `max_unit`. What is
/// not asked for is not checked, even where the host is over-full.
pub(super) fn check(class: &ResourceClass, wanted: u64, amounts: &Amounts) -> Verdict {
    if wanted == 0 || amounts.fits(wanted) {
        return Verdict::Pass;
    }
    let class = class.clone();
    let (free, max_unit) = (amounts.free(), amounts.max_unit());
    Verdict::Reject(if wanted > free {
        Reason::InsufficientResource {
            class,
            wanted,
            free,
            capacity: amounts.capacity,
        }
    } else {
        Reason::AboveMaxUnit {
            class,
            wanted,
            max_unit,
            free,
            capacity: amounts.capacity,
        }
    })
}

/// The same over a class's columns.
pub(super) fn sweep(
    class: &ResourceClass,
    wanted: u64,
    fleet: &Fleet,
    candidates: &mut Candidates,
) {
    if wanted == 0 {
        return;
    }
    let Some(column) = fleet.resource(class) else {
        candidates.clear();
        return;
    };
    // No capacity is larger than what `f64` can tell apart.
    candidates.retain_at_least(column.free(), in_f64(wanted));
    if wanted > column.least_total() {
        candidates.retain_by(column.total(), |total| wanted <= *total);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "what is larger than 2^53 is rounded to 2^53 or more, and nobody has so much"
)]
fn in_f64(wanted: u64) -> f64 {
    wanted as f64
}

/// Declares the filter of one resource class.
macro_rules! capacity_filter {
    ($(#[$doc:meta])* $name:ident, $class:expr) => {
        $(#[$doc])*
        ///
        /// Passes if one more server of the wanted size fits: claimed + wanted ≤
        /// ⌊(total − reserved) × ratio⌋, and wanted ≤ total, as OpenStack Placement decides it.
        /// (Nova had a filter of this name before Placement took the decision over.)
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $name;

        impl crate::filters::Filter for $name {
            fn name(&self) -> &str {
                stringify!($name)
            }

            fn check(
                &self,
                request: &crate::request::PlacementRequest,
                host: &crate::fleet::HostView<'_>,
            ) -> crate::verdict::Verdict {
                let class = $class;
                let wanted = request.resources().get(&class);
                crate::filters::capacity::check(&class, wanted, &host.amounts(&class))
            }

            fn is_local(&self, _request: &crate::request::PlacementRequest) -> bool {
                true
            }

            fn stage(&self) -> crate::filters::Stage {
                crate::filters::Stage::Placement
            }

            fn sweep(
                &self,
                request: &crate::request::PlacementRequest,
                fleet: &crate::fleet::Fleet,
                candidates: &mut crate::candidates::Candidates,
            ) {
                let class = $class;
                let wanted = request.resources().get(&class);
                crate::filters::capacity::sweep(&class, wanted, fleet, candidates);
            }
        }
    };
}

pub(super) use capacity_filter;

//! Keeps hosts with free PCI devices for those who ask for some.

use super::weighted::by_multiplier;
use super::{AggregateMultiplier, Scores, Weigher};
use crate::fleet::{Fleet, HostView, Measure};
use crate::request::PlacementRequest;

/// Prefers hosts with fewer free PCI devices, so that those with many are kept for servers that
/// need them. Nova's `PCIWeigher`.
///
/// Raw: 100 − free devices , of which 99 count at most ([`Measure::PciScarcity`]).
///
/// The metadata key `pci_weight_multiplier` of a host's aggregates overrides the multiplier.
///
/// ```
/// use nova_sched::{Scheduler, weighers::PCIWeigher};
///
/// let scheduler = Scheduler::builder().weigher(PCIWeigher::new(2.0)).build();
/// # let _ = scheduler;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PCIWeigher {
    multiplier: AggregateMultiplier,
}

impl PCIWeigher {
    /// With this multiplier (Nova's `pci_weight_multiplier`, by default 1.0).
    pub fn new(multiplier: f64) -> Self {
        Self {
            multiplier: AggregateMultiplier::new("pci_weight_multiplier", multiplier),
        }
    }
}

impl Default for PCIWeigher {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Weigher for PCIWeigher {
    fn name(&self) -> &str {
        "PCIWeigher"
    }

    fn weigh(&self, _request: &PlacementRequest, host: &HostView<'_>) -> f64 {
        host.measure(Measure::PciScarcity)
    }

    fn scores<'a>(&self, _request: &PlacementRequest, fleet: &'a Fleet) -> Scores<'a> {
        Scores::Column(fleet.measure(Measure::PciScarcity))
    }

    by_multiplier!();
}

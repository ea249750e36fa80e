//! Keeps hosts with free PCI devices for those who ask for some.

use super::weighted::by_multiplier;
use super::{AggregateMultiplier, Scores, Weigher};
use crate::fleet::{Fleet, HostIndex, HostView, Measure};
use crate::request::PlacementRequest;

/// From this many free devices on, more make no difference.
const MANY: f64 = 99.0;

/// Prefers hosts with fewer free PCI devices, so that those with many are kept for servers that
/// need them. Nova's `PCIWeigher`.
///
/// Raw: 100 − free devices ([`Measure::FreePciDevices`]), of which 99 count at most.
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
        scarcity(host.measure(Measure::FreePciDevices))
    }

    /// Most fleets have no such device at all, and then nothing is weighed.
    fn scores<'a>(&self, _request: &PlacementRequest, fleet: &'a Fleet) -> Scores<'a> {
        let free = fleet.measure(Measure::FreePciDevices);
        if free.extremes().iter().any(|group| group.high > 0.0) {
            Scores::Each
        } else {
            Scores::Same(scarcity(0.0))
        }
    }

    fn sweep(
        &self,
        _request: &PlacementRequest,
        fleet: &Fleet,
        hosts: &[HostIndex],
        weights: &mut Vec<f64>,
    ) {
        let free = fleet.measure(Measure::FreePciDevices);
        weights.extend(
            hosts
                .iter()
                .map(|host| scarcity(free.get(host.get()).unwrap_or(0.0))),
        );
    }

    by_multiplier!();
}

fn scarcity(free: f64) -> f64 {
    100.0 - free.min(MANY)
}

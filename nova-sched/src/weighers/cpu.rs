//! Prefers hosts with more free virtual processors.

use nova_core::model::ResourceClass;

use super::Weigher;
use crate::fleet::{Amounts, Fleet, HostIndex, HostView};
use crate::request::PlacementRequest;

/// Prefers hosts with more free virtual processors. Nova's `CPUWeigher`.
///
/// Raw: total × allocation ratio − reserved − claimed, at least 0. (Nova counts reserved processors
/// as used.)
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CPUWeigher {
    multiplier: f64,
}

impl CPUWeigher {
    /// With this multiplier (Nova's `cpu_weight_multiplier`, by default 1.0). A negative one
    /// fills hosts up instead of spreading servers out.
    pub fn new(multiplier: f64) -> Self {
        Self { multiplier }
    }
}

impl Default for CPUWeigher {
    fn default() -> Self {
        Self::new(1.0)
    }
}

impl Weigher for CPUWeigher {
    fn name(&self) -> &str {
        "CPUWeigher"
    }

    fn weigh(&self, _request: &PlacementRequest, host: &HostView<'_>) -> f64 {
        raw(&host.amounts(&ResourceClass::Vcpu))
    }

    fn multiplier(&self, _host: &HostView<'_>) -> f64 {
        self.multiplier
    }

    fn lower_bound(&self) -> Option<f64> {
        Some(0.0)
    }

    fn sweep(
        &self,
        _request: &PlacementRequest,
        fleet: &Fleet,
        hosts: &[HostIndex],
        weights: &mut Vec<f64>,
    ) {
        let column = fleet.resource(&ResourceClass::Vcpu);
        weights.extend(hosts.iter().map(|host| {
            raw(&column.map_or_else(Amounts::default, |column| column.amounts(host.get())))
        }));
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "amounts stay below 2^53, where f64 is exact"
)]
fn raw(amounts: &Amounts) -> f64 {
    amounts.total as f64 * amounts.ratio - (amounts.reserved as f64 + amounts.used as f64)
}

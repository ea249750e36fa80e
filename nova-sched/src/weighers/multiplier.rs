//! How much a weigher counts, and what aggregates say of that.

use super::Weigher;
use crate::fleet::{Fleet, HostIndex, HostView, Overrides};
use crate::python::python_float;

/// How much each host's normalised weight counts. What is not a finite number counts as 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Multipliers<'a> {
    /// The same for every host.
    Same(f64),
    /// The configured one, but for hosts whose aggregates say otherwise.
    Overridden {
        /// What counts for other hosts.
        configured: f64,
        /// What the aggregates say is multiplied by this: 1 or −1.
        sign: f64,
        /// What they say.
        overrides: &'a Overrides,
    },
    /// [`Weigher::multiplier`](super::Weigher::multiplier) is asked of each host.
    Each,
}

impl Multipliers<'_> {
    pub(crate) fn finite(multiplier: f64) -> f64 {
        if multiplier.is_finite() {
            multiplier
        } else {
            0.0
        }
    }

    /// The multiplier of one host.
    pub(crate) fn of(&self, weigher: &dyn Weigher, fleet: &Fleet, host: HostIndex) -> f64 {
        Self::finite(match self {
            Self::Same(multiplier) => *multiplier,
            Self::Overridden {
                configured,
                sign,
                overrides,
            } => overrides
                .get(host.get())
                .map_or(*configured, |multiplier| sign * multiplier),
            Self::Each => weigher.multiplier(&fleet.host(host)),
        })
    }
}

/// A multiplier from the configuration that the metadata of aggregates override, as in Nova.
///
/// The lowest of the values that a host's aggregates have for the key counts; if any of them is
/// no number, or there is none, the configured one does.
///
/// ```
/// use nova_sched::weighers::AggregateMultiplier;
/// use nova_sched::{Fleet, HostAggregate, HostState};
///
/// let fleet = Fleet::builder()
///     .host(HostState::new("node-1".parse()?, "az1".parse()?))
///     .aggregate(
///         HostAggregate::new("6e7b9a3c-0f3d-4f2e-9e61-3a6a0a6a1c11".parse()?, "stack")
///             .with_host("node-1".parse()?)
///             .with_metadata("ram_weight_multiplier", "-1.0"),
///     )
///     .build();
/// let ram = AggregateMultiplier::new("ram_weight_multiplier", 1.0);
/// assert_eq!(fleet.hosts().map(|host| ram.of(&host)).collect::<Vec<_>>(), [-1.0]);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AggregateMultiplier {
    key: &'static str,
    configured: f64,
    sign: f64,
}

impl AggregateMultiplier {
    /// The configured one, and the key of the metadata that override it.
    pub const fn new(key: &'static str, configured: f64) -> Self {
        Self {
            key,
            configured,
            sign: 1.0,
        }
    }

    /// The same with the sign turned, wherever the number comes from: Nova counts failed builds
    /// against a host.
    #[must_use]
    pub const fn negated(mut self) -> Self {
        self.sign = -self.sign;
        self
    }

    /// What is configured, before aggregates are asked.
    pub fn configured(&self) -> f64 {
        self.sign * self.configured
    }

    /// The multiplier of one host.
    pub fn of(&self, host: &HostView<'_>) -> f64 {
        let mut lowest: Option<f64> = None;
        for text in host.aggregate_values(self.key) {
            match python_float(text) {
                Some(value) => lowest = Some(lowest.map_or(value, |lowest| lowest.min(value))),
                None => return self.configured(),
            }
        }
        self.sign * lowest.unwrap_or(self.configured)
    }

    /// The multipliers of all hosts.
    pub fn over<'a>(&self, fleet: &'a Fleet) -> Multipliers<'a> {
        match fleet.aggregate_multipliers(self.key) {
            None => Multipliers::Same(self.configured()),
            Some(overrides) => Multipliers::Overridden {
                configured: self.configured(),
                sign: self.sign,
                overrides,
            },
        }
    }
}

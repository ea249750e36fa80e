//! What a weigher is.

use std::fmt;

use super::Multipliers;
use crate::fleet::{Fleet, HostIndex, HostView, MeasureColumn};
use crate::request::PlacementRequest;
use crate::verdict::Reason;

/// Where a weigher's raw weights are found for all hosts at once.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Scores<'a> {
    /// Every host has the same: the weigher decides nothing for this request, and is not run.
    Same(f64),
    /// In a column of the fleet.
    Column(&'a MeasureColumn),
    /// [`Weigher::sweep`] is asked.
    Each,
}

/// Says how good a host is for a request, as one number.
///
/// The weight of a host is the sum, over the weighers in their order and beginning with 0.0, of
/// multiplier × [normalised](crate::weighers::normalise) raw weight; the host with the highest
/// weight wins. A weigher is pure, as a filter is. [`name`](Self::name) and
/// [`weigh`](Self::weigh) are all that an author must write.
///
/// ```
/// use nova_core::model::ResourceClass;
/// use nova_sched::{HostView, PlacementRequest, Scheduler, Weigher};
///
/// /// Fills the fullest host first.
/// #[derive(Debug)]
/// struct Pack;
///
/// impl Weigher for Pack {
///     fn name(&self) -> &str {
///         "Pack"
///     }
///     fn weigh(&self, _request: &PlacementRequest, host: &HostView<'_>) -> f64 {
///         let memory = host.amounts(&ResourceClass::MemoryMb);
///         memory.used as f64 / (memory.capacity as f64).max(1.0)
///     }
///     fn multiplier(&self, _host: &HostView<'_>) -> f64 {
///         10.0
///     }
/// }
///
/// let scheduler = Scheduler::builder().with_defaults().weigher(Pack).build();
/// # let _ = scheduler;
/// ```
pub trait Weigher: fmt::Debug + Send + Sync + 'static {
    /// The name by which configuration and explanations know it.
    fn name(&self) -> &str;

    /// The raw weight of one host; the higher, the better. It should be a finite number; what is
    /// none counts as the lowest.
    fn weigh(&self, request: &PlacementRequest, host: &HostView<'_>) -> f64;

    /// Why a host cannot be weighed at all; such a host counts as the lowest. It is asked only
    /// where one such host fails the whole request
    /// ([`SchedulerBuilder::malformed_fails_request`](crate::SchedulerBuilder::malformed_fails_request)).
    /// The default is that every host can be.
    fn unweighable(&self, _request: &PlacementRequest, _host: &HostView<'_>) -> Option<Reason> {
        None
    }

    /// How much the normalised weight counts for a host; what is not a finite number counts as 0.
    /// The default is 1.0.
    fn multiplier(&self, _host: &HostView<'_>) -> f64 {
        1.0
    }

    /// The multipliers of all hosts; they must agree with [`multiplier`](Self::multiplier), which
    /// the default asks of each.
    fn multipliers<'a>(&self, _request: &PlacementRequest, _fleet: &'a Fleet) -> Multipliers<'a> {
        Multipliers::Each
    }

    /// Where the raw weights of all hosts are found; they must agree with
    /// [`weigh`](Self::weigh). The default asks [`sweep`](Self::sweep).
    fn scores<'a>(&self, _request: &PlacementRequest, _fleet: &'a Fleet) -> Scores<'a> {
        Scores::Each
    }

    /// Whether the raw weight and the multiplier of a host hang on nothing but this request, that
    /// host and which servers are on the nodes of its compute service: not on other hosts, and not
    /// on the group's hosts. Then what was said stands when another host takes a server of the
    /// same request, and only the host that took it is asked again. The default is `false`.
    fn is_local(&self, _request: &PlacementRequest) -> bool {
        false
    }

    /// The raw weight that is normalised to zero: lower ones are raised to it. The default is the
    /// lowest of the hosts that are weighed.
    fn lower_bound(&self) -> Option<f64> {
        None
    }

    /// The raw weights of `hosts`, in their order, pushed onto `weights`.
    ///
    /// The default asks [`weigh`](Self::weigh) for each. Weighers that read columns override it;
    /// the two must agree.
    fn sweep(
        &self,
        request: &PlacementRequest,
        fleet: &Fleet,
        hosts: &[HostIndex],
        weights: &mut Vec<f64>,
    ) {
        weights.extend(
            hosts
                .iter()
                .map(|host| self.weigh(request, &fleet.host(*host))),
        );
    }
}

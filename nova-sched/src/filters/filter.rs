//! What a filter is.

use std::fmt;

use super::PerKind;
use crate::candidates::Candidates;
use crate::fleet::{Column, Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::Verdict;

/// When a filter is run. It decides what holds for hosts that a request forces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// What Nova asks its Placement service, before any of its filters: resources, zone. It holds
    /// for forced hosts too, as a claim does.
    Placement,
    /// What Nova's filters decide. Forced hosts are spared.
    Filter,
}

/// Decides whether a host will do for a request.
///
/// A filter is pure: the same request and host give the same verdict, without I/O or a clock.
/// [`name`](Self::name) and [`check`](Self::check) are all that an author must write; the other
/// methods are for filters that can do better than their defaults.
///
/// ```
/// use nova_sched::{Filter, HostView, PlacementRequest, Verdict};
///
/// #[derive(Debug)]
/// struct QuietHosts(u64);
///
/// impl Filter for QuietHosts {
///     fn name(&self) -> &str {
///         "QuietHosts"
///     }
///     fn check(&self, _request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
///         match host.servers() <= self.0 {
///             true => Verdict::Pass,
///             false => Verdict::reject(format!("it has more than {} servers", self.0)),
///         }
///     }
/// }
///
/// let scheduler = nova_sched::Scheduler::builder().with_defaults().filter(QuietHosts(20)).build();
/// # let _ = scheduler;
/// ```
pub trait Filter: fmt::Debug + Send + Sync + 'static {
    /// The name by which configuration and explanations know it.
    fn name(&self) -> &str;

    /// Says whether one host will do, or why not.
    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict;

    /// [`check`](Self::check) for one host after the other: what has to be read of the request is
    /// read once. Explanations ask by it. The default asks `check`; the two must agree.
    fn prepared<'a>(
        &'a self,
        request: &'a PlacementRequest,
    ) -> Box<dyn Fn(&HostView<'_>) -> Verdict + 'a> {
        Box::new(move |host| self.check(request, host))
    }

    /// Whether its answer cannot change between the servers of one request, so that it is asked
    /// for the first one only (Nova's `run_filter_once_per_request`). The default is `false`.
    fn run_once_per_request(&self) -> bool {
        false
    }

    /// Whether it is run for a rebuild, where servers stay and only get another image (Nova's
    /// `RUN_ON_REBUILD`). The default is `false`.
    fn run_on_rebuild(&self) -> bool {
        false
    }

    /// Whether the verdict of a host hangs on nothing but this request, that host and which servers
    /// are on the nodes of its compute service: not on other hosts, and not on the group's hosts.
    /// Then what was said stands when another host takes a server of the same request, and only
    /// the host that took it is asked again. The default is `false`.
    fn is_local(&self, _request: &PlacementRequest) -> bool {
        false
    }

    /// Whether the verdict of a host stays the same, whatever servers and claims there are on it
    /// and on others. Then those who look for servers to remove ask it before they try any. The
    /// default is `false`.
    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        false
    }

    /// When it is run. The default is [`Stage::Filter`].
    fn stage(&self) -> Stage {
        Stage::Filter
    }

    /// Of the allocation candidates of a host ([`PlacementRequest::candidates`]), by their place,
    /// leaves those that it finds good: what Nova's filters of NUMA cells and PCI devices do. The
    /// first that all filters leave says from which providers a server's devices come. A host that
    /// is refused whatever the candidate keeps all. The default leaves all.
    fn keep_candidates(
        &self,
        _request: &PlacementRequest,
        _host: &HostView<'_>,
        _candidates: &mut Vec<usize>,
    ) {
    }

    /// A column that tells hosts apart as far as this request goes: hosts of the same number get
    /// the same verdict, with the same reason, so that one of them is asked for all. `None`, the
    /// default, where hosts have to be asked one by one.
    ///
    /// The [zones](Fleet::zone_numbers) of the hosts are such a column, and their
    /// [profiles](Fleet::profile_numbers).
    fn told_apart_by<'a>(
        &self,
        _request: &PlacementRequest,
        _fleet: &'a Fleet,
    ) -> Option<&'a Column<u32>> {
        None
    }

    /// Leaves the candidates that pass [`check`](Self::check), and no others.
    ///
    /// The default asks `check` of each, or of one host for each number of the column that
    /// [tells them apart](Self::told_apart_by). Filters that read one column override it to sweep
    /// that column; the two must agree.
    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let passes = |host| self.check(request, &fleet.host(host)).is_pass();
        let Some(kinds) = self.told_apart_by(request, fleet) else {
            candidates.retain(passes);
            return;
        };
        let mut verdicts = PerKind::default();
        candidates.retain(|host| match kinds.get(host.get()) {
            Some(kind) => *verdicts.of(*kind, || passes(host)),
            None => passes(host),
        });
    }
}

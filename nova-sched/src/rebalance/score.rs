//! What is to be raised.

use std::fmt;

use super::{FleetLoad, HostLoad};

/// How good a fleet is, as one number: the sum over its hosts of what [`host`](Self::host) says of
/// each. The higher, the better.
///
/// A score is pure, as a filter is, and it looks at what moves can change: what a host has and
/// what is claimed on it. Since it is a sum, what a move changes is known from two hosts, and a
/// thousand hosts are compared as fast as two.
///
/// ```
/// use nova_core::model::ResourceClass;
/// use nova_sched::rebalance::{FleetLoad, HostLoad, Score};
///
/// /// Keeps a quarter of each host's memory free for surges.
/// #[derive(Debug)]
/// struct Headroom;
///
/// impl Score for Headroom {
///     fn name(&self) -> &str {
///         "headroom"
///     }
///     fn host(&self, _fleet: &FleetLoad, host: &HostLoad<'_>) -> f64 {
///         let used = host.utilisation(&ResourceClass::MemoryMb).unwrap_or(0.0);
///         -(used - 0.75).max(0.0)
///     }
/// }
/// ```
pub trait Score: fmt::Debug + Send + Sync + 'static {
    /// The name by which reports know it.
    fn name(&self) -> &str;

    /// What one host adds to the score. It should be a finite number; a move that makes it none
    /// is not made.
    fn host(&self, fleet: &FleetLoad, host: &HostLoad<'_>) -> f64;
}

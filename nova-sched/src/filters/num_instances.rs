//! Hosts that do not have too many servers.

use super::count_limit::count_filters;
use crate::verdict::Counted;

count_filters!(
    Counted::Servers,
    50,
    "max_instances_per_host",
    /// Passes hosts with fewer servers than the limit, as Nova's filter of this name does with its
    /// option `max_instances_per_host`.
    NumInstancesFilter,
    /// As [`NumInstancesFilter`], with a limit that aggregates may set: the lowest value of
    /// `max_instances_per_host` that the host's aggregates have, unless one of them is no whole
    /// number.
    AggregateNumInstancesFilter
);

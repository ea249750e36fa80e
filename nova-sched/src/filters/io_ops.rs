//! Hosts that are not busy building, resizing and copying.

use super::count_limit::count_filters;
use crate::verdict::Counted;

count_filters!(
    Counted::IoOperations,
    8,
    "max_io_ops_per_host",
    /// Passes hosts with fewer operations under way than the limit: builds, resizes, snapshots
    /// and the like (Nova's `io_workload`), as Nova's filter of this name does with its option
    /// `max_io_ops_per_host`.
    IoOpsFilter,
    /// As [`IoOpsFilter`], with a limit that aggregates may set: the lowest value of
    /// `max_io_ops_per_host` that the host's aggregates have, unless one of them is no whole
    /// number.
    AggregateIoOpsFilter
);

//! Prefers hosts with fewer operations under way.

use super::measured::measured_weigher;
use crate::fleet::Measure;

measured_weigher!(
    /// Prefers hosts with fewer builds, resizes, snapshots and the like under way. Nova's `IoOpsWeigher`,
    /// whose multiplier is negative unless busy hosts are wanted.
    ///
    /// Raw: how many there are ([`Measure::IoOperations`]), at least 0.
    IoOpsWeigher, Measure::IoOperations,
    option "io_ops_weight_multiplier" = -1.0,
    lowest Some(0.0)
);

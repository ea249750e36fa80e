//! Avoids hosts where builds failed.

use super::measured::measured_weigher;
use crate::fleet::Measure;

measured_weigher!(
    /// Avoids hosts where builds failed lately. Nova's `BuildFailureWeigher`, whose default outweighs
    /// every other weigher. The sign of the multiplier is turned: the larger it is, the more failures
    /// count against a host.
    ///
    /// Raw: builds that failed since the last that did not ([`Measure::FailedBuilds`]).
    BuildFailureWeigher, Measure::FailedBuilds,
    option "build_failure_weight_multiplier" = 1_000_000.0,
    lowest None,
    negated
);

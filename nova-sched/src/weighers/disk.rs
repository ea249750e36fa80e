//! Prefers hosts with more free disk.

use super::measured::measured_weigher;
use crate::fleet::Measure;

measured_weigher!(
    /// Prefers hosts with more free disk. Nova's `DiskWeigher`. A negative multiplier fills hosts
    /// up instead of spreading servers out.
    ///
    /// Raw: free MiB without the allocation ratio ([`Measure::FreeDisk`]), at least 0.
    DiskWeigher, Measure::FreeDisk,
    option "disk_weight_multiplier" = 1.0,
    lowest Some(0.0)
);

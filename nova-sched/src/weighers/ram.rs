//! Prefers hosts with more free memory.

use super::measured::measured_weigher;
use crate::fleet::Measure;

measured_weigher!(
    /// Prefers hosts with more free memory. Nova's `RAMWeigher`. A negative multiplier fills hosts
    /// up instead of spreading servers out.
    ///
    /// Raw: free MiB without the allocation ratio ([`Measure::FreeRam`]), at least 0.
    RAMWeigher, Measure::FreeRam,
    option "ram_weight_multiplier" = 1.0,
    lowest Some(0.0)
);

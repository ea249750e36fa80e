//! Prefers hosts with more free virtual processors.

use super::measured::measured_weigher;
use crate::fleet::Measure;

measured_weigher!(
    /// Prefers hosts with more free virtual processors. Nova's `CPUWeigher`. A negative multiplier
    /// fills hosts up instead of spreading servers out.
    ///
    /// Raw: total × allocation ratio − used ([`Measure::FreeVcpus`]), at least 0.
    CPUWeigher, Measure::FreeVcpus,
    option "cpu_weight_multiplier" = 1.0,
    lowest Some(0.0)
);

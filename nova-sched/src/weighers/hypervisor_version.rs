//! Prefers hosts with a newer hypervisor.

use super::measured::measured_weigher;
use crate::fleet::Measure;

measured_weigher!(
    /// Prefers hosts with a newer hypervisor. Nova's `HypervisorVersionWeigher`.
    ///
    /// Raw: the version as one number ([`Measure::HypervisorVersion`]), 0 where it is not known.
    HypervisorVersionWeigher, Measure::HypervisorVersion,
    option "hypervisor_version_weight_multiplier" = 1.0,
    lowest None
);

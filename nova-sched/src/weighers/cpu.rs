//! Prefers hosts with more free virtual processors.

use nova_core::model::ResourceClass;

use super::free::free_weigher;

free_weigher!(
    /// Prefers hosts with more free virtual processors. Nova's `CPUWeigher`.
    ///
    /// Raw: total × allocation ratio − reserved − claimed, at least 0. (Nova counts reserved
    /// processors as used.)
    CPUWeigher,
    ResourceClass::Vcpu,
    option "cpu_weight_multiplier",
    raw |free| free.total * free.ratio - (free.reserved + free.used)
);

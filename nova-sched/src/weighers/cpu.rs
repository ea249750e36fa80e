//! Prefers hosts with more free virtual processors.

use nova_core::model::ResourceClass;

use super::measured::measured_weigher;
use crate::fleet::{HostView, Measure};
use crate::verdict::Reason;

measured_weigher!(
    /// Prefers hosts with more free virtual processors. Nova's `CPUWeigher`. A negative multiplier
    /// fills hosts up instead of spreading servers out.
    ///
    /// Raw: total × allocation ratio − used ([`Measure::FreeVcpus`]), at least 0. A host that offers
    /// no processors has no allocation ratio, as one that never reported: it
    /// [cannot be weighed](crate::Weigher::unweighable).
    CPUWeigher, Measure::FreeVcpus,
    option "cpu_weight_multiplier" = 1.0,
    lowest Some(0.0);
    unless without_ratio
);

fn without_ratio(host: &HostView<'_>) -> Option<Reason> {
    let ratio = host.amounts(&ResourceClass::Vcpu).ratio;
    (ratio <= 0.0).then(|| Reason::Malformed {
        key: "cpu_allocation_ratio".to_owned(),
        wanted: String::new(),
        problem: "the host never reported one".to_owned(),
    })
}

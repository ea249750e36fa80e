//! Counts servers.

use super::measured::measured_weigher;
use crate::fleet::Measure;

measured_weigher!(
    /// Counts the servers of hosts. Nova's `NumInstancesWeigher`. It counts for nothing unless it gets a
    /// multiplier: a negative one prefers hosts with fewer servers, a positive one those with more.
    ///
    /// Raw: how many there are ([`Measure::Servers`]).
    NumInstancesWeigher, Measure::Servers,
    option "num_instances_weight_multiplier" = 0.0,
    lowest None
);

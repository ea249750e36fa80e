//! What one filter did.

use nova_core::id::HostName;
use serde::{Deserialize, Serialize};

use crate::verdict::Reason;

/// What one filter did to the hosts that reached it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FilterStep {
    /// The filter's name; `ignore_hosts` and `force_hosts` for the lists of the request.
    pub filter: String,
    /// How many hosts it removed.
    pub removed: usize,
    /// How many it left.
    pub left: usize,
    /// Why, with equal reasons counted together, in the order in which they first occurred.
    /// Recorded with [`Detail::Full`](crate::Detail::Full) only.
    pub refusals: Vec<Refusal>,
    /// How many removed hosts are in none of the refusals, because there would be too many kinds.
    pub others: usize,
}

impl FilterStep {
    /// The most kinds of reason that are told apart for one filter.
    pub const MAX_REFUSALS: usize = 8;
}

/// Hosts that were refused for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refusal {
    /// The reason, with the numbers of the first of the hosts.
    pub reason: Reason,
    /// How many hosts.
    pub count: usize,
    /// The lowest and the highest of the number that differs from host to host: what is free, the
    /// most for one server, the seconds of silence.
    pub range: Option<(u64, u64)>,
    /// Some of the hosts.
    pub examples: Vec<HostName>,
}

impl Refusal {
    /// The most hosts that are named for one reason.
    pub const MAX_EXAMPLES: usize = 3;
}

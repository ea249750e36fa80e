//! Where one server goes.

use nova_core::id::HostName;
use serde::{Deserialize, Serialize};

/// Where one server goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Placement {
    /// Its host.
    pub host: HostName,
    /// The host's weight; 0 where it was the only one and the weighers were not run.
    pub weight: f64,
    /// Where it could go instead, best first. Servers of one request may share alternates, and
    /// none is a host of the plan.
    pub alternates: Vec<HostName>,
}

//! A destination that an administrator asks for.

use nova_core::id::{CellName, HostName};
use serde::{Deserialize, Serialize};

/// Where the servers are to go (Nova's `requested_destination`). Filters are run, unlike for
/// forced hosts. Names must be equal to the letter, in contrast to those of forced hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Destination {
    /// The compute service's host.
    #[serde(default)]
    pub host: Option<HostName>,
    /// The node, where the service has several. Not looked at without a host.
    #[serde(default)]
    pub node: Option<HostName>,
    /// The cell that the server is in.
    #[serde(default)]
    pub cell: Option<CellName>,
    /// Whether it may go to another cell, if that must be.
    #[serde(default)]
    pub allow_cross_cell_move: bool,
}

impl Destination {
    /// This host.
    pub fn host(host: HostName) -> Self {
        Self {
            host: Some(host),
            ..Self::default()
        }
    }

    /// This cell.
    pub fn cell(cell: CellName) -> Self {
        Self {
            cell: Some(cell),
            ..Self::default()
        }
    }

    /// This node of the host.
    #[must_use]
    pub fn with_node(mut self, node: HostName) -> Self {
        self.node = Some(node);
        self
    }

    /// Whether another cell will do.
    #[must_use]
    pub fn with_cross_cell_move(mut self, allowed: bool) -> Self {
        self.allow_cross_cell_move = allowed;
        self
    }
}

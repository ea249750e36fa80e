//! How much of a request must be fulfilled.

use serde::{Deserialize, Serialize};

/// What is to happen where not all servers of a request fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    /// None is placed.
    #[default]
    AllOrNothing,
    /// Those that fit are placed, if there is any.
    AsManyAsFit,
}

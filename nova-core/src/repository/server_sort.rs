//! The orders in which servers are listed.

use serde::{Deserialize, Serialize};

use crate::text_enum::text_enum;

text_enum! {
    /// What servers are ordered by.
    pub enum ServerSortKey: "sort key" {
        /// When they were asked for.
        CreatedAt = "created_at",
        /// When they were last written.
        UpdatedAt = "updated_at",
        /// Their names, by the bytes of their UTF-8: capital letters come before small ones.
        Name = "name",
    }
}

text_enum! {
    /// In which direction.
    pub enum SortDirection: "sort direction" {
        /// The least first.
        Ascending = "asc",
        /// The greatest first.
        Descending = "desc",
    }
}

/// The order of a list of servers: by a key, and those of equal keys by their ids, both in one
/// direction. By default the oldest first.
///
/// ```
/// use nova_core::repository::{ServerSort, ServerSortKey, SortDirection};
///
/// let newest_first = ServerSort::by(ServerSortKey::CreatedAt).descending();
/// assert_eq!(newest_first.direction, SortDirection::Descending);
/// assert_eq!(ServerSort::default(), ServerSort::by(ServerSortKey::CreatedAt));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerSort {
    /// By what.
    pub key: ServerSortKey,
    /// In which direction.
    pub direction: SortDirection,
}

impl ServerSort {
    /// By this key, the least first.
    pub const fn by(key: ServerSortKey) -> Self {
        Self {
            key,
            direction: SortDirection::Ascending,
        }
    }

    /// The greatest first.
    #[must_use]
    pub const fn descending(mut self) -> Self {
        self.direction = SortDirection::Descending;
        self
    }
}

impl Default for ServerSort {
    fn default() -> Self {
        Self::by(ServerSortKey::CreatedAt)
    }
}

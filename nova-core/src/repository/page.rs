//! Lists in pieces.

use crate::error::{Error, Result};

/// The most items that one page holds, as in Nova's `max_limit`.
pub const MAX_PAGE: u32 = 1000;

/// Which piece of a list is wanted: so many items after a marker.
///
/// The marker is the id of the last item of the page before. Items that are created or deleted
/// in between neither repeat nor hide others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<Id> {
    limit: u32,
    marker: Option<Id>,
}

impl<Id> PageRequest<Id> {
    /// The first `limit` items.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the limit is zero or above [`MAX_PAGE`].
    pub fn first(limit: u32) -> Result<Self> {
        if limit == 0 || limit > MAX_PAGE {
            return Err(Error::invalid(
                "limit",
                format!("it is not between 1 and {MAX_PAGE}"),
            ));
        }
        Ok(Self {
            limit,
            marker: None,
        })
    }

    /// The first page of the largest size.
    pub fn largest() -> Self {
        Self {
            limit: MAX_PAGE,
            marker: None,
        }
    }

    /// The same number of items after this one.
    #[must_use]
    pub fn after(mut self, marker: Id) -> Self {
        self.marker = Some(marker);
        self
    }

    /// How many items at the most.
    pub fn limit(&self) -> u32 {
        self.limit
    }

    /// After which item.
    pub fn marker(&self) -> Option<&Id> {
        self.marker.as_ref()
    }
}

/// A piece of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, Id> {
    /// The items.
    pub items: Vec<T>,
    /// The marker for the next page; `None` on the last.
    pub next: Option<Id>,
}

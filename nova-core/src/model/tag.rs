//! Tags of servers.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::bounded_text::{bounded_text, trimmed_line};
use crate::error::{Error, Result};

bounded_text!(
    /// A tag: 1 to 60 characters, no `/` and no `,` (which the API's addresses and lists use), no
    /// control character, no white space at either end.
    Tag, "tag", 1..=60, tag
);

fn tag(text: &str) -> Option<&'static str> {
    if text.contains(['/', ',']) {
        return Some("it has a slash or a comma in it");
    }
    trimmed_line(text)
}

/// The tags of a server: at most 50, as in Nova.
///
/// ```
/// use nova_core::model::Tags;
///
/// let mut tags = Tags::default();
/// assert!(tags.insert("gold".parse()?)?);
/// assert!(!tags.insert("gold".parse()?)?);
/// assert_eq!(tags.iter().count(), 1);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Tag>", into = "BTreeSet<Tag>")]
pub struct Tags(BTreeSet<Tag>);

impl Tags {
    /// The most tags of a server.
    pub const MAX: usize = 50;

    /// These tags.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are more than [`MAX`](Self::MAX).
    pub fn new(tags: impl IntoIterator<Item = Tag>) -> Result<Self> {
        tags.into_iter().collect::<BTreeSet<Tag>>().try_into()
    }

    /// Adds a tag. Returns whether it is new.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are [`MAX`](Self::MAX) others already.
    pub fn insert(&mut self, tag: Tag) -> Result<bool> {
        if self.0.len() >= Self::MAX && !self.0.contains(&tag) {
            return Err(too_many());
        }
        Ok(self.0.insert(tag))
    }

    /// Removes a tag. Returns whether it was there.
    pub fn remove(&mut self, tag: &Tag) -> bool {
        self.0.remove(tag)
    }

    /// Whether the tag is there.
    pub fn contains(&self, tag: &Tag) -> bool {
        self.0.contains(tag)
    }

    /// The tags in order.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeSet<Tag>> for Tags {
    type Error = Error;

    fn try_from(tags: BTreeSet<Tag>) -> Result<Self> {
        if tags.len() > Self::MAX {
            return Err(too_many());
        }
        Ok(Self(tags))
    }
}

impl From<Tags> for BTreeSet<Tag> {
    fn from(tags: Tags) -> Self {
        tags.0
    }
}

fn too_many() -> Error {
    Error::invalid("tags", format!("there are more than {}", Tags::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> Vec<Tag> {
        let tag = |number: usize| format!("tag-{number}").parse().unwrap();
        (0..count).map(tag).collect()
    }

    #[test]
    fn bad_tags_are_refused() {
        let long = "x".repeat(61);
        for bad in ["", "a/b", "a,b", " a", "a ", "a\0", &long] {
            assert!(Tag::new(bad).is_err(), "{bad:?} passed");
        }
        assert!(Tag::new("\u{1f980}".repeat(60)).is_ok());
        assert!(serde_json::from_str::<Tag>("\"a,b\"").is_err());
    }

    #[test]
    fn a_server_has_at_most_fifty() {
        let mut full = Tags::new(numbered(50)).unwrap();
        assert!(full.insert("another".parse().unwrap()).is_err());
        assert!(!full.insert("tag-7".parse().unwrap()).unwrap());
        assert!(full.remove(&"tag-7".parse().unwrap()));
        assert!(full.insert("another".parse().unwrap()).unwrap());
        assert!(Tags::new(numbered(51)).is_err());
        let json = serde_json::to_string(&numbered(51)).unwrap();
        assert!(serde_json::from_str::<Tags>(&json).is_err());
    }
}

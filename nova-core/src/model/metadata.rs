//! The metadata of servers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What the owner keeps with a server (Nova's `metadata`): at most 128 pairs, the limit of Nova's
/// `metadata_items`, with keys of 1 to 255 characters and values of up to 255. A key has no
/// control character; a value may have any character.
///
/// ```
/// use nova_core::model::Metadata;
///
/// let mut metadata = Metadata::default();
/// metadata.insert("role", "web")?;
/// assert_eq!(metadata.get("role"), Some("web"));
/// assert!(metadata.insert("", "nothing").is_err());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, String>",
    into = "BTreeMap<String, String>"
)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// The most pairs of a server.
    pub const MAX_ITEMS: usize = 128;
    /// The longest key and the longest value, in characters.
    pub const MAX_CHARS: usize = 255;

    /// These pairs.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are too many, or one breaks the rules.
    pub fn new<K: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        pairs.collect::<BTreeMap<String, String>>().try_into()
    }

    /// Sets a value. Returns the one that it replaces.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the pair breaks the rules or is one too many; nothing is changed.
    pub fn insert(
        &mut self,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Option<String>> {
        let (key, value) = (key.into(), value.into());
        check(&key, &value)?;
        if self.0.len() >= Self::MAX_ITEMS && !self.0.contains_key(&key) {
            return Err(too_many());
        }
        Ok(self.0.insert(key, value))
    }

    /// Removes a pair. Returns its value.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The pairs by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for Metadata {
    type Error = Error;

    fn try_from(pairs: BTreeMap<String, String>) -> Result<Self> {
        if pairs.len() > Self::MAX_ITEMS {
            return Err(too_many());
        }
        for (key, value) in &pairs {
            check(key, value)?;
        }
        Ok(Self(pairs))
    }
}

impl From<Metadata> for BTreeMap<String, String> {
    fn from(metadata: Metadata) -> Self {
        metadata.0
    }
}

fn check(key: &str, value: &str) -> Result<()> {
    let refuse = |reason: &str| Err(Error::invalid("metadata", reason));
    if key.is_empty() {
        return refuse("a key is empty");
    }
    if key.chars().any(char::is_control) {
        return refuse("a key has a control character in it");
    }
    for text in [key, value] {
        if text.len() > Metadata::MAX_CHARS * 4 || text.chars().count() > Metadata::MAX_CHARS {
            return refuse("a key or value is longer than 255 characters");
        }
    }
    Ok(())
}

fn too_many() -> Error {
    Error::invalid(
        "metadata",
        format!("there are more than {} pairs", Metadata::MAX_ITEMS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: usize) -> BTreeMap<String, String> {
        (0..count)
            .map(|number| (format!("key-{number}"), number.to_string()))
            .collect()
    }

    #[test]
    fn bad_pairs_are_refused() {
        let long = "ä".repeat(256);
        for (key, value) in [("", "v"), ("a\0", "v"), (&*long, "v"), ("k", &*long)] {
            assert!(Metadata::new([(key, value)]).is_err(), "{key:?} passed");
            assert!(Metadata::default().insert(key, value).is_err());
        }
        assert!(Metadata::new([("k", "a\0\n\u{1f980}")]).is_ok());
        assert!(Metadata::new([("ä".repeat(255), "ä".repeat(255))]).is_ok());
        assert!(serde_json::from_str::<Metadata>(r#"{"": "v"}"#).is_err());
    }

    #[test]
    fn a_server_has_at_most_128_pairs() {
        let mut full = Metadata::new(numbered(128)).unwrap();
        assert!(full.insert("another", "").is_err());
        assert_eq!(full.insert("key-1", "x").unwrap().as_deref(), Some("1"));
        assert_eq!(full.remove("key-1").as_deref(), Some("x"));
        assert_eq!(full.insert("another", "").unwrap(), None);
        assert!(Metadata::new(numbered(129)).is_err());
    }
}

//! The key that a server was created with.

use serde::{Deserialize, Serialize};

use super::bounded_text::{check, one_line, trimmed_line};
use crate::error::{Error, Result};

/// The public key that a server's guest is to accept, with its name (Nova's `key_name` and
/// `key_data`): a copy, which a later change or removal of the key pair does not touch.
///
/// ```
/// use nova_core::model::ServerKey;
///
/// let key = ServerKey::new("laptop", "ssh-ed25519 AAAAC3Nz me@laptop")?;
/// assert_eq!(key.name(), "laptop");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Unchecked", into = "Unchecked")]
pub struct ServerKey {
    name: String,
    public_key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    name: String,
    public_key: String,
}

impl ServerKey {
    /// The longest name, in characters.
    pub const MAX_NAME_CHARS: usize = 255;
    /// The longest public key, in characters.
    pub const MAX_KEY_CHARS: usize = 16_384;

    /// Checks and keeps both.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the name is empty, too long, or has a control character in it or
    /// white space around it; if the key is empty, too long, or more than one line: it becomes a
    /// line of a file that says who may log in.
    pub fn new(name: impl Into<String>, public_key: impl Into<String>) -> Result<Self> {
        let (name, public_key) = (name.into(), public_key.into());
        check("key name", &name, 1, Self::MAX_NAME_CHARS, trimmed_line)?;
        check("public key", &public_key, 1, Self::MAX_KEY_CHARS, one_line)?;
        Ok(Self { name, public_key })
    }

    /// The name of the key pair.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key, as the key pair has it.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }
}

impl TryFrom<Unchecked> for ServerKey {
    type Error = Error;

    fn try_from(raw: Unchecked) -> Result<Self> {
        Self::new(raw.name, raw.public_key)
    }
}

impl From<ServerKey> for Unchecked {
    fn from(key: ServerKey) -> Self {
        Self {
            name: key.name,
            public_key: key.public_key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_keys_are_refused() {
        let (name, key) = ("x".repeat(256), "x".repeat(16_385));
        for (name, key) in [
            ("", "k"),
            (" n", "k"),
            ("n\0", "k"),
            (&*name, "k"),
            ("n", ""),
            ("n", "k\nk"),
            ("n", &*key),
        ] {
            assert!(ServerKey::new(name, key).is_err(), "{name:?} {key:?}");
        }
        let json = r#"{"name": "n", "public_key": "k\nk"}"#;
        assert!(serde_json::from_str::<ServerKey>(json).is_err());
    }
}

//! Public keys in OpenSSH's format.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::text_enum::text_enum;

text_enum! {
    /// The algorithms of public keys, by the names of RFC 4253, 5656 and 8709.
    #[non_exhaustive]
    pub enum KeyAlgorithm: "key algorithm" {
        /// RSA, of 2048 to 16384 bits.
        Rsa = "ssh-rsa",
        /// ECDSA over the curve P-256.
        EcdsaP256 = "ecdsa-sha2-nistp256",
        /// ECDSA over the curve P-384.
        EcdsaP384 = "ecdsa-sha2-nistp384",
        /// ECDSA over the curve P-521.
        EcdsaP521 = "ecdsa-sha2-nistp521",
        /// Ed25519.
        Ed25519 = "ssh-ed25519",
    }
}

/// A public key in OpenSSH's format: algorithm, key in base64 and perhaps a comment, in one line,
/// with one space between them.
///
/// Here the text has the shape of a key. Whether it is one says its examination, with the feature
/// `keys`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    algorithm: KeyAlgorithm,
    text: String,
}

impl PublicKey {
    /// The longest text, in bytes: four times what the largest RSA key needs.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// Checks the shape of the text, and puts its white space right.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is too long, has a control character in it (but at its ends), names
    /// no [`KeyAlgorithm`], or the key is not base64.
    pub fn new(text: &str) -> Result<Self> {
        let refuse = |reason: &str| Err(Error::invalid("public key", reason));
        let text = text.trim();
        if text.len() > Self::MAX_BYTES {
            return refuse("it is longer than 16 KiB");
        }
        if text.chars().any(|c| c.is_control() && c != '\t') {
            return refuse("it has a control character in it");
        }
        let (algorithm, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        let Ok(algorithm) = algorithm.parse::<KeyAlgorithm>() else {
            return refuse("it does not begin with ssh-rsa, ecdsa-sha2-nistp… or ssh-ed25519");
        };
        let rest = rest.trim_start();
        let (key, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        if !is_base64(key) {
            return refuse("its second word is not base64");
        }
        let mut text = format!("{algorithm} {key}");
        let comment = comment.trim();
        if comment.contains('\t') {
            return refuse("it has a control character in it");
        }
        if !comment.is_empty() {
            text.push(' ');
            text.push_str(comment);
        }
        Ok(Self { algorithm, text })
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The line, as in `authorized_keys`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() - digits.len() <= 2
        && text.len().is_multiple_of(4)
        && !digits.is_empty()
        && digits
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

impl TryFrom<String> for PublicKey {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        key.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_put_right() {
        let key = PublicKey::new("  ssh-ed25519 \t AAAA  me at  home \r\n").unwrap();
        assert_eq!(key.as_str(), "ssh-ed25519 AAAA me at  home");
        assert_eq!(key.algorithm(), KeyAlgorithm::Ed25519);
        assert_eq!(PublicKey::new(key.as_str()).unwrap(), key);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for bad in [
            "",
            "ssh-ed25519",
            "ssh-ed25519 ",
            "ssh-ed25519 A",
            "ssh-ed25519 AA=A",
            "ssh-ed25519 ====",
            "ssh-ed25519 AAA\u{e4}",
            "ssh-dss AAAA",
            "SSH-RSA AAAA",
            "command=\"sh\" ssh-rsa AAAA",
            "ssh-rsa AAAA me\nssh-rsa BBBB",
            "ssh-rsa AAAA me\0",
            &format!("ssh-rsa {}", "A".repeat(16 * 1024)),
        ] {
            assert!(PublicKey::new(bad).is_err(), "{bad:?} passed");
        }
    }
}

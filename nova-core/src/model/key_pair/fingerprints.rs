//! Fingerprints of public keys.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A public key's fingerprints, both over the key as RFC 4253 encodes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct KeyFingerprints {
    md5: String,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    md5: String,
    sha256: String,
}

impl KeyFingerprints {
    /// Checks the shape of the two and wraps them.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `md5` is not 16 pairs of lower-case hexadecimal digits with colons
    /// between them, or `sha256` is not `SHA256:` and 43 characters of base64.
    pub fn new(md5: impl Into<String>, sha256: impl Into<String>) -> Result<Self> {
        let (md5, sha256) = (md5.into(), sha256.into());
        let is_byte = |pair: &str| {
            pair.len() == 2 && pair.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if md5.split(':').count() != 16 || !md5.split(':').all(is_byte) {
            return Err(Error::invalid(
                "MD5 fingerprint",
                "it is not 16 hexadecimal bytes with colons between them",
            ));
        }
        let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
        match sha256.strip_prefix("SHA256:") {
            Some(rest) if rest.len() == 43 && rest.bytes().all(is_base64) => {}
            _ => {
                return Err(Error::invalid(
                    "SHA-256 fingerprint",
                    "it is not `SHA256:` and 43 characters of base64",
                ));
            }
        }
        Ok(Self { md5, sha256 })
    }

    /// The MD5 digest in hexadecimal with colons, as Nova's API shows it: for recognising a key,
    /// not for trusting it.
    pub fn md5(&self) -> &str {
        &self.md5
    }

    /// `SHA256:` and the digest in base64 without padding, as OpenSSH shows it.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl TryFrom<Raw> for KeyFingerprints {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.md5, raw.sha256)
    }
}

impl From<KeyFingerprints> for Raw {
    fn from(fingerprints: KeyFingerprints) -> Self {
        Self {
            md5: fingerprints.md5,
            sha256: fingerprints.sha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_shapes_are_taken() {
        let md5 = ["00"; 16].join(":");
        let sha256 = format!("SHA256:{}", "a".repeat(43));
        assert!(KeyFingerprints::new(&*md5, &*sha256).is_ok());
        for bad in [
            "",
            "00",
            &md5[1..],
            &md5.replace('0', "A"),
            &format!("{md5}:00"),
        ] {
            assert!(
                KeyFingerprints::new(bad, &*sha256).is_err(),
                "{bad:?} passed"
            );
        }
        for bad in [
            "",
            &sha256[1..],
            &format!("{sha256}="),
            &sha256.replace("aa", "a "),
        ] {
            assert!(KeyFingerprints::new(&*md5, bad).is_err(), "{bad:?} passed");
        }
    }
}

//! What a server's guest is given by its owner.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// What the owner hands to the guest at its boot (Nova's `user_data`), in base64 (RFC 4648, the
/// standard alphabet, padded): up to 65,535 characters. It often holds passwords, so `Debug` does
/// not show it.
///
/// ```
/// use nova_core::model::UserData;
///
/// let script = UserData::new("IyEvYmluL3NoCg==")?;
/// assert_eq!(format!("{script:?}"), "UserData(Secret(***))");
/// assert_eq!(script.expose(), "IyEvYmluL3NoCg==");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct UserData(Secret);

impl UserData {
    /// The most characters: what Nova's database column holds.
    pub const MAX_CHARS: usize = 65_535;

    /// Checks and keeps the text.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is too long, or no base64 in lines without breaks. The error does
    /// not repeat it.
    pub fn new(base64: impl Into<String>) -> Result<Self> {
        let text = Secret::new(base64);
        if text.expose().len() > Self::MAX_CHARS {
            return Err(Error::invalid(
                "user data",
                format!("it is longer than {} characters", Self::MAX_CHARS),
            ));
        }
        if !is_base64(text.expose()) {
            return Err(Error::invalid("user data", "it is not base64"));
        }
        Ok(Self(text))
    }

    /// The text, in base64. Do not log it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl TryFrom<String> for UserData {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

/// Whether it is whole groups of four, the last of them padded.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_base64_is_taken() {
        for good in ["", "QQ==", "QUI=", "QUJD", "+/+/", &"QUJD".repeat(16_383)] {
            assert!(UserData::new(good).is_ok(), "{good:?} was refused");
        }
        let long = "QUJD".repeat(16_384);
        for bad in [
            "Q", "QQ=", "Q===", "====", "QU=D", "QU\nD", "QU-_", "Ä==", &long,
        ] {
            assert!(UserData::new(bad).is_err(), "{bad:?} passed");
        }
        assert!(serde_json::from_str::<UserData>("\"?\"").is_err());
    }

    #[test]
    fn it_is_not_shown() {
        let data = UserData::new("czNjcmV0").unwrap();
        assert!(!format!("{data:?}").contains("czNjcmV0"));
        assert_eq!(serde_json::to_string(&data).unwrap(), "\"czNjcmV0\"");
        let refused = UserData::new("czNjcmV0!").unwrap_err();
        assert!(!format!("{refused:?} {refused}").contains("czNj"));
    }
}

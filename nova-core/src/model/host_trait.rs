//! Traits of hosts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Something that a host has or can do, by the names of OpenStack's `os-traits`, as in
/// `HW_CPU_X86_AVX2`: 1 to 255 capital letters, digits and `_`.
///
/// Those that begin with `CUSTOM_` are an operator's own.
///
/// ```
/// use nova_core::model::HostTrait;
///
/// let gold: HostTrait = "CUSTOM_GOLD".parse()?;
/// assert!(gold.is_custom());
/// assert!("avx2".parse::<HostTrait>().is_err());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostTrait(String);

impl HostTrait {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 255;

    /// Checks and wraps the name.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is empty, too long, or holds anything but `A` to `Z`, digits
    /// and `_`.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let valid = (1..=Self::MAX_CHARS).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if !valid {
            return Err(Error::invalid(
                "trait",
                "it is not 1 to 255 of A to Z, 0 to 9 and _",
            ));
        }
        Ok(Self(name))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an operator's own.
    pub fn is_custom(&self) -> bool {
        self.0.starts_with("CUSTOM_")
    }
}

impl fmt::Display for HostTrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for HostTrait {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for HostTrait {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<HostTrait> for String {
    fn from(name: HostTrait) -> Self {
        name.0
    }
}

impl AsRef<str> for HostTrait {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for HostTrait {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused() {
        for bad in ["", "a", "A-B", "A B", "A\0", "\u{c4}", &"A".repeat(256)] {
            assert!(HostTrait::new(bad).is_err(), "{bad:?} passed");
        }
        for good in ["A", "HW_CPU_X86_AVX2", "CUSTOM_1", &"A".repeat(255)] {
            assert!(HostTrait::new(good).is_ok(), "{good:?} was refused");
        }
        assert!(serde_json::from_str::<HostTrait>("\"gold\"").is_err());
        assert!(!HostTrait::new("CUSTOMER").unwrap().is_custom());
    }
}

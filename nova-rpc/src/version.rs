//! Versions of methods and of the endpoints that implement them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The version of a method as it is called, or of an endpoint as it is implemented.
///
/// A new major version breaks callers; a new minor version adds methods or optional arguments.
/// Written and serialised as `6.3`, or `6.3.1` where there is a revision.
///
/// ```
/// use nova_rpc::Version;
///
/// let implemented = Version::new(6, 10);
/// assert!(implemented.accepts(Version::new(6, 9)));
/// assert!(!implemented.accepts(Version::new(6, 11)));
/// assert!(!implemented.accepts(Version::new(5, 0)));
/// assert_eq!("6.10".parse(), Ok(implemented));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version {
    major: u32,
    minor: u32,
    revision: u32,
}

impl Version {
    /// What a request without a version means: 1.0.
    pub const UNSTATED: Self = Self::new(1, 0);

    /// The version `major.minor`.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self {
            major,
            minor,
            revision: 0,
        }
    }

    /// The same version with a revision, a third number that few peers use.
    #[must_use]
    pub const fn with_revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    /// The first number.
    pub const fn major(self) -> u32 {
        self.major
    }

    /// The second number.
    pub const fn minor(self) -> u32 {
        self.minor
    }

    /// The third number, zero where none is written.
    pub const fn revision(self) -> u32 {
        self.revision
    }

    /// Whether an endpoint of this version can serve a request of version `requested`.
    ///
    /// The major versions must be equal, and the requested rest must not be the newer one.
    pub const fn accepts(self, requested: Self) -> bool {
        self.major == requested.major
            && (requested.minor < self.minor
                || (requested.minor == self.minor && requested.revision <= self.revision))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match self.revision {
            0 => Ok(()),
            revision => write!(f, ".{revision}"),
        }
    }
}

/// The text is no version: two or three decimal numbers with dots between them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a version such as 6.3")]
pub struct InvalidVersion {
    text: String,
}

impl FromStr for Version {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let invalid = || InvalidVersion {
            text: text.chars().take(64).collect(),
        };
        let mut numbers = text.split('.').map(|part| {
            // `parse` alone would let a sign through.
            if part.bytes().all(|byte| byte.is_ascii_digit()) {
                part.parse().ok()
            } else {
                None
            }
        });
        let mut number = || {
            numbers
                .next()
                .map(|parsed| parsed.ok_or_else(invalid))
                .transpose()
        };
        let major = number()?.ok_or_else(invalid)?;
        let minor = number()?.ok_or_else(invalid)?;
        let revision = number()?.unwrap_or(0);
        match number()? {
            None => Ok(Self {
                major,
                minor,
                revision,
            }),
            Some(_) => Err(invalid()),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = InvalidVersion;

    fn try_from(text: String) -> Result<Self, InvalidVersion> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_compatibility_compare_numbers() {
        let cases = [
            ("1.10", "1.9", true),
            ("1.9", "1.10", false),
            ("1.5", "1.5", true),
            ("1.5", "1.5.1", false),
            ("1.5.2", "1.5.1", true),
            ("1.5", "1.4.9", true),
            ("2.0", "1.0", false),
            ("1.0", "2.0", false),
        ];
        for (implemented, requested, compatible) in cases {
            let implemented: Version = implemented.parse().unwrap();
            let requested: Version = requested.parse().unwrap();
            assert_eq!(
                implemented.accepts(requested),
                compatible,
                "{implemented} {requested}"
            );
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for bad in [
            "",
            "1",
            "1.",
            ".1",
            "1.2.3.4",
            "1.x",
            "+1.2",
            "1.-2",
            "1. 2",
            "4294967296.0",
        ] {
            assert!(bad.parse::<Version>().is_err(), "{bad} passed");
        }
        assert_eq!("1.2.3".parse::<Version>().unwrap().to_string(), "1.2.3");
        assert!(serde_json::from_str::<Version>("\"6\"").is_err());
    }
}

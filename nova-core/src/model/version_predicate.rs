//! Which versions of a hypervisor an image accepts.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Conditions on a version, all of which must hold: `>=6.2, <9`.
///
/// Each is one of `<`, `<=`, `==`, `>=`, `>`, `!=` and a version of one to three numbers below
/// 1000 after the first; those that are left out are zero.
///
/// ```
/// use nova_core::model::VersionPredicate;
///
/// let wanted: VersionPredicate = ">=6.2, <9".parse()?;
/// assert!(wanted.holds(7_002_000));
/// assert!(!wanted.holds(9_000_000));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VersionPredicate {
    text: String,
    conditions: Vec<(Comparison, u64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
    Not,
}

/// The longer first, for `<` begins `<=`.
const COMPARISONS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::Not),
    ("<", Comparison::Less),
    (">", Comparison::More),
];

impl VersionPredicate {
    /// Whether the version satisfies every condition. It is one number as in
    /// [`HypervisorInfo::version`](super::HypervisorInfo::version).
    pub fn holds(&self, version: u64) -> bool {
        self.conditions.iter().all(|(comparison, wanted)| {
            let order = version.cmp(wanted);
            match comparison {
                Comparison::Less => order == Ordering::Less,
                Comparison::AtMost => order != Ordering::Greater,
                Comparison::Equal => order == Ordering::Equal,
                Comparison::AtLeast => order != Ordering::Less,
                Comparison::More => order == Ordering::Greater,
                Comparison::Not => order != Ordering::Equal,
            }
        })
    }

    /// The text that it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn condition(text: &str) -> Option<(Comparison, u64)> {
    let (rest, comparison) = COMPARISONS
        .iter()
        .find_map(|(sign, comparison)| Some((text.strip_prefix(sign)?, *comparison)))?;
    let mut numbers = [0; 3];
    let mut parts = rest.trim_start().split('.');
    for (index, number) in numbers.iter_mut().enumerate() {
        let Some(part) = parts.next() else {
            if index == 0 {
                return None;
            }
            break;
        };
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        *number = part
            .parse()
            .ok()
            .filter(|n| digits && (index == 0 || *n < 1000))?;
    }
    if parts.next().is_some() {
        return None;
    }
    let [major, minor, micro]: [u64; 3] = numbers;
    let version = major
        .checked_mul(1_000_000)?
        .checked_add(minor * 1000 + micro)?;
    Some((comparison, version))
}

impl fmt::Display for VersionPredicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl FromStr for VersionPredicate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let conditions: Option<Vec<_>> =
            text.split(',').map(|part| condition(part.trim())).collect();
        let conditions = conditions.ok_or_else(|| {
            Error::invalid(
                "version predicate",
                "it is not a list of conditions as in `>=6.2, <9`",
            )
        })?;
        Ok(Self {
            text: text.to_owned(),
            conditions,
        })
    }
}

impl TryFrom<String> for VersionPredicate {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<VersionPredicate> for String {
    fn from(predicate: VersionPredicate) -> Self {
        predicate.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_or_not() {
        for (text, version, holds) in [
            ("==6.2.0", 6_002_000, true),
            ("== 6.2", 6_002_001, false),
            (">6,<=7.1.3", 7_001_003, true),
            (">6,<=7.1.3", 6_000_000, false),
            ("!=6", 6_000_000, false),
            ("<6", 5_999_999, true),
            (">=6", 6_000_000, true),
        ] {
            let predicate: VersionPredicate = text.parse().unwrap();
            assert_eq!(predicate.holds(version), holds, "{version} {text}");
        }
        for bad in [
            "",
            "6",
            "=6",
            ">",
            ">=a",
            ">=6.",
            ">=6.1.2.3",
            ">=6,",
            ">=-6",
            ">=6.1000",
            "~6",
            ">=99999999999999999999",
            ">=18446744073709551615",
        ] {
            assert!(bad.parse::<VersionPredicate>().is_err(), "{bad:?} passed");
        }
    }
}

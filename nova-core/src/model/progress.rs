//! How far the work on a server is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// How far the work on a server is, in percent: 0 to 100.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "u8", into = "u8")]
pub struct Progress(u8);

impl Progress {
    /// Nothing is done yet.
    pub const NONE: Self = Self(0);
    /// All is done.
    pub const DONE: Self = Self(100);

    /// So many percent.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is more than 100.
    pub fn new(percent: u8) -> Result<Self> {
        if percent > 100 {
            return Err(Error::invalid("progress", "it is more than 100 percent"));
        }
        Ok(Self(percent))
    }

    /// The number of percent.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Progress {
    type Error = Error;

    fn try_from(percent: u8) -> Result<Self> {
        Self::new(percent)
    }
}

impl From<Progress> for u8 {
    fn from(progress: Progress) -> Self {
        progress.0
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_all_is_refused() {
        assert_eq!(Progress::new(100).unwrap(), Progress::DONE);
        assert!(Progress::new(101).is_err());
        assert!(serde_json::from_str::<Progress>("101").is_err());
    }
}

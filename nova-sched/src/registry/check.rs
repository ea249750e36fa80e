//! What no configuration may say.

use super::Config;
use crate::error::{Error, Result};

impl Config {
    /// Refuses values that cannot be used, whoever reads them.
    pub(super) fn check(&self) -> Result<()> {
        if self.scheduler.max_attempts == 0 {
            return Err(invalid(
                "scheduler.max_attempts",
                "it is 0: no server would be tried on any host",
            ));
        }
        Ok(())
    }
}

pub(super) fn invalid(option: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::InvalidOption {
        option: option.into(),
        reason: reason.into(),
    }
}

//! How a SQL store is opened.

use std::time::Duration;

use crate::env::Env;
use crate::error::{Error, Result};

/// What can be chosen about a [`SqlStore`](super::SqlStore) besides its URL.
///
/// ```
/// use nova_core::repository::sql::SqlOptions;
///
/// let options = SqlOptions::default().max_connections(4).attempts(3);
/// assert!(options.validate().is_ok());
/// assert!(SqlOptions::default().attempts(0).validate().is_err());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqlOptions {
    /// The most connections that are open at once: 8 if nothing else is said. A SQLite database
    /// in memory has one, whatever this says.
    pub max_connections: u32,
    /// How long a call waits for a connection: 10 seconds.
    pub acquire_timeout: Duration,
    /// How long SQLite waits for another process's write: 10 seconds.
    pub busy_timeout: Duration,
    /// How often a transaction is run before its failure is returned: 8 times.
    pub attempts: u32,
    /// Where the jitter between the attempts comes from: the system's.
    pub env: Env,
}

impl Default for SqlOptions {
    fn default() -> Self {
        Self {
            max_connections: 8,
            acquire_timeout: Duration::from_secs(10),
            busy_timeout: Duration::from_secs(10),
            attempts: 8,
            env: Env::system(),
        }
    }
}

impl SqlOptions {
    /// Sets [`max_connections`](Self::max_connections).
    #[must_use]
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets [`acquire_timeout`](Self::acquire_timeout).
    #[must_use]
    pub fn acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Sets [`busy_timeout`](Self::busy_timeout).
    #[must_use]
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Sets [`attempts`](Self::attempts).
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets [`env`](Self::env).
    #[must_use]
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Checks the values, as [`connect_with`](super::SqlStore::connect_with) does.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a number or a time-out is zero.
    pub fn validate(&self) -> Result<()> {
        let zero = [
            ("max_connections", self.max_connections == 0),
            ("acquire_timeout", self.acquire_timeout.is_zero()),
            ("attempts", self.attempts == 0),
        ];
        match zero.iter().find(|(_, is_zero)| *is_zero) {
            Some((field, _)) => Err(Error::invalid(field, "it is zero")),
            None => Ok(()),
        }
    }
}

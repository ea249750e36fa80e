//! How a SQL store is opened.

use std::time::Duration;

use crate::env::Env;
use crate::error::{Error, Result};

/// The longest time-out: PostgreSQL counts milliseconds in 31 bits.
const LONGEST: Duration = Duration::from_millis(i32::MAX.unsigned_abs() as u64);

/// What can be chosen about a [`SqlStore`](super::SqlStore) besides its URL.
///
/// ```
/// use std::time::Duration;
///
/// use nova_core::repository::sql::SqlOptions;
///
/// let options = SqlOptions::default()
///     .max_connections(32)
///     .statement_timeout(Duration::from_secs(5));
/// assert!(options.validate().is_ok());
/// assert!(SqlOptions::default().attempts(0).validate().is_err());
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqlOptions {
    /// The most connections that are open at once: 8 if nothing else is said. A SQLite database
    /// in memory has one, whatever this says.
    pub max_connections: u32,
    /// How many connections are kept open when there is nothing to do: 0.
    pub min_connections: u32,
    /// How long opening the store waits for a server that is not up yet: 10 seconds. A server that
    /// answers with a refusal is not waited for.
    pub connect_timeout: Duration,
    /// How long a call waits for a connection, which may have to be opened first: 10 seconds.
    pub acquire_timeout: Duration,
    /// After how long without use a connection is closed: 10 minutes. `None` is never.
    pub idle_timeout: Option<Duration>,
    /// After how long a connection is closed and replaced, so that addresses, certificates and
    /// balancers that changed are noticed: 30 minutes. `None` is never.
    pub max_lifetime: Option<Duration>,
    /// How long a statement may run: 30 seconds. It then fails as transient and is not run again.
    ///
    /// PostgreSQL (`statement_timeout`) and MariaDB (`max_statement_time`) end it themselves. MySQL
    /// does so for `SELECT` only (`max_execution_time`), where another statement can wait for
    /// nothing but locks, which [`lock_timeout`](Self::lock_timeout) bounds. One second later than
    /// this the store gives up on a server that has not answered at all; then it is not known
    /// whether a write took effect. SQLite knows no such limit. Migrations have none either.
    pub statement_timeout: Duration,
    /// How long a statement waits for a row or a table that another transaction holds: 10 seconds.
    /// It then counts as a lost race and is run again. PostgreSQL's `lock_timeout`; MySQL's and
    /// MariaDB's `innodb_lock_wait_timeout` and `lock_wait_timeout`, in whole seconds, rounded up.
    pub lock_timeout: Duration,
    /// How long SQLite waits for another process's write: 10 seconds. It then counts as a lost race
    /// and is run again.
    pub busy_timeout: Duration,
    /// How often a transaction is run before its failure is returned: 8 times.
    pub attempts: u32,
    /// For how long attempts are begun: 30 seconds after the first began, none is.
    pub retry_timeout: Duration,
    /// Where the jitter between the attempts comes from: the system's.
    pub env: Env,
}

impl Default for SqlOptions {
    fn default() -> Self {
        Self {
            max_connections: 8,
            min_connections: 0,
            connect_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(10),
            idle_timeout: Some(Duration::from_secs(10 * 60)),
            max_lifetime: Some(Duration::from_secs(30 * 60)),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            busy_timeout: Duration::from_secs(10),
            attempts: 8,
            retry_timeout: Duration::from_secs(30),
            env: Env::system(),
        }
    }
}

macro_rules! setters {
    ($($name:ident: $type:ty,)*) => {
        impl SqlOptions {
            $(
                #[doc = concat!("Sets [`", stringify!($name), "`](Self::", stringify!($name), ").")]
                #[must_use]
                pub fn $name(mut self, $name: $type) -> Self {
                    self.$name = $name;
                    self
                }
            )*
        }
    };
}

setters! {
    max_connections: u32,
    min_connections: u32,
    connect_timeout: Duration,
    acquire_timeout: Duration,
    idle_timeout: Option<Duration>,
    max_lifetime: Option<Duration>,
    statement_timeout: Duration,
    lock_timeout: Duration,
    busy_timeout: Duration,
    attempts: u32,
    retry_timeout: Duration,
    env: Env,
}

impl SqlOptions {
    /// Checks the values, as [`connect_with`](super::SqlStore::connect_with) does.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a number is zero that may not be, if `min_connections` is more than
    /// `max_connections`, or if a time-out is shorter than a millisecond or longer than 24 days.
    /// `busy_timeout` may be zero: SQLite then waits for nobody.
    pub fn validate(&self) -> Result<()> {
        let zero = [
            ("max_connections", self.max_connections == 0),
            ("attempts", self.attempts == 0),
        ];
        if let Some((field, _)) = zero.iter().find(|(_, is_zero)| *is_zero) {
            return Err(Error::invalid(field, "it is zero"));
        }
        if self.min_connections > self.max_connections {
            let reason = format!("it is more than max_connections, {}", self.max_connections);
            return Err(Error::invalid("min_connections", reason));
        }
        let timeouts = [
            ("connect_timeout", Some(self.connect_timeout)),
            ("acquire_timeout", Some(self.acquire_timeout)),
            ("idle_timeout", self.idle_timeout),
            ("max_lifetime", self.max_lifetime),
            ("statement_timeout", Some(self.statement_timeout)),
            ("lock_timeout", Some(self.lock_timeout)),
            ("retry_timeout", Some(self.retry_timeout)),
        ];
        for (field, timeout) in timeouts {
            if timeout.is_some_and(|timeout| timeout < Duration::from_millis(1)) {
                return Err(Error::invalid(field, "it is shorter than a millisecond"));
            }
            if timeout.is_some_and(|timeout| timeout > LONGEST) {
                return Err(Error::invalid(field, "it is longer than 24 days"));
            }
        }
        if self.busy_timeout > LONGEST {
            return Err(Error::invalid("busy_timeout", "it is longer than 24 days"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(options: &SqlOptions) -> &'static str {
        match options.validate() {
            Err(Error::Invalid { field, .. }) => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let ok = SqlOptions::default;
        ok().validate().unwrap();
        ok().busy_timeout(Duration::ZERO).validate().unwrap();
        ok().idle_timeout(None)
            .max_lifetime(None)
            .validate()
            .unwrap();
        ok().min_connections(8).validate().unwrap();
        assert_eq!(refused(&ok().max_connections(0)), "max_connections");
        assert_eq!(refused(&ok().min_connections(9)), "min_connections");
        assert_eq!(refused(&ok().attempts(0)), "attempts");
        for timeout in [Duration::ZERO, Duration::from_nanos(999_999), Duration::MAX] {
            assert_eq!(refused(&ok().connect_timeout(timeout)), "connect_timeout");
            assert_eq!(refused(&ok().acquire_timeout(timeout)), "acquire_timeout");
            assert_eq!(refused(&ok().idle_timeout(Some(timeout))), "idle_timeout");
            assert_eq!(refused(&ok().max_lifetime(Some(timeout))), "max_lifetime");
            assert_eq!(
                refused(&ok().statement_timeout(timeout)),
                "statement_timeout"
            );
            assert_eq!(refused(&ok().lock_timeout(timeout)), "lock_timeout");
            assert_eq!(refused(&ok().retry_timeout(timeout)), "retry_timeout");
        }
        assert_eq!(refused(&ok().busy_timeout(Duration::MAX)), "busy_timeout");
    }
}

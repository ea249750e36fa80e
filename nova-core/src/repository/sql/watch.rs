//! Statements under watch: one that gets no answer fails, and is counted.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use tokio::time::Instant;

use super::counters::Counters;
use super::fate::{Fate, fate};

/// How much longer than a server the store waits for the end of a statement.
const GRACE: Duration = Duration::from_secs(1);
/// For how long connections are suspicious after one of them did not answer.
const SUSPICION: Duration = Duration::from_secs(60);

/// What watches the statements of one store.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) counters: Counters,
    /// The longest that a statement may take; none for a database that is no server.
    limit: Option<Duration>,
    acquire_timeout: Duration,
    suspicious_until: Mutex<Option<Instant>>,
}

impl Watch {
    pub(super) fn new(statement_timeout: Option<Duration>, acquire_timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            counters: Counters::default(),
            limit: statement_timeout.map(|timeout| timeout + GRACE),
            acquire_timeout,
            suspicious_until: Mutex::new(None),
        })
    }

    /// A statement on a connection that is held.
    pub(super) async fn held<T>(
        &self,
        statement: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        self.within(self.limit, statement).await
    }

    /// A statement that takes a connection first.
    pub(super) async fn pooled<T>(
        &self,
        statement: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let limit = self.limit.map(|limit| limit + self.acquire_timeout);
        self.within(limit, statement).await
    }

    async fn within<T>(
        &self,
        limit: Option<Duration>,
        statement: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let outcome = match limit {
            None => statement.await,
            Some(limit) => match tokio::time::timeout(limit, statement).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    self.suspect();
                    Err(silent())
                }
            },
        };
        if let Err(error) = &outcome
            && fate(error) == Fate::Lost
        {
            self.counters.lost();
            tracing::warn!(%error, "the database did not answer");
        }
        outcome
    }

    fn suspect(&self) {
        let mut until = self
            .suspicious_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *until = Some(Instant::now() + SUSPICION);
    }

    /// Whether a connection did not answer of late. Such a one is not put back for others to find.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn is_suspicious(&self) -> bool {
        let until = self
            .suspicious_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}

fn silent() -> DbErr {
    let text = "the database did not answer in time";
    let error = SqlxError::Io(io::Error::new(io::ErrorKind::TimedOut, text));
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_is_a_lost_connection() {
        let limit = Duration::from_secs(3);
        let watch = Watch::new(Some(limit), Duration::from_secs(4));
        let (never, began) = (std::future::pending::<Result<(), DbErr>>, Instant::now());
        assert_eq!(fate(&watch.held(never()).await.unwrap_err()), Fate::Lost);
        assert_eq!(began.elapsed().as_secs(), 4);
        assert_eq!(fate(&watch.pooled(never()).await.unwrap_err()), Fate::Lost);
        assert_eq!(began.elapsed().as_secs(), 4 + 8);
        assert_eq!(watch.counters.read().lost, 2);
        #[cfg(any(feature = "postgres", feature = "mysql"))]
        {
            assert!(watch.is_suspicious());
            tokio::time::sleep(SUSPICION).await;
            assert!(!watch.is_suspicious());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_file_is_waited_for() {
        let watch = Watch::new(None, Duration::from_millis(1));
        let slow = async {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(7)
        };
        assert_eq!(watch.held(slow).await.unwrap(), 7);
    }
}

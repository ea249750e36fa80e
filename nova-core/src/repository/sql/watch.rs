//! Statements under watch: one that gets no answer fails, and is counted.
//!
//! Each runs to its end, whether or not its caller goes away: what a caller leaves goes on in a task
//! of its own. For a future of sqlx that is dropped half-way leaves its connection in disorder: one
//! of MySQL may never answer again and yet keep its place in the pool, and one whose BEGIN was under
//! way has a transaction open that nobody knows of, which swallows the writes of whoever gets it
//! next.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use sea_orm::{DbErr, RuntimeErr, SqlxError};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::counters::Counters;
use super::fate::{Fate, fate};
use super::recorder::Recorder;

/// How much longer than a server the store waits for the end of a statement.
const GRACE: Duration = Duration::from_secs(1);
/// For how long no connection is put back after one of them did not answer.
const SUSPICION: Duration = Duration::from_secs(5);

/// What watches the statements of one store.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) counters: Counters,
    pub(super) recorder: Recorder,
    /// The longest that a statement may take; none for a database that is no server.
    limit: Option<Duration>,
    acquire_timeout: Duration,
    suspicious_until: Mutex<Option<Instant>>,
}

impl Watch {
    pub(super) fn new(statement_timeout: Option<Duration>, acquire_timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            counters: Counters::default(),
            recorder: Recorder::default(),
            limit: statement_timeout.map(|timeout| timeout + GRACE),
            acquire_timeout,
            suspicious_until: Mutex::new(None),
        })
    }

    /// A statement on a connection that is held.
    pub(super) async fn held<T>(
        &self,
        statement: impl Future<Output = Result<T, DbErr>> + Send + 'static,
    ) -> Result<T, DbErr>
    where
        T: Send + 'static,
    {
        self.within(self.limit, statement).await
    }

    /// A statement that takes a connection first.
    pub(super) async fn pooled<T>(
        &self,
        statement: impl Future<Output = Result<T, DbErr>> + Send + 'static,
    ) -> Result<T, DbErr>
    where
        T: Send + 'static,
    {
        let limit = self.limit.map(|limit| limit + self.acquire_timeout);
        self.within(limit, statement).await
    }

    async fn within<T>(
        &self,
        limit: Option<Duration>,
        statement: impl Future<Output = Result<T, DbErr>> + Send + 'static,
    ) -> Result<T, DbErr>
    where
        T: Send + 'static,
    {
        let mut statement = ToItsEnd::new(statement);
        let ended = match limit {
            None => Ok((&mut statement).await),
            Some(limit) => tokio::time::timeout(limit, &mut statement).await,
        };
        let outcome = ended.unwrap_or_else(|_| {
            // In this order: its connection is not put back.
            self.suspect();
            statement.give_up();
            Err(silent())
        });
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

    /// Whether a connection did not answer of late: then none is put back, for it may be that one.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(super) fn is_suspicious(&self) -> bool {
        let until = self
            .suspicious_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }
}

/// A future that goes on in a task of its own if it is dropped before its end.
struct ToItsEnd<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> ToItsEnd<T> {
    fn new(future: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(future)))
    }

    /// Drops it where it is.
    fn give_up(&mut self) {
        self.0 = None;
    }
}

impl<T: Send + 'static> Future for ToItsEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(future) = &mut self.0 else {
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for ToItsEnd<T> {
    fn drop(&mut self) {
        // Without a runtime nothing can go on.
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest.in_current_span());
        }
    }
}

/// The error for a statement that got no answer.
pub(super) fn silent() -> DbErr {
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
    async fn a_statement_ends_without_its_caller() {
        let watch = Watch::new(None, Duration::from_millis(1));
        let (sender, ended) = tokio::sync::oneshot::channel();
        let statement = async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            let _ = sender.send(());
            Ok(())
        };
        let caller = tokio::time::timeout(Duration::from_secs(1), watch.held(statement));
        caller.await.unwrap_err();
        ended.await.unwrap();
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

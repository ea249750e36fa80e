//! Writing a server that others may be writing too, in a store that may fail for a while.

use std::time::Duration;

use nova_core::id::ServerId;
use nova_core::model::Server;
use nova_core::repository::Store;
use nova_core::{Env, Error, ObjectKind, Result};

/// How often a write that was overtaken is decided again. Each time, somebody else got further.
const MAX_ROUNDS: u32 = 64;

/// The first pause before a store that failed is asked again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What to do with a server that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Write it as it is now.
    Write,
    /// Leave the stored one alone.
    Leave,
}

/// Reads the server, lets `decide` change it, and writes it if nobody wrote it in between;
/// otherwise reads it again. Returns the server as it was written, or `None` if it was left alone.
///
/// # Errors
/// Those of `decide` and of the store.
pub(crate) async fn update_server<E: From<Error>>(
    store: &Store,
    env: &Env,
    id: ServerId,
    mut decide: impl FnMut(&mut Server) -> Result<Change, E>,
) -> Result<Option<Server>, E> {
    let mut expected = None;
    for _ in 0..MAX_ROUNDS {
        let mut server = store.servers().server_get(id).await?;
        if decide(&mut server)? == Change::Leave {
            return Ok(None);
        }
        server.updated_at = env.now();
        expected = Some(server.generation);
        match store.servers().server_update(&server).await {
            Ok(written) => return Ok(Some(written)),
            Err(Error::Stale { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Stale {
        kind: ObjectKind::Server,
        id: id.to_string(),
        expected: expected.unwrap_or_default(),
    }
    .into())
}

/// How long a store that fails is asked again.
#[derive(Debug)]
pub(crate) struct Patience<'a> {
    env: &'a Env,
    began: tokio::time::Instant,
    limit: Duration,
    pause: Duration,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(env: &'a Env, limit: Duration) -> Self {
        Self {
            env,
            began: tokio::time::Instant::now(),
            limit,
            pause: FIRST_PAUSE,
        }
    }

    /// Waits and returns `true` if the store is to be asked again after this error: one that
    /// another try may mend, while the patience lasts.
    pub(crate) async fn again(&mut self, error: &Error) -> bool {
        if !error.retryable() || self.began.elapsed() >= self.limit {
            return false;
        }
        tracing::warn!(%error, "the store is asked again");
        tokio::time::sleep(self.env.random_duration(self.pause / 2, self.pause)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        true
    }
}

/// Asks a store until it answers, with pauses, for as long as the patience lasts.
///
/// # Errors
/// The store's last.
pub(crate) async fn patiently<T, F: Future<Output = Result<T>>>(
    env: &Env,
    limit: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let mut patience = Patience::new(env, limit);
    loop {
        match ask().await {
            Err(error) if patience.again(&error).await => {}
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_store_that_returns_is_waited_for_and_one_that_does_not_is_given_up() {
        let env = Env::simulated(1);
        let failure = |transient| Error::Store {
            store: "test",
            operation: "answer",
            transient,
            source: "no".into(),
        };
        let mut left = 5;
        let answer = patiently(&env, Duration::from_secs(60), || {
            left -= 1;
            std::future::ready(if left > 0 {
                Err(failure(true))
            } else {
                Ok(left)
            })
        });
        assert_eq!(answer.await.unwrap(), 0);

        let began = env.now();
        let never = patiently(&env, Duration::from_secs(60), || {
            std::future::ready(Err::<(), _>(failure(true)))
        });
        assert!(never.await.is_err());
        let waited = env.now().duration_since(began);
        assert!(waited >= Duration::from_secs(60) && waited < Duration::from_secs(70));

        let mut asked = 0;
        let at_once = patiently(&env, Duration::from_secs(60), || {
            asked += 1;
            std::future::ready(Err::<(), _>(failure(false)))
        });
        assert!(at_once.await.is_err());
        assert_eq!(asked, 1);
    }
}

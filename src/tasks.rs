//! Tasks that belong to a role and end with it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// Spawns tasks that end, wherever they are, when the [`Tasks`] they belong to are dropped.
#[derive(Debug, Clone)]
pub(crate) struct Spawner {
    tracker: TaskTracker,
    end: CancellationToken,
}

/// The tasks of a role. Dropping this ends them.
#[derive(Debug)]
pub(crate) struct Tasks {
    spawner: Spawner,
    _end: DropGuard,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        let spawner = Spawner {
            tracker: TaskTracker::new(),
            end: CancellationToken::new(),
        };
        Self {
            _end: spawner.end.clone().drop_guard(),
            spawner,
        }
    }

    pub(crate) fn spawner(&self) -> &Spawner {
        &self.spawner
    }

    /// Waits until every task has come to its end, but no longer than this; then ends the rest.
    /// Tells whether there was no rest.
    pub(crate) async fn drain(self, patience: Duration) -> bool {
        self.spawner.tracker.close();
        tokio::time::timeout(patience, self.spawner.tracker.wait())
            .await
            .is_ok()
    }

    /// Ends every task and waits until it has.
    pub(crate) async fn end(self) {
        self.spawner.end.cancel();
        self.spawner.tracker.close();
        self.spawner.tracker.wait().await;
    }
}

impl Spawner {
    /// Runs the work in a task of its own. A panic in it is logged and ends nothing else.
    pub(crate) fn spawn(
        &self,
        what: &'static str,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let end = self.end.clone();
        self.tracker.spawn(async move {
            let done = tokio::select! {
                biased;
                () = end.cancelled() => return,
                done = AssertUnwindSafe(work).catch_unwind() => done,
            };
            if done.is_err() {
                tracing::error!(what, "a task panicked");
            }
        });
    }
}

/// Runs the work to its end, whether or not the caller waits for it.
///
/// What is recorded first and handed over second must not be cut in two by a caller who went
/// away.
pub(crate) async fn detached<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Nobody aborts it: the runtime is shutting down, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tasks_end_with_their_owner_and_detached_work_does_not() {
        let tasks = Tasks::new();
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        tasks.spawner().spawn("forever", async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        tasks
            .spawner()
            .spawn("panics", async { panic!("as the test wants") });
        tokio::task::yield_now().await;
        drop(tasks);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(Arc::strong_count(&alive), 1);

        let done = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&done);
        let work = detached(async move {
            tokio::time::sleep(Duration::from_secs(10)).await;
            told.store(true, Ordering::SeqCst);
        });
        assert!(
            tokio::time::timeout(Duration::from_secs(1), work)
                .await
                .is_err()
        );
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(done.load(Ordering::SeqCst));
    }
}

//! The end of a server or a subscriber.

use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::serve::{Serving, Stopped};

/// How long handlers that were dropped may take to say so to their callers.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// By what a server or a subscriber is told to end.
#[derive(Debug, Clone, Default)]
pub(super) struct Ending {
    /// Take nothing more.
    pub(super) stop: CancellationToken,
    /// Drop what runs.
    pub(super) abort: CancellationToken,
    /// What runs.
    pub(super) tasks: TaskTracker,
}

/// What the handle of a server or a subscriber holds.
#[derive(Debug)]
pub(super) struct AmqpServing {
    pub(super) ending: Ending,
    /// Spawns the tasks, and ends by itself when told to stop.
    pub(super) receiver: JoinHandle<()>,
    pub(super) drain: Duration,
}

#[async_trait]
impl Serving for AmqpServing {
    async fn stop(mut self: Box<Self>) -> Stopped {
        self.ending.stop.cancel();
        let drained = async {
            let _ = (&mut self.receiver).await;
            self.ending.tasks.close();
            self.ending.tasks.wait().await;
        };
        if tokio::time::timeout(self.drain, drained).await.is_ok() {
            return Stopped::Drained;
        }
        self.ending.abort.cancel();
        self.ending.tasks.close();
        let _ = tokio::time::timeout(LAST_WORDS, self.ending.tasks.wait()).await;
        Stopped::Aborted
    }
}

impl Drop for AmqpServing {
    fn drop(&mut self) {
        // After a stop nothing is left to end, and this does nothing.
        self.ending.stop.cancel();
        self.ending.abort.cancel();
    }
}

//! Waiting for a server.

use std::time::Duration;

use nova_core::RequestContext;
use nova_core::id::ServerId;
use nova_core::model::Server;
use tokio::time::Instant;

use super::Api;
use crate::error::{Error, Result};

/// The first pause between two looks; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

impl Api {
    /// Looks at the server until `is_it` says that it is as wanted.
    ///
    /// # Errors
    /// [`Error::NotInTime`] after `patience`; [`Error::Core`]: it is not found (any more).
    pub async fn wait_until(
        &self,
        context: &RequestContext,
        id: ServerId,
        patience: Duration,
        mut is_it: impl FnMut(&Server) -> bool + Send,
    ) -> Result<Server> {
        // Tokio's clock: a wall clock that is set must not lengthen or end the wait.
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let server = self.server_show(context, id).await?;
            if is_it(&server) {
                return Ok(server);
            }
            let waited = began.elapsed();
            if waited >= patience {
                return Err(Error::NotInTime {
                    server: id,
                    waited_ms: waited.as_millis(),
                });
            }
            tokio::time::sleep(pause.min(patience - waited)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Waits until nothing is being done to the server.
    ///
    /// # Errors
    /// As [`wait_until`](Self::wait_until).
    pub async fn wait_until_settled(
        &self,
        context: &RequestContext,
        id: ServerId,
        patience: Duration,
    ) -> Result<Server> {
        self.wait_until(context, id, patience, |server| server.task_state.is_none())
            .await
    }

    /// Waits until the server is deleted.
    ///
    /// # Errors
    /// [`Error::NotInTime`] after `patience`, or when the delete failed and nothing is being done
    /// to the server any more.
    pub async fn wait_until_gone(
        &self,
        context: &RequestContext,
        id: ServerId,
        patience: Duration,
    ) -> Result<()> {
        let began = Instant::now();
        match self.wait_until_settled(context, id, patience).await {
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(Error::NotInTime {
                server: id,
                waited_ms: began.elapsed().as_millis(),
            }),
        }
    }
}

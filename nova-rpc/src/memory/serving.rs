//! The end of a server.

use std::sync::Arc;

use async_trait::async_trait;

use super::registry::Registry;
use super::server::Server;
use crate::serve::{Serving, Stopped};

/// What a server's handle holds.
#[derive(Debug)]
pub(super) struct MemoryServing {
    pub(super) registry: Arc<Registry>,
    pub(super) server: Arc<Server>,
}

#[async_trait]
impl Serving for MemoryServing {
    async fn stop(self: Box<Self>) -> Stopped {
        self.registry.close_server(&self.server);
        let drained = self.server.tasks.wait();
        if tokio::time::timeout(self.server.options.drain, drained)
            .await
            .is_ok()
        {
            return Stopped::Drained;
        }
        self.server.abort.cancel();
        self.server.tasks.wait().await;
        Stopped::Aborted
    }
}

impl Drop for MemoryServing {
    fn drop(&mut self) {
        // After a stop nothing is left to close or abort, and this does nothing.
        self.registry.close_server(&self.server);
        self.server.abort.cancel();
    }
}

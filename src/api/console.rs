//! A server's console.

use nova_core::RequestContext;
use nova_core::id::ServerId;

use super::Api;
use crate::calls::compute::GetConsoleOutput;
use crate::error::{Error, Result};

impl Api {
    /// The end of what the server wrote to its serial console, at most `max_bytes` bytes (and at
    /// most 1 MiB). They are whatever the guest chose to write: not text until somebody makes
    /// them so, and not safe to print to a terminal unseen.
    ///
    /// # Errors
    /// [`Error::Core`]: not found, or not the caller's; [`Error::NoHost`]: it is nowhere;
    /// [`Error::Role`]: its host does not answer.
    pub async fn server_console_output(
        &self,
        context: &RequestContext,
        id: ServerId,
        max_bytes: usize,
    ) -> Result<Vec<u8>> {
        let server = self.read(context, id).await?;
        let host = server.host.ok_or(Error::NoHost { server: id })?;
        self.computes
            .clone()
            .on(host.as_str())
            .call(
                context,
                GetConsoleOutput {
                    server_id: id,
                    max_bytes,
                },
            )
            .await
            .map_err(Error::role("compute", "read a console"))
    }
}

//! Work that blocks, away from the runtime's own threads.

use super::HostError;

/// Does the work on a thread for such.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, HostError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| HostError::CutOff)
}

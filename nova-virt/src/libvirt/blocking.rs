//! Work that blocks, away from the runtime's own threads.

use super::error::LibvirtError;

/// Does the work on a thread for such.
pub(super) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LibvirtError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| LibvirtError::CutOff)
}

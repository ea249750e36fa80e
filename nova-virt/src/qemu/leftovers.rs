//! Removing directories of guests: with their process, if one works there still.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::QemuError;
use super::host::Host;
use super::process::{self, Workers};
use crate::guest::GuestId;
use crate::host::{blocking, place};

/// Removes what is on disk of a guest that the driver does not have: not made to the end, not
/// removed to the end, or not to be read. Says whether there was anything.
pub(super) async fn clear(host: &Host, id: GuestId, guest_too: bool) -> Result<bool, QemuError> {
    let mut directories = vec![host.root.unfinished(id), host.root.doomed(id)];
    if guest_too {
        directories.push(host.root.guest(id));
    }
    directories.retain(|directory| std::fs::symlink_metadata(directory).is_ok());
    if directories.is_empty() {
        return Ok(false);
    }
    let root = host.root.path().to_path_buf();
    let found = blocking::run(move || process::find(&root)).await?;
    let mut found = found.map_err(QemuError::io("look for processes"))?;
    for directory in directories {
        let workers = found.remove(name(&directory)).unwrap_or_default();
        remove(&directory, workers, host.config.stop_deadline).await?;
    }
    Ok(true)
}

/// Ends what works in the directory, and removes it.
pub(super) async fn remove(
    directory: &Path,
    workers: Workers,
    deadline: Duration,
) -> Result<(), QemuError> {
    for process in workers.tools.into_iter().chain(workers.qemu) {
        process.end(deadline).await?;
    }
    remove_directory(directory.to_path_buf()).await
}

/// Removes a directory in which nothing works any more; none is no failure.
pub(super) async fn remove_directory(directory: PathBuf) -> Result<(), QemuError> {
    let removed = blocking::run(move || place::remove_all(&directory)).await?;
    removed
        .map(drop)
        .map_err(QemuError::io("remove a guest's directory"))
}

/// The name of a directory within the root.
pub(super) fn name(directory: &Path) -> &OsStr {
    directory.file_name().unwrap_or_default()
}

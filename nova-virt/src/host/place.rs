//! The directory that a driver keeps its guests in.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::HostError;
use crate::guest::GuestId;

/// What the guest wrote to its first serial port.
pub(crate) const SERIAL_LOG: &str = "serial.log";

/// What a guest's directory is called by from its end until it is removed, before the id.
pub(crate) const DELETING: &str = ".deleting-";

const LOCK: &str = ".lock";

/// How often, and how far apart, the lock is tried for. A program that a driver was starting shares
/// its lock for the moment before it begins, even after the driver is gone: once the lock is had,
/// whatever was started has begun.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// Keeps other drivers from the directory until the file is closed.
pub(crate) async fn lock(directory: &Path) -> Result<File, HostError> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(directory.join(LOCK))
        .map_err(HostError::io("open the lock of the guests' directory"))?;
    for _ in 0..LOCK_TRIES {
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(Errno::WOULDBLOCK) => tokio::time::sleep(LOCK_PAUSE).await,
            Err(error) => return Err(HostError::io("lock the guests' directory")(error)),
        }
    }
    Err(HostError::DirectoryInUse {
        directory: directory.to_path_buf(),
    })
}

/// Puts what was done in a directory on the disk itself. Blocks.
pub(crate) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Makes an empty file that is closed to others; one that is there is a failure. Blocks.
pub(crate) fn make_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path).map(drop)
}

/// Removes a directory; says whether there was one. Blocks.
pub(crate) fn remove_all(directory: &Path) -> io::Result<bool> {
    match std::fs::remove_dir_all(directory) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// An id written as the driver writes it: several spellings of one would be several guests.
pub(crate) fn canonical(name: &str) -> Option<GuestId> {
    name.parse()
        .ok()
        .filter(|id: &GuestId| id.to_string() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_driver_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).await.unwrap();
        assert!(matches!(
            lock(dir.path()).await,
            Err(HostError::DirectoryInUse { .. })
        ));
        drop(held);
        lock(dir.path()).await.unwrap();
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = "0190b5a4-7c3e-7d2a-8b1f-0123456789ab";
        assert!(canonical(id).is_some());
        for other in [id.to_uppercase(), id.replace('-', ""), "lost+found".into()] {
            assert_eq!(canonical(&other), None);
        }
    }
}

//! Where guests live on disk.
//!
//! ```text
//! <root>/.lock               held by the one driver that works here
//! <root>/<id>/               a guest
//! <root>/.new-<id>/          a guest that is being made
//! <root>/.deleting-<id>/     a guest that is being removed
//! ```
//!
//! A guest comes to be, and ceases to be, by the renaming of its directory: whatever a driver that
//! died left behind is told apart by its name.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FlockOperation;

use super::blocking;
use super::error::QemuError;
use crate::guest::GuestId;

/// The socket of a guest's monitor.
pub(super) const QMP_SOCKET: &str = "qmp.sock";
/// What the guest wrote to its first serial port.
pub(super) const SERIAL_LOG: &str = "serial.log";
/// What the guest's qemu had to say.
pub(super) const QEMU_LOG: &str = "qemu.log";

const DISK: &str = "disk-";
const QCOW2: &str = ".qcow2";
const LOCK: &str = ".lock";
const NEW: &str = ".new-";
const DELETING: &str = ".deleting-";

/// How often, and how far apart, the lock is tried for. A program that a driver was starting shares
/// its lock for the moment before it begins, even after the driver is gone: once the lock is had,
/// whatever was started has begun.
const LOCK_TRIES: u32 = 40;
const LOCK_PAUSE: Duration = Duration::from_millis(25);

/// The file of a guest's disk.
pub(super) fn disk(index: usize) -> String {
    format!("{DISK}{index}{QCOW2}")
}

/// Whether this is the name of such a file.
pub(super) fn is_disk(name: &[u8]) -> bool {
    let index = name
        .strip_prefix(DISK.as_bytes())
        .and_then(|rest| rest.strip_suffix(QCOW2.as_bytes()));
    index.is_some_and(|index| !index.is_empty() && index.iter().all(u8::is_ascii_digit))
}

/// The directory with all guests, while this driver works in it.
#[derive(Debug)]
pub(super) struct Root {
    path: PathBuf,
    _lock: File,
}

/// Something in the directory.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entry {
    /// What was not made, or not removed, to the end.
    Leftover(PathBuf),
    /// A guest.
    Guest(GuestId),
}

impl Root {
    /// Makes the directory if it is not there, sees that it is this user's alone, and locks it.
    pub(super) async fn open(path: &Path) -> Result<Self, QemuError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(QemuError::io("make the guests' directory"))?;
        // Links are resolved once: processes are found again by where they work.
        let path = path
            .canonicalize()
            .map_err(QemuError::io("find the guests' directory"))?;
        make_private(&path)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(QemuError::io("open the lock of the guests' directory"))?;
        for _ in 0..LOCK_TRIES {
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { path, _lock: lock }),
                Err(rustix::io::Errno::WOULDBLOCK) => tokio::time::sleep(LOCK_PAUSE).await,
                Err(error) => {
                    return Err(QemuError::Io {
                        what: "lock the guests' directory",
                        source: error.into(),
                    });
                }
            }
        }
        Err(QemuError::RootInUse { root: path })
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the guest lives.
    pub(super) fn guest(&self, id: GuestId) -> PathBuf {
        self.path.join(id.to_string())
    }

    /// Where the guest is made.
    pub(super) fn unfinished(&self, id: GuestId) -> PathBuf {
        self.path.join(format!("{NEW}{id}"))
    }

    /// Where the guest is removed.
    pub(super) fn doomed(&self, id: GuestId) -> PathBuf {
        self.path.join(format!("{DELETING}{id}"))
    }

    /// Moves a guest's directory within the root, for good.
    pub(super) async fn rename(&self, from: PathBuf, to: PathBuf) -> Result<(), QemuError> {
        let root = self.path.clone();
        let renamed = blocking::run(move || {
            std::fs::rename(from, to)?;
            sync(&root)
        });
        renamed
            .await?
            .map_err(QemuError::io("rename a guest's directory"))
    }

    /// What there is, in order. Files that are none of the driver's are left alone.
    pub(super) fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let unfinished = name
                .strip_prefix(NEW)
                .or_else(|| name.strip_prefix(DELETING));
            if unfinished.is_some_and(|id| canonical(id).is_some()) {
                entries.push(Entry::Leftover(entry.path()));
            } else if let Some(id) = canonical(name) {
                entries.push(Entry::Guest(id));
            }
        }
        entries.sort();
        Ok(entries)
    }
}

/// A directory that only this user can look into.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Puts what was done in a directory on the disk itself.
pub(super) fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// An id written as the driver writes it: several spellings of one would be several guests.
fn canonical(name: &str) -> Option<GuestId> {
    name.parse()
        .ok()
        .filter(|id: &GuestId| id.to_string() == name)
}

fn make_private(path: &Path) -> Result<(), QemuError> {
    let unsafe_root = |reason| QemuError::UnsafeRoot {
        root: path.to_path_buf(),
        reason,
    };
    let meta = std::fs::metadata(path).map_err(QemuError::io("look at the guests' directory"))?;
    if !meta.is_dir() {
        return Err(unsafe_root("is not a directory"));
    }
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(unsafe_root("belongs to another user"));
    }
    if meta.permissions().mode() & 0o077 != 0 {
        let private = std::fs::Permissions::from_mode(0o700);
        std::fs::set_permissions(path, private)
            .map_err(QemuError::io("close the guests' directory to others"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_driver_at_a_time_and_nobody_elses_business() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/guests");
        let root = Root::open(&path).await.unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700
        );
        assert!(matches!(
            Root::open(&path).await,
            Err(QemuError::RootInUse { .. })
        ));
        drop(root);

        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        Root::open(&path).await.unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o700
        );
        assert!(Root::open(Path::new("/dev/null")).await.is_err());
    }

    #[tokio::test]
    async fn entries_are_told_apart_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).await.unwrap();
        let id: GuestId = "0190b5a4-7c3e-7d2a-8b1f-0123456789ab".parse().unwrap();
        for path in [
            root.guest(id),
            root.unfinished(id),
            root.doomed(id),
            root.path().join("lost+found"),
        ] {
            make_directory(&path).unwrap();
        }
        for other in [
            "0190B5A4-7C3E-7D2A-8B1F-0123456789AB",
            "0190b5a47c3e7d2a8b1f0123456789ab",
            ".new-",
            ".new-x",
        ] {
            make_directory(&root.path().join(other)).unwrap();
        }
        let expected = [
            Entry::Leftover(root.doomed(id)),
            Entry::Leftover(root.unfinished(id)),
            Entry::Guest(id),
        ];
        assert_eq!(root.entries().unwrap(), expected);
    }
}

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

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::QemuError;
use crate::guest::GuestId;
use crate::host::blocking;
use crate::host::place::{self, DELETING};

/// The socket of a guest's monitor.
pub(super) const QMP_SOCKET: &str = "qmp.sock";
/// What the guest's qemu had to say.
pub(super) const QEMU_LOG: &str = "qemu.log";

const NEW: &str = ".new-";

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
        let lock = place::lock(&path).await?;
        Ok(Self { path, _lock: lock })
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
            place::sync(&root)
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
            if unfinished.is_some_and(|id| place::canonical(id).is_some()) {
                entries.push(Entry::Leftover(entry.path()));
            } else if let Some(id) = place::canonical(name) {
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

//! Where what belongs to the guests is kept.
//!
//! ```text
//! <directory>/.lock              held by the one driver that works here
//! <directory>/<id>/              a guest
//! <directory>/<id>/unfinished    it is being made: what there is of it is undone
//! <directory>/.deleting-<id>/    a guest that is being removed
//! ```
//!
//! A guest comes to be by the removal of a file, and ceases to be by the renaming of its
//! directory: whatever a driver that died left behind can be told apart. It is not made under
//! another name, because the domain's description has its path in it.

use std::fs::{DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::LibvirtError;
use super::text;
use crate::guest::GuestId;
use crate::host::place::{self, DELETING, SERIAL_LOG};

const UNFINISHED: &str = "unfinished";

/// Others may pass through a directory, but not look into it: libvirt's system instance runs
/// guests as a user of its own. The files in it are closed to all but their owner.
const DIRECTORY_MODE: u32 = 0o711;

/// The directory with all guests, while this driver works in it.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    text: String,
    _lock: File,
}

/// Something in the directory.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entry {
    /// What was not made, or not removed, to the end.
    Leftover(GuestId),
    /// A guest.
    Guest(GuestId),
}

impl Place {
    /// Makes the directory if it is not there, sees that nobody else writes in it, and locks it.
    pub(super) async fn open(path: &Path) -> Result<Self, LibvirtError> {
        make_root(path).map_err(LibvirtError::io("make the guests' directory"))?;
        // Links are resolved once: domains are known by where their files are.
        let path = path
            .canonicalize()
            .map_err(LibvirtError::io("find the guests' directory"))?;
        let unsafe_directory = |reason| LibvirtError::UnsafeDirectory {
            directory: path.clone(),
            reason,
        };
        let text = path
            .to_str()
            .filter(|text| text::survives(text))
            .ok_or_else(|| unsafe_directory("has a name that libvirt cannot keep"))?
            .to_owned();
        let meta = path
            .metadata()
            .map_err(LibvirtError::io("look at the guests' directory"))?;
        if !meta.is_dir() {
            return Err(unsafe_directory("is not a directory"));
        }
        if meta.uid() != rustix::process::geteuid().as_raw() {
            return Err(unsafe_directory("belongs to another user"));
        }
        if meta.mode() & 0o022 != 0 {
            return Err(unsafe_directory("can be written to by others"));
        }
        let lock = place::lock(&path).await?;
        Ok(Self {
            path,
            text,
            _lock: lock,
        })
    }

    /// The directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory, as text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// What belongs to the guest.
    pub(super) fn guest(&self, id: GuestId) -> PathBuf {
        self.path.join(id.to_string())
    }

    /// Makes the guest's directory, marked as unfinished. Blocks.
    pub(super) fn make(&self, id: GuestId) -> io::Result<PathBuf> {
        let directory = self.guest(id);
        DirBuilder::new().create(&directory)?;
        std::fs::set_permissions(&directory, Permissions::from_mode(DIRECTORY_MODE))?;
        place::make_file(&directory.join(UNFINISHED))?;
        place::make_file(&directory.join(SERIAL_LOG))?;
        Ok(directory)
    }

    /// From now on it is a guest. Blocks.
    pub(super) fn finish(&self, id: GuestId) -> io::Result<()> {
        let directory = self.guest(id);
        std::fs::remove_file(directory.join(UNFINISHED))?;
        place::sync(&directory)?;
        place::sync(&self.path)
    }

    /// From now on it is none. Blocks.
    pub(super) fn doom(&self, id: GuestId) -> io::Result<()> {
        let doomed = self.doomed(id);
        place::remove_all(&doomed)?;
        match std::fs::rename(self.guest(id), &doomed) {
            // Somebody was quicker.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            renamed => renamed.and_then(|()| place::sync(&self.path)),
        }
    }

    /// Removes all that belonged to it, and says whether there was anything. Blocks.
    pub(super) fn remove(&self, id: GuestId) -> io::Result<bool> {
        let before = place::remove_all(&self.doomed(id))?;
        self.doom(id)?;
        Ok(place::remove_all(&self.doomed(id))? || before)
    }

    /// Whether there is anything of the guest, finished or not.
    pub(super) fn entry(&self, id: GuestId) -> io::Result<Option<Entry>> {
        let directory = self.guest(id);
        if !directory.try_exists()? {
            return Ok(None);
        }
        let begun = std::fs::read_dir(&directory)?.next().is_some();
        if begun && !directory.join(UNFINISHED).try_exists()? {
            return Ok(Some(Entry::Guest(id)));
        }
        Ok(Some(Entry::Leftover(id)))
    }

    /// What there is, in order. Files that are none of the driver's are left alone. Blocks.
    pub(super) fn entries(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let Some(name) = name.to_str() else { continue };
            if let Some(id) = name.strip_prefix(DELETING).and_then(place::canonical) {
                entries.push(Entry::Leftover(id));
            } else if let Some(id) = place::canonical(name) {
                entries.extend(self.entry(id)?);
            }
        }
        entries.sort();
        Ok(entries)
    }

    /// The names that its directory may have, one after the other.
    pub(super) fn names(id: GuestId) -> [String; 2] {
        [id.to_string(), format!("{DELETING}{id}")]
    }

    fn doomed(&self, id: GuestId) -> PathBuf {
        self.path.join(format!("{DELETING}{id}"))
    }
}

/// Makes the directory and what is missing above it. One that is there stays as it is.
fn make_root(path: &Path) -> io::Result<()> {
    if path.try_exists()? {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)?;
    // Whatever this process's mask leaves of new directories.
    std::fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0190b5a4-7c3e-7d2a-8b1f-0123456789ab";

    #[tokio::test(start_paused = true)]
    async fn one_driver_at_a_time_and_nobody_else_writes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/guests");
        let place = Place::open(&path).await.unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, DIRECTORY_MODE);
        assert!(matches!(
            Place::open(&path).await,
            Err(LibvirtError::DirectoryInUse { .. })
        ));
        drop(place);

        std::fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            Place::open(&path).await,
            Err(LibvirtError::UnsafeDirectory { .. })
        ));
        assert!(Place::open(&dir.path().join("a\nb")).await.is_err());
        assert!(Place::open(Path::new("/dev/null")).await.is_err());
    }

    #[tokio::test]
    async fn what_is_whole_is_told_from_what_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::open(&dir.path().join("guests")).await.unwrap();
        let id: GuestId = ID.parse().unwrap();
        let find = || place.entries().unwrap();
        assert_eq!(find(), []);
        place.make(id).unwrap();
        assert!(place.make(id).is_err());
        assert_eq!(find(), [Entry::Leftover(id)]);
        place.finish(id).unwrap();
        assert_eq!(find(), [Entry::Guest(id)]);
        place.doom(id).unwrap();
        assert_eq!(find(), [Entry::Leftover(id)]);
        assert!(place.remove(id).unwrap());
        assert!(!place.remove(id).unwrap());
        for other in [ID.to_uppercase(), ID.replace('-', ""), "lost+found".into()] {
            std::fs::create_dir(place.path().join(other)).unwrap();
        }
        assert_eq!(find(), []);
        std::fs::create_dir(place.guest(id)).unwrap();
        assert_eq!(find(), [Entry::Leftover(id)], "it was not even begun");
    }
}

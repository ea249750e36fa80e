//! What the driver remembers of a guest: its specification, and whether it is to run.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nova_core::state::PowerState;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::QemuError;
use super::place;
use crate::spec::VmSpec;

const SPEC: &str = "spec.json";
const STATE: &str = "state.json";

/// The version of both files' shape. A driver refuses what a newer one wrote.
const VERSION: u32 = 1;

/// Whether a guest is to run. Written before it is made so, and thus what to go by when the driver
/// died in between: one that is to run and has no process has crashed, one that is not and has
/// one was being powered off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wanted {
    /// It is to run.
    Running,
    /// It is powered off.
    Off,
    /// It ended by a failure, and nobody has started it since.
    Crashed,
}

impl Wanted {
    /// The power state of such a guest without a process.
    pub(super) fn without_process(self) -> PowerState {
        match self {
            Self::Running | Self::Crashed => PowerState::Crashed,
            Self::Off => PowerState::Shutdown,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Versioned<T> {
    version: u32,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize, Deserialize)]
struct SpecFile {
    spec: VmSpec,
}

#[derive(Serialize, Deserialize)]
struct StateFile {
    wanted: Wanted,
}

/// The files of one guest. Its directory may be renamed until the guest is made, not after.
#[derive(Debug)]
pub(super) struct Record {
    directory: PathBuf,
    /// Two writers at once would write into the same new file.
    writing: Mutex<()>,
}

impl Record {
    /// The record in this directory.
    pub(super) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            writing: Mutex::new(()),
        }
    }

    /// The guest's directory.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes down the specification. Blocks.
    pub(super) fn save_spec(&self, spec: &VmSpec) -> Result<(), QemuError> {
        self.save(SPEC, SpecFile { spec: spec.clone() })
    }

    /// Writes down whether the guest is to run. Blocks.
    pub(super) fn save_wanted(&self, wanted: Wanted) -> Result<(), QemuError> {
        self.save(STATE, StateFile { wanted })
    }

    /// Reads both. Blocks.
    pub(super) fn load(&self) -> Result<(VmSpec, Wanted), QemuError> {
        let SpecFile { spec } = self.read(SPEC)?;
        let StateFile { wanted } = self.read(STATE)?;
        Ok((spec, wanted))
    }

    fn save<T: Serialize>(&self, name: &str, content: T) -> Result<(), QemuError> {
        let _guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.replace(
            name,
            &Versioned {
                version: VERSION,
                content,
            },
        )
        .map_err(QemuError::io("write down what is known of the guest"))
    }

    /// The old content or the new one, whenever the machine stops.
    fn replace(&self, name: &str, content: &impl Serialize) -> io::Result<()> {
        let new = self.directory.join(format!("{name}.new"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        serde_json::to_writer_pretty(&mut file, content)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&new, self.directory.join(name))?;
        place::sync(&self.directory)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, QemuError> {
        let file = self.directory.join(name);
        let text =
            std::fs::read(&file).map_err(QemuError::io("read what is known of the guest"))?;
        let damaged = |source| QemuError::DamagedRecord {
            file: file.clone(),
            source,
        };
        let read: Versioned<T> =
            serde_json::from_slice(&text).map_err(|error| damaged(error.into()))?;
        if read.version != VERSION {
            return Err(damaged(
                format!("version {} is not known here", read.version).into(),
            ));
        }
        Ok(read.content)
    }
}

#[cfg(test)]
mod tests {
    use nova_core::model::DiskFormat;
    use nova_core::units::{Bytes, Mebibytes};

    use super::*;
    use crate::guest::GuestId;
    use crate::spec::{BaseImage, DiskSpec, NicSpec};

    fn spec() -> VmSpec {
        VmSpec {
            id: GuestId::from_uuid(uuid::Uuid::nil()),
            name: "«,id=x\n\\\"'\u{7f}»".to_owned(),
            vcpus: 1,
            memory: Mebibytes::new(64),
            disks: vec![DiskSpec {
                size: Bytes::new(u64::MAX),
                base: Some(BaseImage {
                    path: "/a b/ü".into(),
                    format: DiskFormat::Raw,
                }),
            }],
            nics: vec![NicSpec {
                mac: [2, 0, 0, 0, 0, 1],
            }],
        }
    }

    #[test]
    fn what_is_saved_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let record = Record::new(dir.path().to_path_buf());
        record.save_spec(&spec()).unwrap();
        for wanted in [Wanted::Running, Wanted::Off, Wanted::Crashed] {
            record.save_wanted(wanted).unwrap();
            assert_eq!(record.load().unwrap(), (spec(), wanted));
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_never_guessed() {
        let dir = tempfile::tempdir().unwrap();
        let record = Record::new(dir.path().to_path_buf());
        assert!(matches!(record.load(), Err(QemuError::Io { .. })));
        record.save_spec(&spec()).unwrap();
        for broken in [
            "",
            "{}",
            "{\"version\": 2, \"wanted\": \"off\"}",
            "{\"version\": 1, \"wanted\": \"?\"}",
            "\0",
        ] {
            std::fs::write(dir.path().join(STATE), broken).unwrap();
            assert!(
                matches!(record.load(), Err(QemuError::DamagedRecord { .. })),
                "{broken:?}"
            );
        }
    }
}

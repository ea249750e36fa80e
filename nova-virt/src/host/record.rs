//! What a driver remembers of a guest: its specification, and a state.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::marker::PhantomData;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{HostError, place};
use crate::spec::VmSpec;

const SPEC: &str = "spec.json";
const STATE: &str = "state.json";

/// The version of both files' shape. A driver refuses what a newer one wrote.
const VERSION: u32 = 1;

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

/// The files of one guest, with a state of type `S`, which is written as a map. Its directory may
/// be renamed until the guest is made, not after. Whatever reads or writes blocks.
#[derive(Debug)]
pub(crate) struct Record<S> {
    directory: PathBuf,
    /// Two writers at once would write into the same new file.
    writing: Mutex<()>,
    state: PhantomData<fn(S) -> S>,
}

impl<S: Serialize + DeserializeOwned> Record<S> {
    /// The record in this directory.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            writing: Mutex::new(()),
            state: PhantomData,
        }
    }

    /// The guest's directory.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes down the specification: all of it, the name to the letter.
    pub(crate) fn save_spec(&self, spec: &VmSpec) -> Result<(), HostError> {
        self.save(SPEC, SpecFile { spec: spec.clone() })
    }

    /// Writes down the state.
    pub(crate) fn save_state(&self, state: S) -> Result<(), HostError> {
        self.save(STATE, state)
    }

    /// Reads both.
    pub(crate) fn load(&self) -> Result<(VmSpec, S), HostError> {
        let SpecFile { spec } = self.read(SPEC)?;
        Ok((spec, self.read(STATE)?))
    }

    fn save<T: Serialize>(&self, name: &str, content: T) -> Result<(), HostError> {
        let _guard = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let content = Versioned {
            version: VERSION,
            content,
        };
        self.replace(name, &content)
            .map_err(HostError::io("write down what is known of the guest"))
    }

    /// The old content or the new one, whenever the machine stops.
    fn replace(&self, name: &str, content: &impl Serialize) -> io::Result<()> {
        let new = self.directory.join(format!("{name}.new"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&new)?;
        serde_json::to_writer_pretty(&mut file, content)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&new, self.directory.join(name))?;
        place::sync(&self.directory)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, HostError> {
        let file = self.directory.join(name);
        let text =
            std::fs::read(&file).map_err(HostError::io("read what is known of the guest"))?;
        let damaged = |source| HostError::DamagedRecord {
            file: file.clone(),
            source,
        };
        let read: Versioned<T> =
            serde_json::from_slice(&text).map_err(|error| damaged(error.into()))?;
        if read.version != VERSION {
            let newer = format!("version {} is not known here", read.version);
            return Err(damaged(newer.into()));
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

    /// As the drivers write theirs.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(tag = "door", rename_all = "snake_case")]
    enum Door {
        Open,
        WideOpen,
    }

    fn spec(name: &str) -> VmSpec {
        VmSpec {
            id: GuestId::from_uuid(uuid::Uuid::nil()),
            name: name.to_owned(),
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
    fn what_is_saved_is_read_back_to_the_letter() {
        let dir = tempfile::tempdir().unwrap();
        let record = Record::new(dir.path().to_path_buf());
        for name in ["«,id=x\n\\\"'\u{7f}»", "\u{1b}[2J\u{fffe}\r\n<&>"] {
            record.save_spec(&spec(name)).unwrap();
            for door in [Door::Open, Door::WideOpen] {
                record.save_state(door).unwrap();
                assert_eq!(record.load().unwrap(), (spec(name), door));
            }
        }
        let text = std::fs::read_to_string(dir.path().join(STATE)).unwrap();
        assert_eq!(text, "{\n  \"version\": 1,\n  \"door\": \"wide_open\"\n}\n");
    }

    #[test]
    fn what_cannot_be_read_is_told_and_never_guessed() {
        let dir = tempfile::tempdir().unwrap();
        let record = Record::<Door>::new(dir.path().to_path_buf());
        assert!(matches!(record.load(), Err(HostError::Io { .. })));
        record.save_spec(&spec("")).unwrap();
        for broken in [
            "",
            "{}",
            "{\"version\": 2, \"door\": \"open\"}",
            "{\"version\": 1, \"door\": \"?\"}",
            "\0",
        ] {
            std::fs::write(dir.path().join(STATE), broken).unwrap();
            assert!(
                matches!(record.load(), Err(HostError::DamagedRecord { .. })),
                "{broken:?}"
            );
        }
    }
}

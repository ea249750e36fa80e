//! What the driver remembers of a guest: its specification, and how it was seen last.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nova_core::state::PowerState;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::LibvirtError;
use super::place;
use crate::event::EventKind;
use crate::spec::VmSpec;

const SPEC: &str = "spec.json";
const STATE: &str = "state.json";

/// The version of both files' shape. A driver refuses what a newer one wrote.
const VERSION: u32 = 1;

/// How a guest was seen last. It is only gone by when libvirt does not remember why a guest does
/// not run: it forgets that when its daemon ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Seen {
    /// It ran, or was paused.
    Running,
    /// It was powered off.
    Off,
    /// It had ended by a failure.
    Crashed,
}

impl Seen {
    /// How a guest is after this; `None` where that is not written down.
    pub(super) fn after(kind: EventKind) -> Option<Self> {
        match kind {
            EventKind::Started => Some(Self::Running),
            EventKind::Stopped | EventKind::StoppedByGuest => Some(Self::Off),
            EventKind::Crashed => Some(Self::Crashed),
            EventKind::Paused | EventKind::Resumed | EventKind::Reset | EventKind::Destroyed => {
                None
            }
        }
    }

    /// The power state of such a guest that does not run. Nobody saw one end that ran: that is a
    /// failure, if only the host's.
    pub(super) fn without_domain(self) -> PowerState {
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
    seen: Seen,
}

/// The files of one guest. There is one writer at a time: whoever makes the guest, then the
/// watcher. Everything here blocks.
#[derive(Debug, Clone)]
pub(super) struct Record {
    directory: PathBuf,
}

impl Record {
    /// The record in a guest's directory.
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The guest's directory.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes down the specification: all of it, the name to the letter.
    pub(super) fn save_spec(&self, spec: &VmSpec) -> Result<(), LibvirtError> {
        self.save(SPEC, SpecFile { spec: spec.clone() })
    }

    /// Writes down how the guest was seen.
    pub(super) fn save_seen(&self, seen: Seen) -> Result<(), LibvirtError> {
        self.save(STATE, StateFile { seen })
    }

    /// Reads both.
    pub(super) fn load(&self) -> Result<(VmSpec, Seen), LibvirtError> {
        let SpecFile { spec } = self.read(SPEC)?;
        let StateFile { seen } = self.read(STATE)?;
        Ok((spec, seen))
    }

    /// The old content or the new one, whenever the machine stops.
    fn save<T: Serialize>(&self, name: &str, content: T) -> Result<(), LibvirtError> {
        let content = Versioned {
            version: VERSION,
            content,
        };
        let write = || -> io::Result<()> {
            let new = self.directory.join(format!("{name}.new"));
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut file = options.open(&new)?;
            serde_json::to_writer_pretty(&mut file, &content)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            std::fs::rename(&new, self.directory.join(name))?;
            place::sync(&self.directory)
        };
        write().map_err(LibvirtError::io("write down what is known of the guest"))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, LibvirtError> {
        let file = self.directory.join(name);
        let text =
            std::fs::read(&file).map_err(LibvirtError::io("read what is known of the guest"))?;
        let damaged = |source| LibvirtError::DamagedRecord {
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
    use nova_core::units::{Bytes, Mebibytes};

    use super::*;
    use crate::guest::GuestId;
    use crate::spec::DiskSpec;

    #[test]
    fn what_is_saved_is_read_back_to_the_letter() {
        let dir = tempfile::tempdir().unwrap();
        let record = Record::new(dir.path().to_path_buf());
        let spec = VmSpec {
            id: GuestId::from_uuid(uuid::Uuid::nil()),
            name: "\u{1b}[2J\u{fffe}\r\n<&>".to_owned(),
            vcpus: 1,
            memory: Mebibytes::new(64),
            disks: vec![DiskSpec {
                size: Bytes::new(512),
                base: None,
            }],
            nics: Vec::new(),
        };
        record.save_spec(&spec).unwrap();
        for seen in [Seen::Running, Seen::Off, Seen::Crashed] {
            record.save_seen(seen).unwrap();
            assert_eq!(record.load().unwrap(), (spec.clone(), seen));
        }
        for broken in ["", "{}", "{\"version\": 2, \"seen\": \"off\"}", "\0"] {
            std::fs::write(dir.path().join(STATE), broken).unwrap();
            assert!(
                matches!(record.load(), Err(LibvirtError::DamagedRecord { .. })),
                "{broken:?}"
            );
        }
    }
}

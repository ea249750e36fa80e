//! Processes of guests: found, watched and ended, and never mistaken for another.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::error::QemuError;
use super::place;

/// How long an id is in writing.
const ID_LENGTH: usize = 36;

/// A process, held by a descriptor: its number may be given to another once it is gone, the
/// descriptor cannot.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    descriptor: AsyncFd<OwnedFd>,
}

impl Process {
    /// The process that has this number now; `None` if there is none.
    pub(super) fn open(pid: Pid) -> io::Result<Option<Self>> {
        let descriptor = match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
            Ok(descriptor) => descriptor,
            Err(Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Self {
            pid,
            descriptor: watched(descriptor)?,
        }))
    }

    /// Its number, for messages.
    pub(super) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits until it has ended. Safe to cancel.
    pub(super) async fn exited(&self) {
        // The descriptor stays readable; it fails only when the runtime is shut down, and then
        // nobody waits for long.
        while self.is_alive() {
            if self.descriptor.readable().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether it has not ended yet.
    pub(super) fn is_alive(&self) -> bool {
        let mut polled = [PollFd::new(self.descriptor.get_ref(), PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(
            rustix::event::poll(&mut polled, Some(&now)),
            Ok(0) | Err(Errno::INTR)
        )
    }

    /// Kills it; one that has ended is no failure.
    pub(super) fn kill(&self) -> Result<(), QemuError> {
        match rustix::process::pidfd_send_signal(self.descriptor.get_ref(), Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(QemuError::Io {
                what: "kill the guest's qemu",
                source: error.into(),
            }),
        }
    }

    /// Kills it and waits until it is gone.
    pub(super) async fn end(&self, deadline: Duration) -> Result<(), QemuError> {
        self.kill()?;
        tokio::time::timeout(deadline, self.exited())
            .await
            .map_err(|_| QemuError::Unkillable { pid: self.pid() })
    }
}

#[expect(
    deprecated,
    reason = "what replaces it is the same call, marked unsafe for the sake of types that change \
              their descriptor; an owned one does not"
)]
fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, Interest::READABLE)
}

/// What works in the directory of a guest.
#[derive(Debug, Default)]
pub(super) struct Workers {
    /// The guest's qemu.
    pub(super) qemu: Option<Process>,
    /// Programs that were making its disks when their driver died.
    pub(super) tools: Vec<Process>,
}

/// What works in the directories of a root, by the directory's name.
///
/// A process is a guest's when it works in the guest's directory (the kernel knows that, and
/// renaming does not change it) and was started with the guest's id, or with the name of a disk.
/// Nothing has to be written down for it, so nothing written down can be missing or old. Nor is
/// one missed that is only being started: it shares the lock of the root until it has begun.
pub(super) fn find(root: &Path) -> io::Result<BTreeMap<OsString, Workers>> {
    let mut found: BTreeMap<OsString, Workers> = BTreeMap::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else {
            continue;
        };
        let Some(seen) = look_at(&entry.path(), root) else {
            continue;
        };
        let Some(process) = Process::open(pid)? else {
            continue;
        };
        // Looked at again now that the descriptor holds it: if it is alive, it is the one seen.
        if look_at(&entry.path(), root).as_ref() != Some(&seen) || !process.is_alive() {
            continue;
        }
        let (name, role) = seen;
        let workers = found.entry(name).or_default();
        match role {
            Role::Qemu => workers.qemu = Some(process),
            Role::Tool => workers.tools.push(process),
        }
    }
    Ok(found)
}

#[derive(Debug, PartialEq, Eq)]
enum Role {
    Qemu,
    Tool,
}

/// The name of the directory of the guest that a process works for, and as what.
fn look_at(proc: &Path, root: &Path) -> Option<(OsString, Role)> {
    let directory: PathBuf = std::fs::read_link(proc.join("cwd")).ok()?;
    if directory.parent()? != root {
        return None;
    }
    let name = directory.file_name()?;
    let command = command_of(proc)?;
    let mut words = command.split(|byte| *byte == 0);
    if words.clone().any(place::is_disk) && !words.clone().any(|word| word == b"-uuid") {
        return Some((name.to_os_string(), Role::Tool));
    }
    // The directory's name ends with the id, whatever stands before it.
    let id = name.as_bytes().get(name.len().checked_sub(ID_LENGTH)?..)?;
    words.by_ref().find(|word| *word == b"-uuid")?;
    (words.next()? == id).then(|| (name.to_os_string(), Role::Qemu))
}

/// What a process was started with. That of a program which has just begun is empty for a moment.
fn command_of(proc: &Path) -> Option<Vec<u8>> {
    for _ in 0..100 {
        let command = std::fs::read(proc.join("cmdline")).ok()?;
        if !command.is_empty() {
            return Some(command);
        }
        std::thread::yield_now();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qemu::program;

    const ID: &str = "0190b5a4-7c3e-7d2a-8b1f-0123456789ab";

    #[tokio::test]
    async fn only_a_process_in_the_directory_with_the_id_is_a_guests() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let guest = root.join(ID);
        let leftover = root.join(format!(".new-{ID}"));
        std::fs::create_dir(&guest).unwrap();
        std::fs::create_dir(&leftover).unwrap();
        // It waits for input that never comes, and starts no other program.
        let start = |cwd: &Path, arguments: &[&str]| {
            program::command(Path::new("/bin/sh"))
                .args(["-c", "read line"])
                .args(arguments)
                .current_dir(cwd)
                .stdin(std::process::Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap()
        };
        let mut ours = start(&guest, &["-uuid", ID]);
        let half = start(&leftover, &["-x", "-uuid", ID]);
        let tool = start(&leftover, &["create", "disk-12.qcow2"]);
        let _somebody = start(&guest, &["-uuid", "another"]);
        let _elsewhere = start(&root, &["-uuid", ID]);

        let mut found = find(&root).unwrap();
        assert_eq!(found.len(), 2);
        let pid = |process: &Process| u32::try_from(process.pid()).unwrap();
        let left = found.remove(leftover.file_name().unwrap()).unwrap();
        assert_eq!(left.qemu.as_ref().map(pid), half.id());
        assert_eq!(
            left.tools.iter().map(pid).collect::<Vec<_>>(),
            [tool.id().unwrap()]
        );
        let found = found.remove(guest.file_name().unwrap()).unwrap();
        assert_eq!(found.qemu.as_ref().map(pid), ours.id());
        assert!(found.tools.is_empty());

        let process = found.qemu.unwrap();
        assert!(process.is_alive());
        process.end(Duration::from_secs(5)).await.unwrap();
        assert!(!process.is_alive());
        // It is gone for us though nobody has asked how it ended; asking again does no harm.
        process.end(Duration::from_secs(5)).await.unwrap();
        ours.wait().await.unwrap();
        assert_eq!(find(&root).unwrap().len(), 1);
    }
}

//! Processes that work for guests: found, watched and ended, and never mistaken for another.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::{HostError, overlay};

/// A process, held by a descriptor: its number may be given to another once it is gone, the
/// descriptor cannot.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    descriptor: AsyncFd<OwnedFd>,
}

impl Process {
    /// The process that has this number now; `None` if there is none.
    pub(crate) fn open(pid: Pid) -> io::Result<Option<Self>> {
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
    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Waits until it has ended. Safe to cancel.
    pub(crate) async fn exited(&self) {
        // The descriptor stays readable; it fails only when the runtime is shut down, and then
        // nobody waits for long.
        while self.is_alive() {
            if self.descriptor.readable().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_alive(&self) -> bool {
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
    pub(crate) fn kill(&self) -> Result<(), HostError> {
        match rustix::process::pidfd_send_signal(self.descriptor.get_ref(), Signal::KILL) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => Err(HostError::io("kill a process")(error)),
        }
    }

    /// Kills it and waits until it is gone.
    pub(crate) async fn end(&self, deadline: Duration) -> Result<(), HostError> {
        self.kill()?;
        tokio::time::timeout(deadline, self.exited())
            .await
            .map_err(|_| HostError::Unkillable { pid: self.pid() })
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

/// What works in the directories of a root: the directory's name, what it does there, and the
/// process itself. Which processes those are is for `role` to say, by the name and the words that
/// the process was started with. Blocks.
///
/// A process works where its working directory is: the kernel knows that, and renaming does not
/// change it. Nothing has to be written down for it, so nothing written down can be missing or old.
/// Nor is one missed that is only being started: it shares the lock of the root until it has begun.
pub(crate) fn find<R: PartialEq>(
    root: &Path,
    role: impl Fn(&OsStr, &[&[u8]]) -> Option<R>,
) -> io::Result<Vec<(OsString, R, Process)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(pid) = number.and_then(Pid::from_raw) else {
            continue;
        };
        let Some(seen) = look_at(&entry.path(), root, &role) else {
            continue;
        };
        let Some(process) = Process::open(pid)? else {
            continue;
        };
        // Looked at again now that the descriptor holds it: if it is alive, it is the one seen.
        if look_at(&entry.path(), root, &role).as_ref() == Some(&seen) && process.is_alive() {
            found.push((seen.0, seen.1, process));
        }
    }
    Ok(found)
}

/// Whether this is what `qemu-img` is started with to make a guest's disk. Who only looks at one is
/// nobody to be ended.
pub(crate) fn makes_disk(words: &[&[u8]]) -> bool {
    words.contains(&&b"create"[..]) && words.iter().any(|word| overlay::is_disk_name(word))
}

/// The name of the directory that a process works in, and as what.
fn look_at<R>(
    proc: &Path,
    root: &Path,
    role: impl Fn(&OsStr, &[&[u8]]) -> Option<R>,
) -> Option<(OsString, R)> {
    let directory: PathBuf = std::fs::read_link(proc.join("cwd")).ok()?;
    if directory.parent()? != root {
        return None;
    }
    let name = directory.file_name()?;
    let command = command_of(proc)?;
    let words: Vec<&[u8]> = command.split(|byte| *byte == 0).collect();
    Some((name.to_os_string(), role(name, &words)?))
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
    use crate::host::program;

    #[tokio::test]
    async fn a_program_that_makes_a_disk_is_found_and_ended() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let guest = root.join("guest");
        std::fs::create_dir(&guest).unwrap();
        let start = |arguments: &[&str]| {
            program::command(Path::new("/bin/sh"))
                .args(["-c", "read line"])
                .args(arguments)
                .current_dir(&guest)
                .stdin(std::process::Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .unwrap()
        };
        let mut tool = start(&["create", "disk-12.qcow2"]);
        let _another_file = start(&["create", "disk-.qcow2"]);
        let _only_looking = start(&["info", "disk-12.qcow2"]);
        let look = || find(&root, |_, words| makes_disk(words).then_some(())).unwrap();
        let mut found = look();
        assert_eq!(found.len(), 1);
        let (name, (), process) = found.remove(0);
        assert_eq!(name, "guest");
        assert_eq!(u32::try_from(process.pid()).ok(), tool.id());
        process.end(Duration::from_secs(5)).await.unwrap();
        tool.wait().await.unwrap();
        assert!(look().is_empty());
    }
}

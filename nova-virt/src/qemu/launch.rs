//! Starting a guest's qemu.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::process::Pid;

use super::command_line;
use super::error::QemuError;
use super::host::Host;
use super::instance::{self, Instance};
use super::place::{QEMU_LOG, QMP_SOCKET};
use super::qmp::{Client, Cont, EventReader, QmpError};
use crate::host::process::Process;
use crate::host::{blocking, program};
use crate::spec::VmSpec;

/// How long to wait before looking for the monitor again. It is there after some 40 ms.
const PAUSE: Duration = Duration::from_millis(5);

/// What of qemu's complaints goes into an error.
const COMPLAINT_LIMIT: u64 = 4 << 10;

/// Starts a qemu for the guest in its directory, and lets the guest run once the monitor answers.
/// If that fails, no process is left.
///
/// The process is nobody's child for long and in a process group of its own: neither a Ctrl-C nor
/// a closed terminal reaches it, and it does not care whether this process lives. (A service
/// manager that kills by control group does; see the [module](super).)
pub(super) async fn launch(
    host: &Host,
    spec: &VmSpec,
    directory: &Path,
) -> Result<(Instance, EventReader), QemuError> {
    let prepared = directory.to_path_buf();
    let (log, said_before) = blocking::run(move || prepare(&prepared))
        .await?
        .map_err(QemuError::io("open the log of the guest's qemu"))?;
    let process = start(host, spec, directory, log).await?;
    let deadline = host.config.start_deadline;
    let ready = async {
        tokio::select! {
            biased;
            () = process.exited() => Err(ended(directory, said_before).await),
            ready = tokio::time::timeout(deadline, begin(host, directory)) => {
                ready.map_err(|_| QemuError::ProgramTimedOut { program: "qemu", after: deadline })?
            }
        }
    }
    .await;
    match ready {
        Ok((client, events)) => Ok((Instance::new(process, Some(client)), events)),
        Err(error) => {
            process.end(host.config.stop_deadline).await?;
            Err(error)
        }
    }
}

/// Opens the log for qemu to write to, says how long it is, and removes the socket of the last
/// one that ran here.
fn prepare(directory: &Path) -> io::Result<(File, u64)> {
    match std::fs::remove_file(directory.join(QMP_SOCKET)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let path = directory.join(QEMU_LOG);
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    let length = log.metadata()?.len();
    Ok((log, length))
}

async fn start(
    host: &Host,
    spec: &VmSpec,
    directory: &Path,
    log: File,
) -> Result<Process, QemuError> {
    let failed = "start the guest's qemu";
    let also = log.try_clone().map_err(QemuError::io(failed))?;
    let mut child = program::command(&host.installation.qemu)
        .args(command_line::arguments(spec, host.config.accelerator))
        .current_dir(directory)
        .stdout(log)
        .stderr(also)
        .process_group(0)
        .spawn()
        .map_err(QemuError::io(failed))?;
    let pid = child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw);
    let process = match pid {
        Some(pid) => Process::open(pid),
        None => Ok(None),
    };
    match process {
        // The child's value is dropped, which leaves the process alone; the runtime reaps it.
        Ok(Some(process)) => Ok(process),
        Ok(None) => Err(QemuError::CutOff),
        Err(error) => {
            let _ = child.kill().await;
            Err(QemuError::Io {
                what: "watch the guest's qemu",
                source: error,
            })
        }
    }
}

/// Waits for the monitor and lets the guest run.
async fn begin(host: &Host, directory: &Path) -> Result<(Client, EventReader), QemuError> {
    loop {
        match instance::connect(directory, host.config.command_deadline).await {
            Ok((client, events)) => {
                client.execute(&Cont {}).await?;
                return Ok((client, events));
            }
            Err(QmpError::Closed) => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// The error for a qemu that ended at once, with what it said.
async fn ended(directory: &Path, said_before: u64) -> QemuError {
    let path = directory.join(QEMU_LOG);
    let said = blocking::run(move || complaint(&path, said_before)).await;
    let output = said.ok().and_then(Result::ok).unwrap_or_default();
    QemuError::ProgramFailed {
        program: "qemu",
        output,
    }
}

fn complaint(log: &Path, from: u64) -> io::Result<String> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(from))?;
    let mut said = Vec::new();
    file.take(COMPLAINT_LIMIT).read_to_end(&mut said)?;
    Ok(String::from_utf8_lossy(&said).trim_end().to_owned())
}

//! Running the tool for disk images: without a shell, without this process's environment, and
//! with limits.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::error::{LibvirtError, bounded};

/// What of the program's complaints is read. What goes beyond breaks its pipe.
const OUTPUT_LIMIT: u64 = 4 << 10;

/// Address space, processor seconds, and no core dump.
const LIMITS: [(Resource, u64); 3] = [
    (Resource::As, 1 << 30),
    (Resource::Cpu, 30),
    (Resource::Core, 0),
];

/// The file of a program: looked up in `PATH` unless it is a path already.
pub(super) fn locate(program: &Path) -> Result<PathBuf, LibvirtError> {
    let executable = |file: &PathBuf| {
        std::fs::metadata(file)
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let found = if program.components().count() > 1 {
        std::path::absolute(program).ok().filter(executable)
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .filter(|directory| directory.is_absolute())
            .map(|directory| directory.join(program))
            .find(executable)
    };
    found.ok_or_else(|| LibvirtError::NotInstalled {
        program: program.to_path_buf(),
    })
}

/// Runs a short program to its end. It is killed when it takes too long, or when the caller goes
/// away.
pub(super) async fn run(
    name: &'static str,
    program: &Path,
    arguments: &[OsString],
    directory: &Path,
    deadline: Duration,
) -> Result<(), LibvirtError> {
    let mut child = start(program, arguments, directory)
        .map_err(LibvirtError::io("start the tool for disk images"))?;
    let stderr = child.stderr.take();
    let work = async {
        let mut complaint = Vec::new();
        if let Some(stderr) = stderr {
            // What was read before an error is still what it said.
            let mut stderr = stderr.take(OUTPUT_LIMIT);
            let _ = stderr.read_to_end(&mut complaint).await;
        }
        let status = child.wait().await;
        let status = status.map_err(LibvirtError::io("wait for the tool for disk images"))?;
        if status.success() {
            return Ok(());
        }
        let complaint = String::from_utf8_lossy(&complaint);
        Err(LibvirtError::ProgramFailed {
            program: name,
            output: format!("{} ({status})", bounded(&complaint)),
        })
    };
    let outcome = tokio::time::timeout(deadline, work).await;
    match outcome {
        Ok(outcome) => outcome,
        Err(_) => {
            // Gone before the caller removes what it was writing to.
            let _ = child.kill().await;
            Err(LibvirtError::ProgramTimedOut {
                program: name,
                after: deadline,
            })
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the wrapper for programs"
)]
fn start(program: &Path, arguments: &[OsString], directory: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let child = command.spawn()?;
    // They hold from a moment after the start, when there is nothing yet to exceed them with;
    // setting them in between would need unsafe code, or one more program.
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        for (resource, most) in LIMITS {
            let limits = Rlimit {
                current: Some(most),
                maximum: Some(most),
            };
            match rustix::process::prlimit(Some(pid), resource, limits) {
                // Ended already: nothing to limit.
                Ok(_) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(child)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, deadline: Duration) -> Result<(), LibvirtError> {
        let arguments = ["-c".into(), script.into()];
        run(
            "sh",
            Path::new("/bin/sh"),
            &arguments,
            Path::new("/"),
            deadline,
        )
        .await
    }

    #[test]
    fn a_program_is_found_or_named_in_the_error() {
        assert!(locate(Path::new("sh")).unwrap().is_absolute());
        for missing in ["no-such-program", "/etc/passwd"] {
            let error = locate(Path::new(missing)).unwrap_err();
            assert_eq!(error.to_string(), format!("{missing} is not installed"));
            assert!(error.hint().is_some());
        }
    }

    #[tokio::test]
    async fn a_program_has_limits_and_not_our_environment() {
        let patience = Duration::from_secs(10);
        let script = "sleep 0.2; test -z \"$CARGO_MANIFEST_DIR\" && echo $(ulimit -v) $(ulimit -t) >&2; exit 3";
        let error = shell(script, patience).await.unwrap_err();
        assert_eq!(error.to_string(), "sh failed: 1048576 30 (exit status: 3)");
        let error = shell("exec sleep 60", Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(matches!(error, LibvirtError::ProgramTimedOut { .. }));
    }
}

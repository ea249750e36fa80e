//! Running programs: the one place that starts any, without a shell, without this process's
//! environment, and short ones with limits.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use super::{HostError, bounded};

/// What of a program's output is read. What goes beyond breaks its pipe.
const OUTPUT_LIMIT: u64 = 16 << 10;

/// Address space for a short program.
const MEMORY_LIMIT: u64 = 1 << 30;

/// Processor seconds for a short program.
const CPU_LIMIT: u64 = 30;

/// A program with a clean environment: what this process was told in its own, passwords of a
/// database say, is nobody else's.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the wrapper for programs"
)]
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LC_ALL", "C").stdin(Stdio::null());
    for kept in ["PATH", "LD_LIBRARY_PATH", "TMPDIR"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command
}

/// The file of a program: looked up in `PATH` unless it is a path already.
pub(crate) fn locate(program: &Path) -> Result<PathBuf, HostError> {
    let missing = || HostError::NotInstalled {
        program: program.to_path_buf(),
    };
    if program.components().count() > 1 {
        let path = std::path::absolute(program).map_err(|_| missing())?;
        return if executable(&path) {
            Ok(path)
        } else {
            Err(missing())
        };
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(program))
        .find(|file| executable(file))
        .ok_or_else(missing)
}

fn executable(file: &Path) -> bool {
    std::fs::metadata(file)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Runs a short program to its end and gives what it said. It is killed when it takes too long,
/// or when the caller goes away.
pub(crate) async fn run(
    name: &'static str,
    program: &Path,
    arguments: &[OsString],
    directory: &Path,
    deadline: Duration,
) -> Result<String, HostError> {
    let mut child = command(program)
        .args(arguments)
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(HostError::io("start a program"))?;
    if let Some(pid) = child.id() {
        limit(pid)?;
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let (said, complained) = tokio::join!(read(stdout), read(stderr));
        let status = child
            .wait()
            .await
            .map_err(HostError::io("wait for a program"))?;
        if status.success() {
            Ok(said)
        } else {
            Err(HostError::ProgramFailed {
                program: name,
                output: format!("{} ({status})", bounded(&complained)),
            })
        }
    };
    let outcome = tokio::time::timeout(deadline, work).await;
    match outcome {
        Ok(outcome) => outcome,
        Err(_) => {
            // Gone before the caller removes what it was writing to.
            let _ = child.kill().await;
            Err(HostError::ProgramTimedOut {
                program: name,
                after: deadline,
            })
        }
    }
}

/// The limits hold from a moment after the start, when there is nothing yet to exceed them with;
/// setting them in between would need unsafe code, or one more program.
fn limit(pid: u32) -> Result<(), HostError> {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
        return Ok(());
    };
    for (resource, most) in [
        (Resource::As, MEMORY_LIMIT),
        (Resource::Cpu, CPU_LIMIT),
        (Resource::Core, 0),
    ] {
        let limits = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        match rustix::process::prlimit(Some(pid), resource, limits) {
            // Ended already: nothing to limit.
            Ok(_) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(HostError::io("limit a program")(error)),
        }
    }
    Ok(())
}

async fn read(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut said = Vec::new();
    if let Some(stream) = stream {
        // What was read before an error is still what it said.
        let _ = stream.take(OUTPUT_LIMIT).read_to_end(&mut said).await;
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, deadline: Duration) -> Result<String, HostError> {
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
    fn a_program_is_found_in_the_path_or_named_in_the_error() {
        assert!(locate(Path::new("sh")).unwrap().is_absolute());
        for missing in ["no-such-program", "/etc/passwd", "/nowhere/qemu"] {
            let error = locate(Path::new(missing)).unwrap_err();
            assert_eq!(error.to_string(), format!("{missing} is not installed"));
        }
    }

    #[tokio::test]
    async fn output_and_failure_are_told_and_bounded() {
        let second = Duration::from_secs(10);
        assert_eq!(shell("echo yes", second).await.unwrap(), "yes\n");
        let failed = shell("echo no >&2; exit 3", second).await.unwrap_err();
        assert_eq!(failed.to_string(), "sh failed: no (exit status: 3)");
        // It is cut off at the limit: the writer's pipe breaks, or it is done.
        let said = shell("yes | head -c 1000000; true", second).await.unwrap();
        assert_eq!(said.len() as u64, OUTPUT_LIMIT);
    }

    #[tokio::test]
    async fn a_program_that_hangs_is_killed() {
        let error = shell("exec sleep 60", Duration::from_millis(50))
            .await
            .unwrap_err();
        assert!(matches!(error, HostError::ProgramTimedOut { .. }));
    }

    #[tokio::test]
    async fn a_program_sees_its_limits_and_not_our_environment() {
        let said = shell(
            "sleep 0.2; ulimit -v; ulimit -t; env | grep -c CARGO",
            Duration::from_secs(10),
        )
        .await;
        let Err(HostError::ProgramFailed { output, .. }) = &said else {
            panic!("{said:?}")
        };
        assert_eq!(output, " (exit status: 1)");
        let said = shell("sleep 0.2; ulimit -v; ulimit -t", Duration::from_secs(10))
            .await
            .unwrap();
        assert_eq!(said, "1048576\n30\n");
    }
}

//! Which processes are whose guest's.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::host::process::{self, Process};

/// How long an id is in writing.
const ID_LENGTH: usize = 36;

/// What works in the directory of a guest.
#[derive(Debug, Default)]
pub(super) struct Workers {
    /// The guest's qemu.
    pub(super) qemu: Option<Process>,
    /// Programs that were making its disks when their driver died.
    pub(super) tools: Vec<Process>,
}

/// What works in the directories of a root, by the directory's name. Blocks.
///
/// A process is a guest's when it works in the guest's directory and was started with the guest's
/// id, or with the name of a disk.
pub(super) fn find(root: &Path) -> io::Result<BTreeMap<OsString, Workers>> {
    let mut found: BTreeMap<OsString, Workers> = BTreeMap::new();
    for (name, role, process) in process::find(root, role)? {
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

fn role(name: &OsStr, words: &[&[u8]]) -> Option<Role> {
    let id_after = words.iter().position(|word| *word == b"-uuid");
    if process::makes_disk(words) && id_after.is_none() {
        return Some(Role::Tool);
    }
    // The directory's name ends with the id, whatever stands before it.
    let id = name.as_bytes().get(name.len().checked_sub(ID_LENGTH)?..)?;
    (*words.get(id_after? + 1)? == id).then_some(Role::Qemu)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::host::program;

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

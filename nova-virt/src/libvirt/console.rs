//! What a guest wrote to its first serial port.
//!
//! libvirt's log daemon, where it is in use, writes the file and moves a full one aside
//! (`serial.log.0`, `serial.log.1`, …, the newest first). Elsewhere the guest's qemu appends to the
//! file for as long as the guest writes, and the driver gives the beginning of a long one back to
//! the file system, as a hole: what comes after keeps its place.

use std::io;
use std::path::{Path, PathBuf};

use crate::host::console;

/// How many files that were moved aside are looked for.
const MOVED_ASIDE: u32 = 16;

/// The last `most` bytes of a log, or less; nothing if there is no log yet. Blocks.
pub(super) fn tail(log: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut end = Vec::new();
    let older = (0..MOVED_ASIDE).map(|index| aside(log, index));
    for file in std::iter::once(log.to_path_buf()).chain(older) {
        let missing = most.saturating_sub(u64::try_from(end.len()).unwrap_or(u64::MAX));
        if missing == 0 {
            break;
        }
        match console::tail(&file, missing)? {
            Some(mut bytes) => {
                bytes.append(&mut end);
                end = bytes;
            }
            // The log itself may be missing for a moment, while it is moved.
            None if file == log => {}
            None => break,
        }
    }
    Ok(end)
}

fn aside(log: &Path, index: u32) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(format!(".{index}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_read_over_files_that_were_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        assert_eq!(tail(&log, 10).unwrap(), b"");
        std::fs::write(&log, b"five\xff").unwrap();
        std::fs::write(aside(&log, 0), b"34").unwrap();
        std::fs::write(aside(&log, 1), b"12").unwrap();
        std::fs::write(aside(&log, 3), b"forgotten").unwrap();
        assert_eq!(tail(&log, 0).unwrap(), b"");
        assert_eq!(tail(&log, 2).unwrap(), b"e\xff");
        assert_eq!(tail(&log, 6).unwrap(), b"4five\xff");
        assert_eq!(tail(&log, u64::MAX).unwrap(), b"1234five\xff");
        std::fs::remove_file(&log).unwrap();
        assert_eq!(tail(&log, 3).unwrap(), b"234");
    }
}

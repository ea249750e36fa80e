//! What a guest wrote to its first serial port.
//!
//! libvirt's log daemon, where it is in use, writes the file and moves a full one aside
//! (`serial.log.0`, `serial.log.1`, …, the newest first). Elsewhere the guest's qemu appends to the
//! file for as long as the guest writes, and the driver gives the beginning of a long one back to
//! the file system, as a hole: what comes after keeps its place.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};

/// Holes begin and end at multiples of this, which file systems can give back.
const BLOCK: u64 = 64 << 10;

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
        match tail_of_file(&file, missing) {
            Ok(mut bytes) => {
                bytes.append(&mut end);
                end = bytes;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // The log itself may be missing for a moment, while it is moved.
                if file != log {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(end)
}

fn aside(log: &Path, index: u32) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(format!(".{index}"));
    name.into()
}

fn tail_of_file(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(file)?;
    let length = file.metadata()?.len();
    let start = data_from(&file, length.saturating_sub(most), length);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most.min(length - start))
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Where there is data from `start` on: the hole at the beginning is not what the guest wrote.
fn data_from(file: &File, start: u64, length: u64) -> u64 {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(start)) {
        Ok(data) => data.min(length),
        // Nothing but a hole from there on.
        Err(rustix::io::Errno::NXIO) => length,
        // A file system that knows no holes.
        Err(_) => start,
    }
}

/// Gives back the beginning of a log that takes more than twice `keep`. Blocks.
pub(super) fn trim(log: &Path, keep: u64) -> io::Result<()> {
    let Ok(meta) = std::fs::metadata(log) else {
        return Ok(());
    };
    let taken = meta.blocks().saturating_mul(512);
    let end = meta.len().saturating_sub(keep) / BLOCK * BLOCK;
    if taken <= keep.saturating_mul(2).max(2 * BLOCK) || end == 0 {
        return Ok(());
    }
    let file = OpenOptions::new().write(true).open(log)?;
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    fallocate(&file, hole, 0, end)?;
    Ok(())
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

    #[test]
    fn a_long_log_gives_back_its_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let keep = 4 * BLOCK;
        let mut written = Vec::new();
        for round in 0..40_u8 {
            written.extend(vec![round; 40_000]);
        }
        std::fs::write(&log, &written).unwrap();
        trim(&log, keep).unwrap();
        let kept = tail(&log, u64::MAX).unwrap();
        assert!(written.ends_with(&kept));
        assert!(kept.len() as u64 >= keep && kept.len() < written.len() / 2);
        assert_eq!(std::fs::metadata(&log).unwrap().len(), written.len() as u64);
    }
}

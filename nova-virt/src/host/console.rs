//! What a guest wrote to its first serial port.
//!
//! The guest's qemu appends to a file for as long as the guest writes. The driver looks at it every
//! few seconds and gives the beginning of a long one back to the file system, as a hole: what comes
//! after keeps its place, and nothing is lost between reading and writing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{FallocateFlags, fallocate};

/// Holes begin and end at multiples of this, which file systems can give back.
const BLOCK: u64 = 64 << 10;

/// The last `most` bytes of a log, or less; `None` if there is no such file. Blocks.
pub(crate) fn tail(log: &Path, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut file = match File::open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    let start = data_from(&file, length.saturating_sub(most), length);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(most.min(length - start))
        .read_to_end(&mut bytes)?;
    Ok(Some(bytes))
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
pub(crate) fn trim(log: &Path, keep: u64) -> io::Result<()> {
    let Ok(meta) = std::fs::metadata(log) else {
        return Ok(());
    };
    let taken = meta.blocks().saturating_mul(512);
    let end = meta.len().saturating_sub(keep) / BLOCK * BLOCK;
    if taken <= keep.saturating_mul(2).max(2 * BLOCK) || end == 0 {
        return Ok(());
    }
    let file = OpenOptions::new().write(true).open(log)?;
    fallocate(
        &file,
        FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE,
        0,
        end,
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn the_end_is_read_however_long_the_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        assert_eq!(tail(&log, 10).unwrap(), None);
        std::fs::write(&log, b"one\xfftwo").unwrap();
        assert_eq!(tail(&log, 0).unwrap().unwrap(), b"");
        assert_eq!(tail(&log, 4).unwrap().unwrap(), b"\xfftwo");
        assert_eq!(tail(&log, u64::MAX).unwrap().unwrap(), b"one\xfftwo");
    }

    #[test]
    fn a_long_log_gives_back_its_beginning_while_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut writer = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let keep = 4 * BLOCK;
        let mut written = Vec::new();
        for round in 0..40_u8 {
            let part = vec![round; 40_000];
            writer.write_all(&part).unwrap();
            written.extend(part);
            trim(&log, keep).unwrap();
            let kept = tail(&log, u64::MAX).unwrap().unwrap();
            assert!(written.ends_with(&kept));
            assert!(kept.len() as u64 >= keep.min(written.len() as u64));
        }
        let meta = std::fs::metadata(&log).unwrap();
        assert_eq!(meta.len(), written.len() as u64);
        assert!(
            meta.blocks() * 512 <= 2 * keep + 2 * BLOCK,
            "{} bytes are taken",
            meta.blocks() * 512
        );
        assert_eq!(tail(&log, 10).unwrap().unwrap(), [39; 10]);
    }

    #[test]
    fn one_that_became_long_at_once_gives_back_its_beginning_too() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let keep = 4 * BLOCK;
        let mut written = Vec::new();
        for round in 0..40_u8 {
            written.extend(vec![round; 40_000]);
        }
        std::fs::write(&log, &written).unwrap();
        trim(&log, keep).unwrap();
        let kept = tail(&log, u64::MAX).unwrap().unwrap();
        assert!(written.ends_with(&kept));
        assert!(kept.len() as u64 >= keep && kept.len() < written.len() / 2);
        assert_eq!(std::fs::metadata(&log).unwrap().len(), written.len() as u64);
    }
}

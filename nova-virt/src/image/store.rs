//! The files of an [`ImageDirectory`](super::ImageDirectory). All of this blocks.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use nova_core::id::ImageId;
use nova_core::model::{DiskFormat, ImageMeta};
use nova_core::units::Bytes;
use serde::{Deserialize, Serialize};

use super::ImageError;
use super::verify::{open, verify_bytes};

/// What a metadata file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    /// The version of this layout.
    version: u32,
    image: ImageMeta,
}

const VERSION: u32 = 1;
/// More than any metadata that could be meant.
const MAX_METADATA: u64 = 1 << 20;
/// The end of the names of files that are being written.
const PART: &str = "part";

/// Makes the directory, and removes what a crash left in it.
pub(super) fn create(root: &Path) -> Result<(), ImageError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(root).map_err(ImageError::Io)?;
    for (id, ending) in files(root)? {
        let is_part = ending.ends_with(PART);
        let is_orphan = ending != "json" && !exists(&metadata_path(root, id))?;
        if is_part || is_orphan {
            remove_if_there(&root.join(format!("{id}.{ending}")))?;
        }
    }
    Ok(())
}

/// Copies a file into the directory as an image.
pub(super) fn add(root: &Path, mut meta: ImageMeta, file: &Path) -> Result<ImageMeta, ImageError> {
    if exists(&metadata_path(root, meta.id))? {
        return Err(ImageError::AlreadyExists { image: meta.id });
    }
    let mut source = open(file)?;
    verify_bytes(&mut source, meta.disk_format)?;
    source.rewind().map_err(ImageError::Io)?;
    let data = data_path(root, meta.id, meta.disk_format);
    write_whole(&data, |target| {
        io::copy(&mut source, target).map_err(ImageError::Io)?;
        // The source may have changed while it was copied: the copy is what will be used.
        verify_bytes(target, meta.disk_format)?;
        meta.size = Bytes::new(target.metadata().map_err(ImageError::Io)?.len());
        make_read_only(target).map_err(ImageError::Io)
    })?;
    let record = Record {
        version: VERSION,
        image: meta,
    };
    let written = write_whole(&metadata_path(root, record.image.id), |target| {
        let text = serde_json::to_vec_pretty(&record).map_err(|e| ImageError::Io(e.into()))?;
        if !u64::try_from(text.len()).is_ok_and(|length| length <= MAX_METADATA) {
            let source = format!("they have more than {MAX_METADATA} bytes").into();
            return Err(ImageError::Metadata {
                image: record.image.id,
                source,
            });
        }
        target.write_all(&text).map_err(ImageError::Io)
    });
    if let Err(error) = written {
        remove_if_there(&data)?;
        return Err(error);
    }
    Ok(record.image)
}

/// Reads what is known of an image.
pub(super) fn show(root: &Path, id: ImageId) -> Result<ImageMeta, ImageError> {
    let file = match open(&metadata_path(root, id)) {
        Ok(file) => file,
        Err(ImageError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
            return Err(ImageError::NotFound { image: id });
        }
        Err(error) => return Err(error),
    };
    let mut text = Vec::new();
    file.take(MAX_METADATA)
        .read_to_end(&mut text)
        .map_err(ImageError::Io)?;
    let damaged = |source: nova_core::BoxError| ImageError::Metadata { image: id, source };
    let record: Record = serde_json::from_slice(&text).map_err(|error| damaged(error.into()))?;
    if record.version != VERSION {
        return Err(damaged(
            format!("its version is {}, not {VERSION}", record.version).into(),
        ));
    }
    if record.image.id != id {
        return Err(damaged("it is about another image".into()));
    }
    Ok(record.image)
}

/// What is known of every image, by id.
pub(super) fn list(root: &Path) -> Result<Vec<ImageMeta>, ImageError> {
    let mut found = BTreeMap::new();
    for (id, ending) in files(root)? {
        if ending != "json" {
            continue;
        }
        match show(root, id) {
            Ok(meta) => {
                found.insert(id, meta);
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(image = %id, error, "an image is left out of the list");
            }
        }
    }
    Ok(found.into_values().collect())
}

/// Removes an image; tells whether it was there.
pub(super) fn remove(root: &Path, id: ImageId) -> Result<bool, ImageError> {
    // First what makes it an image; bytes that a crash leaves without it are removed by `create`.
    let was_there = remove_if_there(&metadata_path(root, id))?;
    for format in DiskFormat::ALL {
        remove_if_there(&data_path(root, id, *format))?;
    }
    Ok(was_there)
}

/// Where the bytes of an image are.
pub(super) fn data_path(root: &Path, id: ImageId, format: DiskFormat) -> PathBuf {
    root.join(format!("{id}.{format}"))
}

fn metadata_path(root: &Path, id: ImageId) -> PathBuf {
    root.join(format!("{id}.json"))
}

/// Writes a file so that it is there entirely or not at all.
fn write_whole(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let mut part = path.as_os_str().to_owned();
    part.push(".");
    part.push(PART);
    let part = PathBuf::from(part);
    remove_if_there(&part)?;
    let result = write_part(&part, write).and_then(|()| {
        fs::rename(&part, path).map_err(ImageError::Io)?;
        sync_directory_of(path).map_err(ImageError::Io)
    });
    if result.is_err() {
        // The first failure is the one to tell; what stays is removed by the next `create`.
        let _ = fs::remove_file(&part);
    }
    result
}

fn write_part(
    part: &Path,
    write: impl FnOnce(&mut File) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(part).map_err(ImageError::Io)?;
    write(&mut file)?;
    file.sync_all().map_err(ImageError::Io)
}

fn make_read_only(file: &File) -> io::Result<()> {
    let mut permissions = file.metadata()?.permissions();
    permissions.set_readonly(true);
    file.set_permissions(permissions)
}

#[cfg(unix)]
fn sync_directory_of(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(not(unix))]
fn sync_directory_of(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The files here that are named by an image's id, with what follows the id in their names.
fn files(root: &Path) -> Result<Vec<(ImageId, String)>, ImageError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).map_err(ImageError::Io)? {
        let name = entry.map_err(ImageError::Io)?.file_name();
        let parts = name.to_str().and_then(|name| name.split_once('.'));
        if let Some((id, ending)) = parts
            && let Ok(id) = id.parse::<ImageId>()
            && name.to_str() == Some(&format!("{id}.{ending}"))
            && ENDINGS.contains(&ending)
        {
            found.push((id, ending.to_owned()));
        }
    }
    Ok(found)
}

const ENDINGS: &[&str] = &[
    "raw",
    "qcow2",
    "json",
    "raw.part",
    "qcow2.part",
    "json.part",
];

fn exists(path: &Path) -> Result<bool, ImageError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ImageError::Io(error)),
    }
}

fn remove_if_there(path: &Path) -> Result<bool, ImageError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ImageError::Io(error)),
    }
}

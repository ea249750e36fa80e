//! Images in memory, for tests and for the mock.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use nova_core::env::Env;
use nova_core::id::ImageId;
use nova_core::model::{DiskFormat, ImageMeta};
use nova_core::units::Bytes;

use super::verify::verify_bytes;
use super::{ImageError, ImageSource, Verified};
use crate::spec::BaseImage;

/// Images that are only in memory. Clones share them.
///
/// The bases that it [prepares](ImageSource::prepare) have paths under `memory:`, where no file
/// is: the [mock](crate::mock) takes them, other drivers say that there is no such file.
///
/// ```
/// use nova_core::Env;
/// use nova_virt::DiskFormat;
/// use nova_virt::image::{ImageError, ImageSource, MemoryImages};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let images = MemoryImages::new(&Env::system());
/// let image = images.add("cirros", DiskFormat::Raw, vec![0; 4096])?;
/// let base = images.prepare(image.id).await?;
/// assert_eq!(base.format, DiskFormat::Raw);
///
/// let lie = images.add("liar", DiskFormat::Raw, b"KDMV".to_vec());
/// assert!(matches!(lie, Err(ImageError::WrongFormat { found: "VMDK", .. })));
/// # Ok::<(), ImageError>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MemoryImages {
    env: Env,
    images: Arc<Mutex<BTreeMap<ImageId, Stored>>>,
}

#[derive(Clone)]
struct Stored {
    meta: ImageMeta,
    bytes: Arc<[u8]>,
}

/// What the paths of the bases begin with.
const PREFIX: &str = "memory:";

impl MemoryImages {
    /// No images yet; their ids will come from `env`.
    pub fn new(env: &Env) -> Self {
        Self {
            env: env.clone(),
            images: Arc::default(),
        }
    }

    /// Verifies the bytes and adds them as an image with a new id, for which any server is large
    /// enough that holds its disk.
    ///
    /// # Errors
    /// Those of [`verify`](super::verify).
    pub fn add(
        &self,
        name: impl Into<String>,
        format: DiskFormat,
        bytes: impl Into<Arc<[u8]>>,
    ) -> Result<ImageMeta, ImageError> {
        let bytes = bytes.into();
        let verified = verify_slice(&bytes, format)?;
        let meta = ImageMeta::new(ImageId::generate(&self.env), name, format)
            .with_size(length(&bytes))
            .with_min_disk(verified.virtual_size.ceil_gibibytes());
        self.insert(meta.clone(), bytes);
        Ok(meta)
    }

    /// Verifies the bytes and adds them, or puts them in the place of those that have the
    /// metadata's id. The size in the metadata is set to that of the bytes.
    ///
    /// # Errors
    /// Those of [`verify`](super::verify), for the format in the metadata.
    pub fn put(
        &self,
        mut meta: ImageMeta,
        bytes: impl Into<Arc<[u8]>>,
    ) -> Result<ImageMeta, ImageError> {
        let bytes = bytes.into();
        verify_slice(&bytes, meta.disk_format)?;
        meta.size = length(&bytes);
        self.insert(meta.clone(), bytes);
        Ok(meta)
    }

    /// Adds bytes that nobody looked at, as a broken image service would: a test sees them
    /// refused when they are [prepared](ImageSource::prepare).
    pub fn put_unverified(&self, meta: ImageMeta, bytes: impl Into<Arc<[u8]>>) {
        self.insert(meta, bytes.into());
    }

    /// Forgets an image; tells whether it was there.
    pub fn remove(&self, id: ImageId) -> bool {
        self.with(|images| images.remove(&id).is_some())
    }

    /// What is known of every image, by id.
    pub fn list(&self) -> Vec<ImageMeta> {
        self.with(|images| images.values().map(|stored| stored.meta.clone()).collect())
    }

    /// The size of the disk in a base that was prepared here; `None` if the path is not one of
    /// [`MemoryImages`].
    pub(crate) fn virtual_size(path: &Path) -> Option<Bytes> {
        let (id, size) = path.to_str()?.strip_prefix(PREFIX)?.split_once('/')?;
        id.parse::<ImageId>().ok()?;
        size.parse().ok().map(Bytes::new)
    }

    fn insert(&self, meta: ImageMeta, bytes: Arc<[u8]>) {
        self.with(|images| images.insert(meta.id, Stored { meta, bytes }));
    }

    fn get(&self, id: ImageId) -> Result<Stored, ImageError> {
        self.with(|images| images.get(&id).cloned())
            .ok_or(ImageError::NotFound { image: id })
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut BTreeMap<ImageId, Stored>) -> T) -> T {
        // Every change is one insertion or removal, whole even after a panic elsewhere.
        use_it(&mut self.images.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl ImageSource for MemoryImages {
    async fn show(&self, id: ImageId) -> Result<ImageMeta, ImageError> {
        Ok(self.get(id)?.meta)
    }

    async fn prepare(&self, id: ImageId) -> Result<BaseImage, ImageError> {
        let stored = self.get(id)?;
        let format = stored.meta.disk_format;
        let size = verify_slice(&stored.bytes, format)?.virtual_size;
        // The size travels in the path, so that the mock needs nothing but the path.
        Ok(BaseImage {
            path: PathBuf::from(format!("{PREFIX}{id}/{}", size.get())),
            format,
        })
    }
}

impl fmt::Debug for MemoryImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.with(|images| images.keys().copied().collect());
        f.debug_struct("MemoryImages")
            .field("images", &ids)
            .finish_non_exhaustive()
    }
}

fn verify_slice(bytes: &[u8], format: DiskFormat) -> Result<Verified, ImageError> {
    verify_bytes(&mut Cursor::new(bytes), format)
}

fn length(bytes: &[u8]) -> Bytes {
    Bytes::new(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}

//! Images as files of one directory.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use nova_core::id::ImageId;
use nova_core::model::ImageMeta;

use super::verify::verify;
use super::{ImageError, ImageSource, store};
use crate::spec::BaseImage;

/// Images as files of one directory, which one process at a time writes to.
///
/// Each image is two files, named by its id and nothing else: the bytes (`<id>.raw` or
/// `<id>.qcow2`, read-only) and what is known of them (`<id>.json`), which is written last: an
/// image is there entirely or not at all, also after a crash. Every use verifies the bytes anew.
///
/// Clones are handles on the same directory.
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::ImageId;
/// use nova_core::model::{DiskFormat, ImageMeta};
/// use nova_core::units::{Bytes, Gibibytes};
/// use nova_virt::image::{ImageDirectory, ImageSource};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let place = tempfile::tempdir()?;
/// std::fs::write(place.path().join("downloaded"), [0; 2048])?;
///
/// let images = ImageDirectory::open(place.path().join("images")).await?;
/// let id = ImageId::generate(&Env::system());
/// // No harm: names never name files. The size is counted by `add`.
/// let meta = ImageMeta::new(id, "../../etc/passwd", DiskFormat::Raw)
///     .with_min_disk(Gibibytes::new(1));
/// let added = images.add(&meta, &place.path().join("downloaded")).await?;
/// assert_eq!(added.size, Bytes::new(2048));
/// let base = images.prepare(added.id).await?;
/// assert!(base.path.is_file());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ImageDirectory {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    /// One writer at a time.
    writing: Mutex<()>,
}

impl ImageDirectory {
    /// Opens a directory, which is made (readable by its owner alone) if it is not there. What a
    /// crash left half-written in it is removed.
    ///
    /// # Errors
    /// [`ImageError::Io`].
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self, ImageError> {
        let root = root.into();
        blocking(move || {
            store::create(&root)?;
            Ok(Self {
                shared: Arc::new(Shared {
                    root,
                    writing: Mutex::new(()),
                }),
            })
        })
        .await
    }

    /// Verifies a file and copies it here. The size in the metadata is set to that of the file.
    ///
    /// If the future is dropped the image is still added, in the background.
    ///
    /// # Errors
    /// [`ImageError::AlreadyExists`]: guests may stand on the bytes of an image, so they never
    /// change; those of [`verify`](super::verify) for the format in the metadata.
    pub async fn add(&self, meta: &ImageMeta, file: &Path) -> Result<ImageMeta, ImageError> {
        let (meta, file) = (meta.clone(), file.to_owned());
        self.with_root(move |root| store::add(root, meta, &file))
            .await
    }

    /// What is known of every image, by id. What is damaged is left out, with a warning.
    ///
    /// # Errors
    /// [`ImageError::Io`].
    pub async fn list(&self) -> Result<Vec<ImageMeta>, ImageError> {
        self.with_root(store::list).await
    }

    /// Removes an image; tells whether it was there. The guests that stand on it must be gone:
    /// this does not know of them.
    ///
    /// # Errors
    /// [`ImageError::Io`].
    pub async fn remove(&self, id: ImageId) -> Result<bool, ImageError> {
        self.with_root(move |root| store::remove(root, id)).await
    }

    async fn with_root<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, ImageError> + Send + 'static,
    ) -> Result<T, ImageError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            // Nothing is guarded but the files, which are whole after a panic as after a crash.
            let _writing = shared
                .writing
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            work(&shared.root)
        })
        .await
    }
}

#[async_trait]
impl ImageSource for ImageDirectory {
    async fn show(&self, id: ImageId) -> Result<ImageMeta, ImageError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || store::show(&shared.root, id)).await
    }

    async fn prepare(&self, id: ImageId) -> Result<BaseImage, ImageError> {
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            let meta = store::show(&shared.root, id)?;
            let path = store::data_path(&shared.root, id, meta.disk_format);
            verify(&path, meta.disk_format)?;
            if std::fs::metadata(&path).map_err(ImageError::Io)?.len() != meta.size.get() {
                return Err(ImageError::Damaged {
                    reason: "its size is not the one it was added with",
                });
            }
            Ok(BaseImage {
                path,
                format: meta.disk_format,
            })
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ImageError> + Send + 'static,
) -> Result<T, ImageError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(gone) => Err(ImageError::Io(std::io::Error::other(gone))),
    }
}

//! Where images come from.

use std::fmt::Debug;

use async_trait::async_trait;
use nova_core::id::ImageId;
use nova_core::model::ImageMeta;

use super::ImageError;
use crate::spec::BaseImage;

/// A place that has images: it tells what is known of them, and makes their bytes a file.
#[async_trait]
pub trait ImageSource: Debug + Send + Sync + 'static {
    /// What is known of the image.
    ///
    /// # Errors
    /// [`NotFound`](ImageError::NotFound); [`Io`](ImageError::Io).
    async fn show(&self, id: ImageId) -> Result<ImageMeta, ImageError>;

    /// Makes sure that the image's bytes are a file on this host, that they are what the metadata
    /// declare, and says where it is. The file is only read from then on.
    ///
    /// # Errors
    /// [`NotFound`](ImageError::NotFound); the ones that say how the bytes differ from what was
    /// declared; [`Io`](ImageError::Io).
    async fn prepare(&self, id: ImageId) -> Result<BaseImage, ImageError>;
}

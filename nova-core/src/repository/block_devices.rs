//! The repository of block devices.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::{BlockDeviceId, ServerId, VolumeId};
use crate::model::BlockDevice;

/// The most block devices of one server: so many can be listed at once.
pub const MAX_BLOCK_DEVICES: usize = 256;

/// Keeps the disks of servers. They go with their server when it is purged.
#[async_trait]
pub trait BlockDeviceRepository: Debug + Send + Sync {
    /// Adds a disk to its server. Its generation is kept as it is given.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound) if its server is not there;
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if its id is taken, or the server has a disk
    /// of the same volume, device name or boot index; [`Invalid`](crate::Error::Invalid) if the
    /// server has [`MAX_BLOCK_DEVICES`].
    async fn block_device_create(&self, device: &BlockDevice) -> Result<()>;

    /// The disk with this id.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn block_device_get(&self, id: BlockDeviceId) -> Result<BlockDevice>;

    /// Every disk of a server: by boot index, those without one last; then by device name, those
    /// without one last; then the oldest first. None of a server that is not there.
    async fn block_devices_of(&self, server: ServerId) -> Result<Vec<BlockDevice>>;

    /// A page of the disks that are this volume, on whichever server, by id. The marker need not
    /// be there any more.
    async fn block_device_list_by_volume(
        &self,
        volume: VolumeId,
        page: &PageRequest<BlockDeviceId>,
    ) -> Result<Page<BlockDevice, BlockDeviceId>>;

    /// Writes the whole disk if the store still holds its generation, and returns it with the
    /// generation after that.
    ///
    /// Id, server and creation time never change: a difference in the latter two is ignored, and
    /// what is returned has those of the store.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound); [`Stale`](crate::Error::Stale) if it
    /// was written since; [`AlreadyExists`](crate::Error::AlreadyExists) if another disk of the
    /// server has the same volume, device name or boot index.
    async fn block_device_update(&self, device: &BlockDevice) -> Result<BlockDevice>;

    /// Removes a disk. Returns whether it was there.
    async fn block_device_delete(&self, id: BlockDeviceId) -> Result<bool>;
}

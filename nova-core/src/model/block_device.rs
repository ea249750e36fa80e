//! Block device mappings: which disks a server has, where they come from and where they are.

use serde::{Deserialize, Serialize};

use super::block_device_rules;
use super::{DeviceName, DeviceTag, DeviceType, DiskBus, Generation};
use crate::env::Timestamp;
use crate::error::{Error, Result};
use crate::id::{BlockDeviceId, ImageId, ServerId, SnapshotId, VolumeAttachmentId, VolumeId};
use crate::text_enum::text_enum;
use crate::units::Gibibytes;

text_enum! {
    /// What a disk is made from: Nova's `source_type`.
    pub enum BlockDeviceSource: "source type" {
        /// Nothing.
        Blank = "blank",
        /// An image.
        Image = "image",
        /// A snapshot of a volume.
        Snapshot = "snapshot",
        /// A volume that is there already.
        Volume = "volume",
    }
}

text_enum! {
    /// Where a disk is: Nova's `destination_type`.
    pub enum BlockDeviceDestination: "destination type" {
        /// On the server's host; it goes with the server.
        Local = "local",
        /// In the block storage service.
        Volume = "volume",
    }
}

text_enum! {
    /// What a blank local disk is formatted with: Nova's `guest_format`.
    pub enum GuestFormat: "guest format" {
        /// Swap space.
        Swap = "swap",
        /// The second extended file system.
        Ext2 = "ext2",
        /// The third extended file system.
        Ext3 = "ext3",
        /// The fourth extended file system.
        Ext4 = "ext4",
        /// XFS.
        Xfs = "xfs",
        /// FAT with long names.
        Vfat = "vfat",
        /// NTFS.
        Ntfs = "ntfs",
    }
}

/// A disk of a server.
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::{BlockDeviceId, ServerId, VolumeId};
/// use nova_core::model::{BlockDevice, BlockDeviceDestination, BlockDeviceSource, DeviceName};
///
/// let env = Env::system();
/// let (id, server) = (BlockDeviceId::generate(&env), ServerId::generate(&env));
/// let data = BlockDevice::builder(
///     id,
///     server,
///     BlockDeviceSource::Volume,
///     BlockDeviceDestination::Volume,
///     env.now(),
/// );
/// assert!(data.clone().build().is_err(), "it needs the volume");
/// let data = data.volume(VolumeId::generate(&env)).device_name(DeviceName::new("vdb")?).build()?;
/// assert_eq!(data.boot_index(), None);
///
/// let renamed = data.edit().device_name(DeviceName::new("vdc")?).build()?;
/// assert_eq!(renamed.generation(), data.generation());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BlockDeviceBuilder", into = "BlockDeviceBuilder")]
pub struct BlockDevice(BlockDeviceBuilder);

/// A disk of a server that was not checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "a builder does nothing until it builds"]
pub struct BlockDeviceBuilder {
    pub(super) id: BlockDeviceId,
    pub(super) server_id: ServerId,
    pub(super) source: BlockDeviceSource,
    pub(super) destination: BlockDeviceDestination,
    #[serde(default)]
    pub(super) device_type: Option<DeviceType>,
    #[serde(default)]
    pub(super) disk_bus: Option<DiskBus>,
    #[serde(default)]
    pub(super) guest_format: Option<GuestFormat>,
    #[serde(default)]
    pub(super) device_name: Option<DeviceName>,
    #[serde(default)]
    pub(super) boot_index: Option<u32>,
    #[serde(default)]
    pub(super) size: Option<Gibibytes>,
    #[serde(default)]
    pub(super) image_id: Option<ImageId>,
    #[serde(default)]
    pub(super) snapshot_id: Option<SnapshotId>,
    #[serde(default)]
    pub(super) volume_id: Option<VolumeId>,
    #[serde(default)]
    pub(super) attachment_id: Option<VolumeAttachmentId>,
    #[serde(default)]
    pub(super) tag: Option<DeviceTag>,
    pub(super) delete_on_termination: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) generation: Generation,
}

impl BlockDevice {
    /// The largest boot index.
    pub const MAX_BOOT_INDEX: u32 = 1023;

    /// Begins a disk: without a name, not to boot from, created and updated at `now`. A local one
    /// is deleted with its server, one in the block storage service is not.
    pub fn builder(
        id: BlockDeviceId,
        server_id: ServerId,
        source: BlockDeviceSource,
        destination: BlockDeviceDestination,
        now: Timestamp,
    ) -> BlockDeviceBuilder {
        BlockDeviceBuilder {
            id,
            server_id,
            source,
            destination,
            device_type: None,
            disk_bus: None,
            guest_format: None,
            device_name: None,
            boot_index: None,
            size: None,
            image_id: None,
            snapshot_id: None,
            volume_id: None,
            attachment_id: None,
            tag: None,
            delete_on_termination: destination == BlockDeviceDestination::Local,
            created_at: now,
            updated_at: now,
            generation: Generation::FIRST,
        }
    }

    /// The same disk, to be changed and checked again.
    pub fn edit(&self) -> BlockDeviceBuilder {
        self.0.clone()
    }

    /// Its id.
    pub fn id(&self) -> BlockDeviceId {
        self.0.id
    }

    /// Its server.
    pub fn server_id(&self) -> ServerId {
        self.0.server_id
    }

    /// What it is made from.
    pub fn source(&self) -> BlockDeviceSource {
        self.0.source
    }

    /// Where it is.
    pub fn destination(&self) -> BlockDeviceDestination {
        self.0.destination
    }

    /// What the guest sees; `None` leaves it to the hypervisor.
    pub fn device_type(&self) -> Option<DeviceType> {
        self.0.device_type
    }

    /// The bus that it is on; `None` leaves it to the image and the hypervisor.
    pub fn disk_bus(&self) -> Option<DiskBus> {
        self.0.disk_bus
    }

    /// What it is formatted with; `None` leaves it as it is.
    pub fn guest_format(&self) -> Option<GuestFormat> {
        self.0.guest_format
    }

    /// What the guest is expected to call it.
    pub fn device_name(&self) -> Option<&DeviceName> {
        self.0.device_name.as_ref()
    }

    /// Its place in the order of booting: 0 is the root disk. `None` is never, for which Nova
    /// writes −1.
    pub fn boot_index(&self) -> Option<u32> {
        self.0.boot_index
    }

    /// Its size; `None` is that of what it is made from, or of the flavor's root disk.
    pub fn size(&self) -> Option<Gibibytes> {
        self.0.size
    }

    /// The image that it is made from.
    pub fn image_id(&self) -> Option<ImageId> {
        self.0.image_id
    }

    /// The snapshot that it is made from.
    pub fn snapshot_id(&self) -> Option<SnapshotId> {
        self.0.snapshot_id
    }

    /// The volume that it is: from the beginning, or once it was made.
    pub fn volume_id(&self) -> Option<VolumeId> {
        self.0.volume_id
    }

    /// The attachment of the volume to the server.
    pub fn attachment_id(&self) -> Option<VolumeAttachmentId> {
        self.0.attachment_id
    }

    /// What its owner calls it.
    pub fn tag(&self) -> Option<&DeviceTag> {
        self.0.tag.as_ref()
    }

    /// Whether it is deleted with its server.
    pub fn delete_on_termination(&self) -> bool {
        self.0.delete_on_termination
    }

    /// When it was recorded.
    pub fn created_at(&self) -> Timestamp {
        self.0.created_at
    }

    /// When it was last written.
    pub fn updated_at(&self) -> Timestamp {
        self.0.updated_at
    }

    /// How often it was written.
    pub fn generation(&self) -> Generation {
        self.0.generation
    }

    /// Whether it is the disk that the server boots from first.
    pub fn is_root(&self) -> bool {
        self.0.boot_index == Some(0)
    }

    /// Whether it is a swap disk, as Nova tells them: blank, local, and formatted as swap.
    pub fn is_swap(&self) -> bool {
        self.is_blank_local() && self.0.guest_format == Some(GuestFormat::Swap)
    }

    /// Whether it is an ephemeral disk, as Nova tells them: blank, local, and not for swap.
    pub fn is_ephemeral(&self) -> bool {
        self.is_blank_local() && !self.is_swap()
    }

    fn is_blank_local(&self) -> bool {
        self.0.source == BlockDeviceSource::Blank
            && self.0.destination == BlockDeviceDestination::Local
    }

    /// The disk as a store holds it after a write of `wanted` over `self`: id, server and creation
    /// stay.
    pub(crate) fn written(&self, wanted: &Self) -> Self {
        Self(BlockDeviceBuilder {
            id: self.0.id,
            server_id: self.0.server_id,
            created_at: self.0.created_at,
            generation: self.0.generation.next(),
            ..wanted.0.clone()
        })
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($field:ident: $type:ty);)+) => {
        $(
            $(#[$doc])*
            pub fn $name(mut self, value: impl Into<Option<$type>>) -> Self {
                self.$field = value.into();
                self
            }
        )+
    };
}

impl BlockDeviceBuilder {
    setters! {
        /// What the guest sees.
        device_type(device_type: DeviceType);
        /// The bus that it is on.
        disk_bus(disk_bus: DiskBus);
        /// What it is formatted with.
        guest_format(guest_format: GuestFormat);
        /// What the guest is expected to call it.
        device_name(device_name: DeviceName);
        /// Its place in the order of booting, the root disk's being 0.
        boot_index(boot_index: u32);
        /// Its size.
        size(size: Gibibytes);
        /// The image that it is made from.
        image(image_id: ImageId);
        /// The snapshot that it is made from.
        snapshot(snapshot_id: SnapshotId);
        /// The volume that it is.
        volume(volume_id: VolumeId);
        /// The attachment of the volume to the server.
        attachment(attachment_id: VolumeAttachmentId);
        /// What its owner calls it.
        tag(tag: DeviceTag);
    }

    /// Whether it is deleted with its server.
    pub fn delete_on_termination(mut self, delete: bool) -> Self {
        self.delete_on_termination = delete;
        self
    }

    /// When it was last written.
    pub fn updated_at(mut self, now: Timestamp) -> Self {
        self.updated_at = now;
        self
    }

    /// How often it was written, for whoever reads it from where it is kept.
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Checks the combination.
    ///
    /// # Errors
    /// [`Error::Invalid`] if
    /// * the source is a volume, a snapshot or an image and its id is not given, or an id is given
    ///   that the source does not use;
    /// * a volume or a snapshot is to be a local disk, or an image is to be a local disk that is
    ///   not the root disk (boot index 0);
    /// * a blank disk, or a volume made from an image, has no size; or a size is zero or above
    ///   [`Flavor::MAX_AMOUNT`](super::Flavor::MAX_AMOUNT);
    /// * a local disk has a volume or an attachment, or an attachment has no volume;
    /// * something else than a blank local disk has a guest format, or a swap disk is to be booted
    ///   from;
    /// * a floppy is not on the `fdc` bus or something else is, or a `lun` is local;
    /// * the boot index is above [`BlockDevice::MAX_BOOT_INDEX`].
    pub fn build(self) -> Result<BlockDevice> {
        block_device_rules::check(&self)?;
        Ok(BlockDevice(self))
    }
}

impl TryFrom<BlockDeviceBuilder> for BlockDevice {
    type Error = Error;

    fn try_from(raw: BlockDeviceBuilder) -> Result<Self> {
        raw.build()
    }
}

impl From<BlockDevice> for BlockDeviceBuilder {
    fn from(device: BlockDevice) -> Self {
        device.0
    }
}

//! Rows of block devices.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::{BlockDeviceId, ImageId, ServerId, SnapshotId, VolumeAttachmentId, VolumeId};
use crate::model::{BlockDevice, DeviceName, DeviceTag, Generation};
use crate::units::Gibibytes;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_block_devices")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub server_id: Uuid,
    pub source_type: String,
    pub destination_type: String,
    pub device_type: Option<String>,
    pub disk_bus: Option<String>,
    pub guest_format: Option<String>,
    pub device_name: Option<String>,
    pub boot_index: Option<i64>,
    pub size_gb: Option<i64>,
    pub image_id: Option<Uuid>,
    pub snapshot_id: Option<Uuid>,
    pub volume_id: Option<Uuid>,
    pub attachment_id: Option<Uuid>,
    pub tag: Option<String>,
    pub delete_on_termination: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub generation: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a block device.
pub(in crate::repository::sql) fn row(device: &BlockDevice) -> ActiveModel {
    ActiveModel {
        id: Set(*device.id().as_uuid()),
        server_id: Set(*device.server_id().as_uuid()),
        source_type: Set(device.source().to_string()),
        destination_type: Set(device.destination().to_string()),
        device_type: Set(device.device_type().map(|value| value.to_string())),
        disk_bus: Set(device.disk_bus().map(|value| value.to_string())),
        guest_format: Set(device.guest_format().map(|value| value.to_string())),
        device_name: Set(device.device_name().map(ToString::to_string)),
        boot_index: Set(device.boot_index().map(i64::from)),
        // The model keeps it within an i32.
        size_gb: Set(device.size().map(|size| size.get().cast_signed())),
        image_id: Set(device.image_id().map(|id| *id.as_uuid())),
        snapshot_id: Set(device.snapshot_id().map(|id| *id.as_uuid())),
        volume_id: Set(device.volume_id().map(|id| *id.as_uuid())),
        attachment_id: Set(device.attachment_id().map(|id| *id.as_uuid())),
        tag: Set(device.tag().map(ToString::to_string)),
        delete_on_termination: Set(device.delete_on_termination()),
        created_at: Set(device.created_at().as_micros()),
        updated_at: Set(device.updated_at().as_micros()),
        generation: Set(device.generation().get().cast_signed()),
    }
}

impl Model {
    /// The block device of the row.
    pub(in crate::repository::sql) fn into_block_device(self) -> Result<BlockDevice, BoxError> {
        let size = self.size_gb.map(u64::try_from).transpose()?;
        let device = BlockDevice::builder(
            BlockDeviceId::from_uuid(self.id),
            ServerId::from_uuid(self.server_id),
            self.source_type.parse()?,
            self.destination_type.parse()?,
            Timestamp::from_micros(self.created_at),
        )
        .device_type(self.device_type.map(|text| text.parse()).transpose()?)
        .disk_bus(self.disk_bus.map(|text| text.parse()).transpose()?)
        .guest_format(self.guest_format.map(|text| text.parse()).transpose()?)
        .device_name(self.device_name.map(DeviceName::new).transpose()?)
        .boot_index(self.boot_index.map(u32::try_from).transpose()?)
        .size(size.map(Gibibytes::new))
        .image(self.image_id.map(ImageId::from_uuid))
        .snapshot(self.snapshot_id.map(SnapshotId::from_uuid))
        .volume(self.volume_id.map(VolumeId::from_uuid))
        .attachment(self.attachment_id.map(VolumeAttachmentId::from_uuid))
        .tag(self.tag.map(DeviceTag::new).transpose()?)
        .delete_on_termination(self.delete_on_termination)
        .updated_at(Timestamp::from_micros(self.updated_at))
        .generation(Generation::new(self.generation.cast_unsigned()));
        Ok(device.build()?)
    }
}

//! Which combinations of source, destination and the rest a block device may have.
//!
//! They are those that Nova's API accepts (`block_device_mapping_v2`).

use super::block_device::{
    BlockDevice, BlockDeviceBuilder, BlockDeviceDestination as Destination,
    BlockDeviceSource as Source, GuestFormat,
};
use super::{DeviceType, DiskBus, Flavor};
use crate::error::{Error, Result};

pub(super) fn check(device: &BlockDeviceBuilder) -> Result<()> {
    ids(device)?;
    place(device)?;
    size(device)?;
    format(device)?;
    hardware(device)
}

fn ids(device: &BlockDeviceBuilder) -> Result<()> {
    let source = device.source;
    let rules = [
        ("image id", device.image_id.is_some(), Source::Image),
        (
            "snapshot id",
            device.snapshot_id.is_some(),
            Source::Snapshot,
        ),
    ];
    for (field, given, needed_by) in rules {
        if source == needed_by && !given {
            return Err(Error::invalid(
                field,
                format!("a source of type {source} needs it"),
            ));
        }
        if source != needed_by && given {
            return Err(Error::invalid(
                field,
                format!("a source of type {source} has none"),
            ));
        }
    }
    if source == Source::Volume && device.volume_id.is_none() {
        return Err(Error::invalid(
            "volume id",
            "a source of type volume needs it",
        ));
    }
    Ok(())
}

fn place(device: &BlockDeviceBuilder) -> Result<()> {
    if let Some(index) = device.boot_index
        && index > BlockDevice::MAX_BOOT_INDEX
    {
        return Err(Error::invalid(
            "boot index",
            format!("{index} is more than {}", BlockDevice::MAX_BOOT_INDEX),
        ));
    }
    if device.destination == Destination::Volume {
        if device.attachment_id.is_some() && device.volume_id.is_none() {
            return Err(Error::invalid(
                "volume attachment id",
                "there is no volume that is attached",
            ));
        }
        return Ok(());
    }
    if device.volume_id.is_some() || device.attachment_id.is_some() {
        return Err(Error::invalid("volume id", "a local disk has none"));
    }
    match device.source {
        Source::Blank => Ok(()),
        Source::Image if device.boot_index == Some(0) => Ok(()),
        Source::Image => Err(Error::invalid(
            "destination type",
            "only the root disk (boot index 0) may be a local copy of an image",
        )),
        source @ (Source::Snapshot | Source::Volume) => Err(Error::invalid(
            "destination type",
            format!("a source of type {source} cannot be a local disk"),
        )),
    }
}

fn size(device: &BlockDeviceBuilder) -> Result<()> {
    let needed = match (device.source, device.destination) {
        (Source::Blank, _) | (Source::Image, Destination::Volume) => true,
        (Source::Image, Destination::Local) | (Source::Snapshot | Source::Volume, _) => false,
    };
    match device.size {
        None if needed => Err(Error::invalid(
            "volume size",
            "a blank disk, or a volume made from an image, needs one",
        )),
        Some(size) if size.is_zero() => Err(Error::invalid("volume size", "it is zero")),
        Some(size) if size.get() > Flavor::MAX_AMOUNT => Err(Error::invalid(
            "volume size",
            format!("{size} is more than {} GiB", Flavor::MAX_AMOUNT),
        )),
        _ => Ok(()),
    }
}

fn format(device: &BlockDeviceBuilder) -> Result<()> {
    let Some(format) = device.guest_format else {
        return Ok(());
    };
    if (device.source, device.destination) != (Source::Blank, Destination::Local) {
        return Err(Error::invalid(
            "guest format",
            "only a blank local disk is formatted",
        ));
    }
    if format == GuestFormat::Swap && device.boot_index.is_some() {
        return Err(Error::invalid(
            "boot index",
            "a swap disk cannot be booted from",
        ));
    }
    Ok(())
}

fn hardware(device: &BlockDeviceBuilder) -> Result<()> {
    let floppy = device.device_type == Some(DeviceType::Floppy);
    if let Some(bus) = device.disk_bus
        && floppy != (bus == DiskBus::Fdc)
    {
        return Err(Error::invalid(
            "disk bus",
            format!("a floppy, and nothing else, is on the bus {}", DiskBus::Fdc),
        ));
    }
    if device.device_type == Some(DeviceType::Lun) && device.destination == Destination::Local {
        return Err(Error::invalid(
            "device type",
            "a lun cannot be a local disk",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Env, Timestamp};
    use crate::id::{BlockDeviceId, ImageId, ServerId, SnapshotId, VolumeAttachmentId, VolumeId};
    use crate::units::Gibibytes;

    fn begin(source: Source, destination: Destination) -> BlockDeviceBuilder {
        let env = Env::system();
        let device = BlockDevice::builder(
            BlockDeviceId::generate(&env),
            ServerId::generate(&env),
            source,
            destination,
            Timestamp::EPOCH,
        );
        match source {
            Source::Blank => device.size(Gibibytes::new(1)),
            Source::Image => device
                .image(ImageId::generate(&env))
                .size(Gibibytes::new(1))
                .boot_index(0),
            Source::Snapshot => device.snapshot(SnapshotId::generate(&env)),
            Source::Volume => device.volume(VolumeId::generate(&env)),
        }
    }

    #[test]
    fn of_sources_and_destinations_six_pairs_pass() {
        let mut passed = Vec::new();
        for source in Source::ALL {
            for destination in Destination::ALL {
                if begin(*source, *destination).build().is_ok() {
                    passed.push((*source, *destination));
                }
            }
        }
        assert_eq!(
            passed,
            [
                (Source::Blank, Destination::Local),
                (Source::Blank, Destination::Volume),
                (Source::Image, Destination::Local),
                (Source::Image, Destination::Volume),
                (Source::Snapshot, Destination::Volume),
                (Source::Volume, Destination::Volume),
            ]
        );
    }

    #[test]
    fn nonsense_is_refused() {
        use Destination::{Local, Volume};
        let env = Env::system();
        let blank = || begin(Source::Blank, Local);
        let image = || begin(Source::Image, Local);
        let volume = || begin(Source::Volume, Volume);
        let refused = [
            ("a volume of nothing", volume().volume(None)),
            ("an image of nothing", image().image(None)),
            (
                "a snapshot of nothing",
                begin(Source::Snapshot, Volume).snapshot(None),
            ),
            ("a blank image", blank().image(ImageId::generate(&env))),
            (
                "a volume that is a snapshot",
                volume().snapshot(SnapshotId::generate(&env)),
            ),
            ("a local volume", blank().volume(VolumeId::generate(&env))),
            (
                "a local attachment",
                image().attachment(VolumeAttachmentId::generate(&env)),
            ),
            (
                "an attachment of nothing",
                begin(Source::Blank, Volume).attachment(VolumeAttachmentId::generate(&env)),
            ),
            ("a second local image", image().boot_index(1)),
            ("a local image that is not booted", image().boot_index(None)),
            ("a blank disk without a size", blank().size(None)),
            (
                "a volume of an image without a size",
                begin(Source::Image, Volume).size(None),
            ),
            ("no size", volume().size(Gibibytes::ZERO)),
            ("too large", volume().size(Gibibytes::new(1 << 31))),
            (
                "a volume with a format",
                volume().guest_format(GuestFormat::Ext4),
            ),
            (
                "booting from swap",
                blank().guest_format(GuestFormat::Swap).boot_index(0),
            ),
            ("a late boot", volume().boot_index(1024)),
            ("a disk on fdc", volume().disk_bus(DiskBus::Fdc)),
            (
                "a floppy on ide",
                blank()
                    .device_type(DeviceType::Floppy)
                    .disk_bus(DiskBus::Ide),
            ),
            ("a local lun", blank().device_type(DeviceType::Lun)),
        ];
        for (what, device) in refused {
            let json = serde_json::to_string(&device).unwrap();
            assert!(
                matches!(device.build(), Err(Error::Invalid { .. })),
                "{what} passed"
            );
            assert!(
                serde_json::from_str::<BlockDevice>(&json).is_err(),
                "{what} was read"
            );
        }
    }

    #[test]
    fn swap_and_ephemeral_are_told_apart() {
        let blank = || begin(Source::Blank, Destination::Local);
        let swap = blank().guest_format(GuestFormat::Swap).build().unwrap();
        assert!(swap.is_swap() && !swap.is_ephemeral() && swap.delete_on_termination());
        let ephemeral = blank().guest_format(GuestFormat::Ext4).build().unwrap();
        assert!(!ephemeral.is_swap() && ephemeral.is_ephemeral());
        let volume = begin(Source::Volume, Destination::Volume).build().unwrap();
        assert!(!volume.is_swap() && !volume.is_ephemeral() && !volume.delete_on_termination());
        let root = begin(Source::Image, Destination::Local).build().unwrap();
        assert!(root.is_root());
        let json = serde_json::to_string(&root).unwrap();
        assert_eq!(serde_json::from_str::<BlockDevice>(&json).unwrap(), root);
    }
}

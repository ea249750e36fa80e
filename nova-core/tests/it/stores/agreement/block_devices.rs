//! Calls about block devices.

use nova_core::env::Timestamp;
use nova_core::id::{BlockDeviceId, VolumeId};
use nova_core::model::{
    BlockDevice, BlockDeviceDestination, BlockDeviceSource, DeviceName, Generation,
};
use nova_core::repository::{PageRequest, Store};
use nova_core::units::Gibibytes;
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, generation, json, page, page_request, perhaps, seldom, server_id, text, time,
    uuid,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Create { id: u8, device: Device },
    Get { id: u8 },
    Of { server: u8 },
    ByVolume { volume: u8, page: (u32, Option<u8>) },
    Update { id: u8, wrong: bool, device: Device },
    Delete { id: u8 },
}

/// What may be said of a disk.
#[derive(Debug, Clone)]
pub struct Device {
    server: u8,
    volume: Option<u8>,
    name: Option<u8>,
    boot: Option<u8>,
    at: i64,
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let device = || {
        (few(), perhaps(), perhaps(), perhaps(), 0..3_i64).prop_map(
            |(server, volume, name, boot, at)| Device {
                server,
                volume,
                name,
                boot,
                at,
            },
        )
    };
    prop_oneof![
        5 => (few(), device()).prop_map(|(id, device)| Call::Create { id, device }),
        1 => few().prop_map(|id| Call::Get { id }),
        2 => few().prop_map(|server| Call::Of { server }),
        2 => (few(), page_request()).prop_map(|(volume, page)| Call::ByVolume { volume, page }),
        3 => (few(), seldom(), device())
            .prop_map(|(id, wrong, device)| Call::Update { id, wrong, device }),
        1 => few().prop_map(|id| Call::Delete { id }),
    ]
}

fn device_id(number: u8) -> BlockDeviceId {
    BlockDeviceId::from_uuid(uuid(6, number))
}

fn volume_id(number: u8) -> VolumeId {
    VolumeId::from_uuid(uuid(7, number))
}

fn device(id: u8, generation: Generation, device: &Device) -> BlockDevice {
    let source = match device.volume {
        Some(_) => BlockDeviceSource::Volume,
        None => BlockDeviceSource::Blank,
    };
    let name = device.name.map(|number| {
        let letter = char::from(b'a' + number);
        DeviceName::new(format!("vd{letter}")).unwrap()
    });
    BlockDevice::builder(
        device_id(id),
        server_id(device.server),
        source,
        BlockDeviceDestination::Volume,
        time(device.at),
    )
    .size(Gibibytes::new(1))
    .volume(device.volume.map(volume_id))
    .device_name(name)
    .boot_index(device.boot.map(u32::from))
    .generation(generation)
    .build()
    .unwrap()
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, _: Timestamp) -> String {
    let devices = store.block_devices();
    match call {
        Call::Create { id, device: new } => {
            let device = device(*id, Generation::FIRST, new);
            text(devices.block_device_create(&device).await)
        }
        Call::Get { id } => text(devices.block_device_get(device_id(*id)).await),
        Call::Of { server } => text(devices.block_devices_of(server_id(*server)).await),
        Call::ByVolume {
            volume,
            page: request,
        } => {
            let page = page(request, device_id);
            let list = devices.block_device_list_by_volume(volume_id(*volume), &page);
            text(list.await)
        }
        Call::Update {
            id,
            wrong,
            device: new,
        } => {
            let held = devices.block_device_get(device_id(*id)).await;
            let held = held.map_or(Generation::FIRST, |device| device.generation());
            let device = device(*id, generation(held, *wrong), new);
            text(devices.block_device_update(&device).await)
        }
        Call::Delete { id } => text(devices.block_device_delete(device_id(*id)).await),
    }
}

/// What the store holds of block devices.
pub async fn contents(store: &Store) -> Vec<String> {
    let devices = store.block_devices();
    let mut all = Vec::new();
    for number in NUMBERS {
        all.push(json(devices.block_device_get(device_id(number)).await));
        all.push(text(devices.block_devices_of(server_id(number)).await));
        let page = PageRequest::largest();
        let list = devices.block_device_list_by_volume(volume_id(number), &page);
        all.push(text(list.await));
    }
    all
}

//! Calls about block devices.

use nova_core::env::Timestamp;
use nova_core::id::{BlockDeviceId, ImageId, ServerId, VolumeId};
use nova_core::model::{
    BlockDevice, BlockDeviceDestination, BlockDeviceSource, DeviceName, Flavor, Generation,
    NewServer, Server,
};
use nova_core::repository::{PageRequest, Store};
use nova_core::units::{Gibibytes, Mebibytes};
use proptest::prelude::*;

/// A call, over few enough ids that calls meet.
#[derive(Debug, Clone)]
pub enum Call {
    AddServer {
        server: u8,
    },
    Create {
        id: u8,
        device: Device,
    },
    Get {
        id: u8,
    },
    Of {
        server: u8,
    },
    ByVolume {
        volume: u8,
        limit: u32,
        marker: Option<u8>,
    },
    Update {
        id: u8,
        generation: u64,
        device: Device,
    },
    Delete {
        id: u8,
    },
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
    let id = || 0..6_u8;
    let device = || {
        (
            0..3_u8,
            prop::option::of(0..4_u8),
            prop::option::of(0..4_u8),
            prop::option::of(0..3_u8),
            0..3_i64,
        )
            .prop_map(|(server, volume, name, boot, at)| Device {
                server,
                volume,
                name,
                boot,
                at,
            })
    };
    prop_oneof![
        2 => (0..3_u8).prop_map(|server| Call::AddServer { server }),
        4 => (id(), device()).prop_map(|(id, device)| Call::Create { id, device }),
        1 => id().prop_map(|id| Call::Get { id }),
        2 => (0..3_u8).prop_map(|server| Call::Of { server }),
        2 => (0..4_u8, 1..3_u32, prop::option::of(id()))
            .prop_map(|(volume, limit, marker)| Call::ByVolume { volume, limit, marker }),
        3 => (id(), 0..3_u64, device())
            .prop_map(|(id, generation, device)| Call::Update { id, generation, device }),
        1 => id().prop_map(|id| Call::Delete { id }),
    ]
}

fn device_id(number: u8) -> BlockDeviceId {
    BlockDeviceId::from_uuid(uuid(number))
}

fn volume_id(number: u8) -> VolumeId {
    VolumeId::from_uuid(uuid(number))
}

fn device(id: u8, generation: u64, device: &Device) -> BlockDevice {
    let source = match device.volume {
        Some(_) => BlockDeviceSource::Volume,
        None => BlockDeviceSource::Blank,
    };
    BlockDevice::builder(
        device_id(id),
        server_id(device.server),
        source,
        BlockDeviceDestination::Volume,
        Timestamp::from_micros(device.at),
    )
    .size(Gibibytes::new(1))
    .volume(device.volume.map(volume_id))
    .device_name(device.name.map(|number| {
        let letter = char::from(b'a' + number);
        DeviceName::new(format!("vd{letter}")).unwrap()
    }))
    .boot_index(device.boot.map(u32::from))
    .generation(Generation::new(generation))
    .build()
    .unwrap()
}

fn uuid(number: u8) -> uuid::Uuid {
    uuid::Uuid::from_u128(u128::from(number) + 1)
}

fn server_id(number: u8) -> ServerId {
    ServerId::from_uuid(uuid(number))
}

/// A server that owns what the calls are about.
fn server(number: u8) -> Server {
    let flavor = Flavor::builder(
        "flavor".parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    );
    let new = NewServer::new(
        server_id(number),
        "name".parse().unwrap(),
        "project".parse().unwrap(),
        "user".parse().unwrap(),
        flavor.build().unwrap(),
        ImageId::from_uuid(uuid(0)),
    );
    Server::begin(new, Timestamp::EPOCH)
}

/// The answer as text: values and errors alike.
fn text(answer: impl std::fmt::Debug) -> String {
    format!("{answer:?}")
}

/// The store's answer as text.
pub async fn answer(store: &Store, call: &Call) -> String {
    let devices = store.block_devices();
    match call {
        Call::AddServer { server: number } => {
            text(store.servers().server_create(&server(*number)).await)
        }
        Call::Create { id, device: new } => {
            text(devices.block_device_create(&device(*id, 0, new)).await)
        }
        Call::Get { id } => text(devices.block_device_get(device_id(*id)).await),
        Call::Of { server } => text(devices.block_devices_of(server_id(*server)).await),
        Call::ByVolume {
            volume,
            limit,
            marker,
        } => {
            let mut page = PageRequest::first(*limit).unwrap();
            if let Some(marker) = marker {
                page = page.after(device_id(*marker));
            }
            text(
                devices
                    .block_device_list_by_volume(volume_id(*volume), &page)
                    .await,
            )
        }
        Call::Update {
            id,
            generation,
            device: new,
        } => {
            let wanted = device(*id, *generation, new);
            text(devices.block_device_update(&wanted).await)
        }
        Call::Delete { id } => text(devices.block_device_delete(device_id(*id)).await),
    }
}

//! Block devices.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, is_already_exists, server, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{BlockDeviceId, ImageId, ServerId, SnapshotId, VolumeAttachmentId, VolumeId};
use crate::model::{
    BlockDevice, BlockDeviceBuilder, BlockDeviceDestination as Destination,
    BlockDeviceSource as Source, DeviceName, DeviceTag, DeviceType, DiskBus, Flavor, Generation,
    GuestFormat,
};
use crate::repository::{MAX_BLOCK_DEVICES, PageRequest, Store};
use crate::units::Gibibytes;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(block_devices {
    a_created_disk_reads_back,
    a_disk_needs_its_server,
    a_taken_id_is_refused,
    a_server_has_one_of_each,
    the_disks_of_a_server_are_in_order,
    pages_of_a_volume_follow_the_id,
    of_racing_attachments_one_wins,
    a_deleted_disk_is_gone,
    disks_go_with_their_server,
    a_server_has_only_so_many,
});

pub(super) async fn stored_server(store: &Store, env: &Env) -> ServerId {
    let server = server(env);
    store.servers().server_create(&server).await.unwrap();
    server.id
}

/// A disk that is a volume of its own.
pub(super) fn volume(env: &Env, server: ServerId) -> BlockDeviceBuilder {
    BlockDevice::builder(
        BlockDeviceId::generate(env),
        server,
        Source::Volume,
        Destination::Volume,
        env.now(),
    )
    .volume(VolumeId::generate(env))
}

pub(super) fn name(text: &str) -> DeviceName {
    text.parse().unwrap()
}

/// `block_device_create` keeps every field, of every kind of disk.
pub async fn a_created_disk_reads_back(store: &Store, env: &Env) {
    let server = stored_server(store, env).await;
    let begin = |source, destination, micros| {
        let now = Timestamp::from_micros(micros);
        BlockDevice::builder(
            BlockDeviceId::generate(env),
            server,
            source,
            destination,
            now,
        )
    };
    let most = Gibibytes::new(Flavor::MAX_AMOUNT);
    let tag: DeviceTag = "\u{1f980}".repeat(DeviceTag::MAX_CHARS).parse().unwrap();
    let longest = format!("/dev/{}9", "z".repeat(DeviceName::MAX_CHARS - 6));
    let devices = [
        begin(Source::Image, Destination::Local, i64::MIN)
            .image(ImageId::generate(env))
            .boot_index(0)
            .device_name(name("/dev/vda"))
            .device_type(DeviceType::Disk)
            .disk_bus(DiskBus::Virtio),
        begin(Source::Image, Destination::Volume, 1)
            .image(ImageId::generate(env))
            .size(most)
            .boot_index(BlockDevice::MAX_BOOT_INDEX)
            .tag(tag)
            .updated_at(Timestamp::from_micros(i64::MAX))
            .generation(Generation::new(u64::MAX)),
        begin(Source::Snapshot, Destination::Volume, 2)
            .snapshot(SnapshotId::generate(env))
            .delete_on_termination(true),
        begin(Source::Volume, Destination::Volume, 3)
            .volume(VolumeId::generate(env))
            .attachment(VolumeAttachmentId::generate(env))
            .device_name(name(&longest))
            .device_type(DeviceType::Lun)
            .disk_bus(DiskBus::Scsi),
        begin(Source::Blank, Destination::Volume, 4).size(Gibibytes::new(1)),
        begin(Source::Blank, Destination::Local, 5)
            .size(Gibibytes::new(1))
            .guest_format(GuestFormat::Swap)
            .delete_on_termination(false),
    ];
    for device in devices {
        let device = device.build().unwrap();
        store
            .block_devices()
            .block_device_create(&device)
            .await
            .unwrap();
        assert_eq!(get(store, device.id()).await, device);
    }
}

/// `block_device_create` for an unknown server is `NotFound`, before anything else; it has none.
pub async fn a_disk_needs_its_server(store: &Store, env: &Env) {
    let there = volume(env, stored_server(store, env).await)
        .build()
        .unwrap();
    create(store, &there).await;
    let missing = ServerId::generate(env);
    let lost = volume(env, missing).build().unwrap();
    assert_fails!(
        store.block_devices().block_device_create(&lost).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == missing.to_string()
    );
    assert_eq!(
        store
            .block_devices()
            .block_devices_of(missing)
            .await
            .unwrap(),
        []
    );
    assert_fails!(
        store.block_devices().block_device_get(lost.id()).await,
        Error::NotFound { kind: ObjectKind::BlockDevice, id } if id == lost.id().to_string()
    );
}

/// `block_device_create` refuses an id that a disk of any server has.
pub async fn a_taken_id_is_refused(store: &Store, env: &Env) {
    let first = volume(env, stored_server(store, env).await)
        .build()
        .unwrap();
    create(store, &first).await;
    let elsewhere = stored_server(store, env).await;
    let second = BlockDevice::builder(
        first.id(),
        elsewhere,
        Source::Blank,
        Destination::Volume,
        env.now(),
    )
    .size(Gibibytes::new(1))
    .build()
    .unwrap();
    for again in [&first, &second] {
        assert_fails!(
            store.block_devices().block_device_create(again).await,
            Error::AlreadyExists { kind: ObjectKind::BlockDevice, id }
                if id == first.id().to_string()
        );
    }
    assert_eq!(get(store, first.id()).await, first);
}

/// A server has one disk of a volume, a device name and a boot index; another server may have the
/// same.
pub async fn a_server_has_one_of_each(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    let first = volume(env, server)
        .device_name(name("vda"))
        .boot_index(0)
        .build()
        .unwrap();
    create(store, &first).await;
    let volume_id = first.volume_id().unwrap();
    let clashes = [
        (
            volume(env, server)
                .volume(volume_id)
                .device_name(name("vda"))
                .boot_index(0),
            format!("volume {volume_id} of server {server}"),
        ),
        (
            volume(env, server).device_name(name("vda")).boot_index(0),
            format!("/dev/vda of server {server}"),
        ),
        (
            volume(env, server).device_name(name("vdb")).boot_index(0),
            format!("boot index 0 of server {server}"),
        ),
    ];
    for (device, taken) in clashes {
        let device = device.build().unwrap();
        assert_fails!(
            store.block_devices().block_device_create(&device).await,
            Error::AlreadyExists { kind: ObjectKind::BlockDevice, id } if id == taken
        );
    }
    let elsewhere = volume(env, other)
        .volume(volume_id)
        .device_name(name("vda"))
        .boot_index(0);
    create(store, &elsewhere.build().unwrap()).await;
    // Two without a name and a boot index do not meet.
    create(store, &volume(env, server).build().unwrap()).await;
    create(store, &volume(env, server).build().unwrap()).await;
    assert_eq!(
        store
            .block_devices()
            .block_devices_of(server)
            .await
            .unwrap()
            .len(),
        3
    );
}

/// `block_devices_of` has the disks of that server by boot index, device name and age.
pub async fn the_disks_of_a_server_are_in_order(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    let device = |boot: Option<u32>, device: Option<&str>, micros| {
        let now = Timestamp::from_micros(micros);
        BlockDevice::builder(
            BlockDeviceId::generate(env),
            server,
            Source::Blank,
            Destination::Volume,
            now,
        )
        .size(Gibibytes::new(1))
        .boot_index(boot)
        .device_name(device.map(name))
        .build()
        .unwrap()
    };
    let expected = [
        device(Some(0), Some("vdz"), 9),
        device(Some(1), None, 8),
        device(Some(10), Some("vda"), 7),
        device(None, Some("vdb"), 6),
        device(None, Some("vdc"), 5),
        device(None, None, 3),
        device(None, None, 4),
    ];
    for index in [3, 6, 0, 5, 2, 4, 1] {
        create(store, &expected[index]).await;
    }
    create(store, &volume(env, other).build().unwrap()).await;
    assert_eq!(
        store
            .block_devices()
            .block_devices_of(server)
            .await
            .unwrap(),
        expected
    );
}

/// `block_device_list_by_volume` has every disk that is the volume once, by id, while others come
/// and go.
pub async fn pages_of_a_volume_follow_the_id(store: &Store, env: &Env) {
    let wanted = VolumeId::generate(env);
    let attach = async || {
        let server = stored_server(store, env).await;
        let device = volume(env, server).volume(wanted).build().unwrap();
        create(store, &device).await;
        create(store, &volume(env, server).build().unwrap()).await;
        device
    };
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(attach().await);
    }
    expected.sort_unstable_by_key(BlockDevice::id);
    for limit in [1, 3, 7, 1000] {
        let mut listed = Vec::new();
        let mut request = PageRequest::first(limit).unwrap();
        loop {
            let page = page(store, wanted, &request).await;
            listed.extend(page.items);
            let Some(marker) = page.next else { break };
            assert_eq!(listed.last().map(BlockDevice::id), Some(marker));
            request = request.after(marker);
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }

    let first = page(store, wanted, &PageRequest::first(3).unwrap()).await;
    let marker = first.next.unwrap();
    let deleted = store.block_devices().block_device_delete(marker).await;
    assert!(deleted.unwrap());
    let newer = attach().await;
    let rest = page(store, wanted, &PageRequest::largest().after(marker)).await;
    let mut after: Vec<BlockDevice> = expected[3..].to_vec();
    if newer.id() > marker {
        after.push(newer);
        after.sort_unstable_by_key(BlockDevice::id);
    }
    assert_eq!(rest.items, after);
    assert_eq!(rest.next, None);
}

/// Of many attachments of a volume to a server at once one is made; likewise of one device name,
/// of one boot index, and of one id by different servers.
pub async fn of_racing_attachments_one_wins(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    let one = VolumeId::generate(env);
    let same_id = volume(env, server).build().unwrap();
    for kind in 0..4 {
        let results = at_once(8, |index| {
            let new = match kind {
                0 => volume(env, server).volume(one),
                1 => volume(env, server).device_name(name("vdx")),
                2 => volume(env, server).boot_index(0),
                _ => BlockDevice::builder(
                    same_id.id(),
                    if index % 2 == 0 { server } else { other },
                    Source::Blank,
                    Destination::Local,
                    env.now(),
                )
                .size(Gibibytes::new(1)),
            };
            let (store, device) = (store.clone(), new.build().unwrap());
            async move { store.block_devices().block_device_create(&device).await }
        })
        .await;
        let winners = successes(results, is_already_exists);
        assert_eq!(winners.len(), 1, "attachments of kind {kind} were made");
    }
}

/// `block_device_delete` returns whether the disk was there; then what it had is free.
pub async fn a_deleted_disk_is_gone(store: &Store, env: &Env) {
    let device = volume(env, stored_server(store, env).await)
        .device_name(name("vda"))
        .boot_index(0)
        .build()
        .unwrap();
    let delete = async || {
        let deleted = store.block_devices().block_device_delete(device.id());
        deleted.await.unwrap()
    };
    assert!(!delete().await);
    create(store, &device).await;
    assert!(delete().await);
    assert!(!delete().await);
    assert!(
        store
            .block_devices()
            .block_device_get(device.id())
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(update(store, &device).await.unwrap_err().is_not_found());
    create(store, &device).await;
}

/// The disks of a purged server are gone, and those of others stay.
pub async fn disks_go_with_their_server(store: &Store, env: &Env) {
    let gone = deleted(server(env), env.now());
    store.servers().server_create(&gone).await.unwrap();
    let other = stored_server(store, env).await;
    let shared = VolumeId::generate(env);
    let lost = volume(env, gone.id).volume(shared).build().unwrap();
    let kept = volume(env, other).volume(shared).build().unwrap();
    create(store, &lost).await;
    create(store, &kept).await;
    let purged = store.servers().server_purge(gone.id, gone.generation).await;
    assert!(purged.unwrap());
    assert!(
        store
            .block_devices()
            .block_device_get(lost.id())
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert_eq!(
        store
            .block_devices()
            .block_devices_of(gone.id)
            .await
            .unwrap(),
        []
    );
    let page = page(store, shared, &PageRequest::largest()).await;
    assert_eq!(page.items, [kept]);
}

/// A server has at most `MAX_BLOCK_DEVICES`; one more is `Invalid`, also when several are added at
/// once.
pub async fn a_server_has_only_so_many(store: &Store, env: &Env) {
    let server = stored_server(store, env).await;
    for _ in 4..MAX_BLOCK_DEVICES {
        create(store, &volume(env, server).build().unwrap()).await;
    }
    let results = at_once(8, |_| {
        let (store, device) = (store.clone(), volume(env, server).build().unwrap());
        async move { store.block_devices().block_device_create(&device).await }
    })
    .await;
    let added = successes(results, |error| {
        matches!(
            error,
            Error::Invalid {
                field: "block devices",
                ..
            }
        )
    });
    assert_eq!(added.len(), 4);
    let held = store.block_devices().block_devices_of(server).await;
    assert_eq!(held.unwrap().len(), MAX_BLOCK_DEVICES);
}

pub(super) async fn create(store: &Store, device: &BlockDevice) {
    let created = store.block_devices().block_device_create(device);
    created.await.unwrap();
}

pub(super) async fn get(store: &Store, id: BlockDeviceId) -> BlockDevice {
    store.block_devices().block_device_get(id).await.unwrap()
}

pub(super) async fn update(store: &Store, device: &BlockDevice) -> crate::Result<BlockDevice> {
    store.block_devices().block_device_update(device).await
}

pub(super) async fn page(
    store: &Store,
    volume: VolumeId,
    request: &PageRequest<BlockDeviceId>,
) -> crate::repository::Page<BlockDevice, BlockDeviceId> {
    let page = store
        .block_devices()
        .block_device_list_by_volume(volume, request);
    page.await.unwrap()
}

//! Writes of block devices.

use super::block_devices::{create, get, name, page, stored_server, update, volume};
use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::model::{
    BlockDevice, BlockDeviceDestination as Destination, BlockDeviceSource as Source, DeviceTag,
    Generation,
};
use crate::repository::{PageRequest, Store};
use crate::units::Gibibytes;

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(block_device_writes {
    a_write_is_compare_and_set,
    a_write_keeps_what_a_server_has_once,
    of_racing_writes_one_wins,
});

/// `block_device_update` writes every field but id, server and creation, from the current
/// generation only.
pub async fn a_write_is_compare_and_set(store: &Store, env: &Env) {
    let (server, other) = (
        stored_server(store, env).await,
        stored_server(store, env).await,
    );
    let before = volume(env, server)
        .device_name(name("vda"))
        .boot_index(0)
        .build()
        .unwrap();
    create(store, &before).await;
    let later = Timestamp::from_micros(before.created_at().as_micros() + 5);
    let wanted = BlockDevice::builder(
        before.id(),
        other,
        Source::Blank,
        Destination::Volume,
        later,
    )
    .size(Gibibytes::new(3))
    .tag(DeviceTag::new("data \u{1f980}").unwrap())
    .delete_on_termination(true)
    .build()
    .unwrap();
    let written = update(store, &wanted).await.unwrap();
    assert_eq!(written.server_id(), server);
    assert_eq!(written.created_at(), before.created_at());
    assert_eq!(written.updated_at(), later);
    assert_eq!(written.generation(), before.generation().next());
    assert_eq!(
        (written.source(), written.volume_id(), written.device_name()),
        (Source::Blank, None, None)
    );
    assert_eq!(
        (written.tag(), written.size()),
        (wanted.tag(), wanted.size())
    );
    assert!(written.delete_on_termination() && written.boot_index().is_none());
    assert_eq!(get(store, before.id()).await, written);

    assert_fails!(
        update(store, &before).await,
        Error::Stale { kind: ObjectKind::BlockDevice, id, expected }
            if id == before.id().to_string() && expected == before.generation()
    );
    assert_eq!(get(store, before.id()).await, written);
    let missing = volume(env, server).build().unwrap();
    assert_fails!(
        update(store, &missing).await,
        Error::NotFound { kind: ObjectKind::BlockDevice, id } if id == missing.id().to_string()
    );
    assert_eq!(
        page(store, before.volume_id().unwrap(), &PageRequest::largest())
            .await
            .items,
        []
    );
}

/// `block_device_update` refuses what another disk of the server has, after `Stale`; its own it
/// keeps.
pub async fn a_write_keeps_what_a_server_has_once(store: &Store, env: &Env) {
    let server = stored_server(store, env).await;
    let first = volume(env, server).device_name(name("vda")).boot_index(0);
    let first = first.build().unwrap();
    let second = volume(env, server).build().unwrap();
    create(store, &first).await;
    create(store, &second).await;
    for (clash, taken) in [
        (
            second.edit().volume(first.volume_id()),
            format!("volume {} of server {server}", first.volume_id().unwrap()),
        ),
        (
            second.edit().device_name(name("vda")),
            format!("/dev/vda of server {server}"),
        ),
        (
            second.edit().boot_index(0),
            format!("boot index 0 of server {server}"),
        ),
    ] {
        let stale = clash
            .clone()
            .generation(Generation::new(7))
            .build()
            .unwrap();
        assert_fails!(update(store, &stale).await, Error::Stale { .. });
        assert_fails!(
            update(store, &clash.build().unwrap()).await,
            Error::AlreadyExists { kind: ObjectKind::BlockDevice, id } if id == taken
        );
    }
    assert_eq!(get(store, second.id()).await, second);
    let same = update(store, &first).await.unwrap();
    assert_eq!(
        same,
        first.edit().generation(same.generation()).build().unwrap()
    );
}

/// Of many writes from the same generation exactly one is done.
pub async fn of_racing_writes_one_wins(store: &Store, env: &Env) {
    let device = volume(env, stored_server(store, env).await)
        .build()
        .unwrap();
    create(store, &device).await;
    let results = at_once(8, |index| {
        let store = store.clone();
        let tag = DeviceTag::new(index.to_string()).unwrap();
        let wanted = device.edit().tag(tag).build().unwrap();
        async move { store.block_devices().block_device_update(&wanted).await }
    })
    .await;
    let winners = successes(results, Error::is_stale);
    assert_eq!(
        winners.len(),
        1,
        "so many writes of one generation were done"
    );
    assert_eq!(get(store, device.id()).await, winners[0]);
}

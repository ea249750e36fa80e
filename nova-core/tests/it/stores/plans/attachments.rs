//! Block devices, ports and console tokens.

use nova_core::env::Timestamp;
use nova_core::id::{BlockDeviceId, NetworkId, PortId, VolumeId};
use nova_core::repository::PageRequest;

use super::probe::{Probe, Rule};
use super::rows::{server, uuid};
use super::seeds;

pub(super) async fn check(probe: &mut Probe) {
    block_devices(probe).await;
    ports(probe).await;
    console_tokens(probe).await;
}

async fn block_devices(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (devices, new) = (store.block_devices(), seeds::block_device(&env, server(7)));
    for what in ["", "again"] {
        let call = devices.block_device_create(&new);
        let done = probe.call("block_device_create", what, Rule::Search, call);
        assert_eq!(done.await.is_ok(), what.is_empty());
    }
    let call = devices.block_device_get(new.id());
    let held = probe.ok("block_device_get", "", Rule::Search, call).await;
    let changed = held.edit().boot_index(7).build().unwrap();
    for what in ["", "stale"] {
        let call = devices.block_device_update(&changed);
        let done = probe.call("block_device_update", what, Rule::Search, call);
        assert_eq!(done.await.is_ok(), what.is_empty());
    }
    let held = devices.block_device_get(new.id()).await.unwrap();
    let taken = held.edit().boot_index(0).build().unwrap();
    let call = devices.block_device_update(&taken);
    let done = probe.call("block_device_update", "taken", Rule::Search, call);
    assert!(done.await.is_err());
    let call = devices.block_devices_of(server(7));
    let found = probe.ok("block_devices_of", "", Rule::Search, call).await;
    assert_eq!(found.len(), 2);
    let first = PageRequest::first(10).unwrap();
    for page in [
        first.clone(),
        first.after(BlockDeviceId::from_uuid(uuid(5))),
    ] {
        let call = devices.block_device_list_by_volume(VolumeId::from_uuid(uuid(7)), &page);
        let found = probe.ok("block_device_list_by_volume", "", Rule::Search, call);
        assert_eq!(found.await.items.len(), 1);
    }
    let call = devices.block_device_delete(new.id());
    assert!(
        probe
            .ok("block_device_delete", "", Rule::Search, call)
            .await
    );
}

async fn ports(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (ports, network) = (store.ports(), NetworkId::from_uuid(uuid(7)));
    let new = seeds::port(&env, server(7), network);
    for what in ["", "again"] {
        let call = ports.port_attach(&new);
        let done = probe.call("port_attach", what, Rule::Search, call).await;
        assert_eq!(done.is_ok(), what.is_empty());
    }
    let mac = seeds::port(&env, server(7), network);
    let call = ports.port_attach(&mac);
    let done = probe.call(
        "port_attach",
        "its MAC address is taken",
        Rule::Search,
        call,
    );
    assert!(done.await.is_err());
    let call = ports.port_get(new.id());
    let held = probe.ok("port_get", "", Rule::Search, call).await;
    let changed = held.edit().active(true).build().unwrap();
    for what in ["", "stale"] {
        let call = ports.port_update(&changed);
        let done = probe.call("port_update", what, Rule::Search, call).await;
        assert_eq!(done.is_ok(), what.is_empty());
    }
    let call = ports.ports_of(server(7));
    let found = probe.ok("ports_of", "", Rule::Search, call).await;
    assert_eq!(found.len(), 2);
    let first = PageRequest::first(10).unwrap();
    for page in [first.clone(), first.after(PortId::from_uuid(uuid(7)))] {
        let call = ports.port_list_by_network(network, &page);
        let found = probe.ok("port_list_by_network", "", Rule::Search, call);
        assert_eq!(found.await.items.len(), 10);
    }
    let call = ports.port_detach(server(7), new.id());
    assert!(probe.ok("port_detach", "", Rule::Search, call).await);
}

async fn console_tokens(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (tokens, new) = (store.console_tokens(), seeds::console(&env, server(7)));
    let call = tokens.console_token_save(&new);
    probe.ok("console_token_save", "", Rule::Search, call).await;
    let call = tokens.console_token_authorize(&new.token_hash, env.now());
    probe
        .ok("console_token_authorize", "", Rule::Search, call)
        .await;
    let call = tokens.console_token_delete_of(server(7));
    let deleted = probe
        .ok("console_token_delete_of", "", Rule::Search, call)
        .await;
    assert!(deleted >= 1);
    let call = tokens.console_token_purge_expired(Timestamp::from_micros(9_000_000), 5);
    let purged = probe.ok("console_token_purge_expired", "", Rule::Range, call);
    assert_eq!(purged.await, 5);
}

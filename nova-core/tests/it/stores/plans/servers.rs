//! Writes of servers, what they hold and how they go.

use nova_core::env::Timestamp;
use nova_core::model::Tags;
use nova_core::repository::ServerBatch;
use nova_core::state::VmState;

use super::probe::{Probe, Rule};
use super::rows::server;
use super::seeds;

pub(super) async fn check(probe: &mut Probe) {
    writes(probe).await;
    purges(probe).await;
    faults(probe).await;
}

async fn writes(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let servers = store.servers();
    let new = [seeds::server(&env), seeds::server(&env)];
    let claim = seeds::claim(&env, new[0].id, ["host-7", "host-8"]);
    let batch = ServerBatch::of(new.clone()).with_claims([claim]);
    let create = servers.server_create_batch(&batch);
    probe
        .ok("server_create_batch", "with a claim", Rule::Search, create)
        .await;
    // What was claimed is looked at, and which id is taken.
    let create = servers.server_create_batch(&batch);
    let taken = probe.call("server_create_batch", "again", Rule::Search, create);
    assert!(taken.await.is_err());

    let get = servers.server_get(new[0].id);
    let mut renamed = probe.ok("server_get", "", Rule::Search, get).await;
    renamed.name = "renamed".parse().unwrap();
    let update = servers.server_update(&renamed);
    let mut changed = probe
        .ok("server_update", "its row", Rule::Search, update)
        .await;
    let stale = servers.server_update(&renamed);
    let stale = probe.call("server_update", "stale", Rule::Search, stale);
    assert!(stale.await.is_err());
    changed.tags = Tags::new(["another".parse().unwrap()]).unwrap();
    changed.vm_state = VmState::SoftDeleted;
    let update = servers.server_update(&changed);
    probe
        .ok("server_update", "tags and quota", Rule::Search, update)
        .await;
}

async fn purges(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let servers = store.servers();
    let gone = seeds::deleted(&env);
    servers.server_create(&gone).await.unwrap();
    let purge = servers.server_purge(gone.id, gone.generation);
    assert!(probe.ok("server_purge", "one", Rule::Search, purge).await);
    // It holds something.
    let holding = servers.server_get(server(503)).await.unwrap();
    let purge = servers.server_purge(holding.id, holding.generation);
    let refused = probe
        .call("server_purge", "held", Rule::Search, purge)
        .await;
    assert!(refused.is_err());
    let purge = servers.server_purge_deleted(Timestamp::from_micros(i64::MAX), 5);
    let purged = probe.ok("server_purge_deleted", "", Rule::Range, purge);
    assert_eq!(purged.await, 5);
}

async fn faults(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let fault = seeds::fault(&env, server(7));
    let record = store.faults().fault_record(&fault);
    probe.ok("fault_record", "", Rule::Search, record).await;
    let faults = store.faults().faults_of(server(7), 10);
    probe.ok("faults_of", "", Rule::Search, faults).await;
}

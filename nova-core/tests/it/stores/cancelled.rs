//! Callers that go away in the middle of a call.

use std::time::Duration;

use nova_core::Env;
use nova_core::id::{RequestId, ServerId};
use nova_core::model::{Claim, ResourceClass, Resources};
use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;

use super::fixture::host;

/// Drops claims and releases after every number of microseconds up to some. What they leave is a
/// whole claim or none, and connections that work, without an open transaction: what is written
/// afterwards is there for others.
pub(super) async fn leaves_nothing_open(sql: &SqlStore) {
    let store = Store::new(sql.clone());
    let env = Env::system();
    let report = host("host-a");
    store.hosts().host_report(&report, env.now()).await.unwrap();
    let name = report.name.clone();
    let mut consumers = Vec::new();
    for step in 0..150_u64 {
        let one = Resources::new().with(ResourceClass::Vcpu, 1);
        let (consumer, request) = (ServerId::generate(&env), RequestId::generate(&env));
        let claim = Claim::on(consumer, request, name.clone(), one);
        consumers.push(claim.consumer);
        let moment = Duration::from_micros(step * 40);
        let claiming = tokio::time::timeout(moment, store.allocations().claim(&claim));
        if let Ok(done) = claiming.await {
            done.unwrap();
            let held = store.allocations().allocations_of(claim.consumer).await;
            assert_eq!(held.unwrap().len(), 1);
        }
        let release = store.allocations().release(claim.consumer, None);
        let _ = tokio::time::timeout(moment, release).await;
    }
    // What was begun goes on without its caller, so a COMMIT may still be under way.
    for tries in 0.. {
        for consumer in &consumers {
            store.allocations().release(*consumer, None).await.unwrap();
        }
        let usages = store.hosts().host_usages().await.unwrap();
        let used = usages[0].used.get(&ResourceClass::Vcpu);
        if (used, usages[0].servers) == (0, 0) {
            break;
        }
        assert!(tries < 50, "{used} are still held");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

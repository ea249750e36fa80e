//! Races that are lost for real: the store runs the call again, and counts it.

use std::time::Duration;

use nova_core::Env;
use nova_core::id::{RequestId, ServerId};
use nova_core::model::{Claim, ResourceClass, Resources};
use nova_core::repository::Store;
use nova_core::repository::sql::{SqlOptions, SqlStore};
use sea_orm::{ConnectionTrait as _, Database, TransactionTrait as _};

use super::fixture::host;

/// Long enough for a call to come to where it waits.
const A_WHILE: Duration = Duration::from_millis(300);

fn claim_on_two() -> Claim {
    let one = || Resources::new().with(ResourceClass::Vcpu, 1);
    let env = Env::system();
    let (consumer, request) = (ServerId::generate(&env), RequestId::generate(&env));
    let mut claim = Claim::on(consumer, request, "host-a".parse().unwrap(), one());
    claim.resources.insert("host-b".parse().unwrap(), one());
    claim
}

fn touch(host: &str) -> String {
    format!("UPDATE nova_inventories SET used = used WHERE host = '{host}'")
}

/// Another program takes the rows of two hosts in the other order, until the database ends the
/// store's transaction and not the other's.
pub(super) async fn survives_a_deadlock(url: &str) {
    let sql = SqlStore::connect(url).await.unwrap();
    let store = Store::new(sql.clone());
    for name in ["host-a", "host-b"] {
        store
            .hosts()
            .host_report(&host(name), Env::system().now())
            .await
            .unwrap();
    }
    let raw = Database::connect(url).await.unwrap();
    raw.execute_unprepared("CREATE TABLE heavy (id BIGINT)")
        .await
        .unwrap();
    for round in 0..10 {
        let other = raw.begin().await.unwrap();
        // MySQL ends whoever has changed less.
        for id in 0..20 {
            let insert = format!("INSERT INTO heavy VALUES ({id})");
            other.execute_unprepared(&insert).await.unwrap();
        }
        other.execute_unprepared(&touch("host-b")).await.unwrap();
        let claiming = tokio::spawn({
            let (store, claim) = (store.clone(), claim_on_two());
            async move { store.allocations().claim(&claim).await }
        });
        tokio::time::sleep(A_WHILE).await;
        // The store has host-a and waits for host-b: from here on they wait in a circle.
        match other.execute_unprepared(&touch("host-a")).await {
            Ok(_) => other.commit().await.unwrap(),
            Err(_) => other.rollback().await.unwrap(),
        }
        claiming.await.unwrap().unwrap();
        if sql.counters().deadlocks > 0 {
            break;
        }
        assert!(round < 9, "no deadlock: {:?}", sql.counters());
    }
    assert_eq!(sql.counters().gave_up, 0);
    let usages = store.hosts().host_usages().await.unwrap();
    assert_eq!(usages[0].used, usages[1].used);
    raw.close().await.unwrap();
    sql.close().await;
}

/// Another program holds a row for a while: a wait that is too long is ended and begun again.
pub(super) async fn survives_a_lock(url: &str) {
    let options = SqlOptions::default()
        .lock_timeout(Duration::from_secs(1))
        .attempts(20);
    let sql = SqlStore::connect_with(url, &options).await.unwrap();
    let store = Store::new(sql.clone());
    let now = Env::system().now();
    store
        .hosts()
        .host_report(&host("host-a"), now)
        .await
        .unwrap();
    let raw = Database::connect(url).await.unwrap();
    let other = raw.begin().await.unwrap();
    let lock = "UPDATE nova_hosts SET zone = zone WHERE name = 'host-a'";
    other.execute_unprepared(lock).await.unwrap();
    let reporting = tokio::spawn({
        let store = store.clone();
        async move { store.hosts().host_report(&host("host-a"), now).await }
    });
    while sql.counters().lock_timeouts == 0 {
        assert!(!reporting.is_finished());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.commit().await.unwrap();
    reporting.await.unwrap().unwrap();
    assert_eq!(sql.counters().gave_up, 0);
    raw.close().await.unwrap();
    sql.close().await;
}

/// Another program holds a row for longer than a statement may take: a typed, transient error in
/// time, once, and nothing changed. The store goes on.
pub(super) async fn ends_a_statement_that_hangs(url: &str) {
    let options = SqlOptions::default().statement_timeout(Duration::from_millis(500));
    let sql = SqlStore::connect_with(url, &options).await.unwrap();
    let store = Store::new(sql.clone());
    let now = Env::system().now();
    let before = store
        .hosts()
        .host_report(&host("host-a"), now)
        .await
        .unwrap();
    let raw = Database::connect(url).await.unwrap();
    let other = raw.begin().await.unwrap();
    let lock = "UPDATE nova_hosts SET zone = zone WHERE name = 'host-a'";
    other.execute_unprepared(lock).await.unwrap();

    let began = tokio::time::Instant::now();
    let service = nova_core::model::ServiceStatus::enabled().force_down(true);
    let name = before.name().clone();
    let decide = || {
        store
            .hosts()
            .host_set_service(&name, before.generation, &service)
    };
    let error = decide().await.unwrap_err();
    assert!(error.retryable(), "{error:?}");
    assert!(matches!(error, nova_core::Error::Store { .. }), "{error:?}");
    let took = began.elapsed();
    assert!(
        took >= Duration::from_millis(400) && took < Duration::from_millis(1400),
        "the server ends it, not the store: {took:?}"
    );
    assert_eq!(sql.counters().retries(), 0, "{error:?}");
    assert_eq!(sql.counters().lost, 0, "{error:?}");
    other.rollback().await.unwrap();
    assert_eq!(store.hosts().host_get(&name).await.unwrap(), before);
    assert!(decide().await.unwrap().service.forced_down());
    raw.close().await.unwrap();
    sql.close().await;
}

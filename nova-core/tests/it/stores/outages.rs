//! A server that goes and comes back, and one that falls silent.

use std::time::Duration;

use nova_core::model::Flavor;
use nova_core::repository::sql::{SqlOptions, SqlStore};
use nova_core::repository::{FlavorFilter, PageRequest, Store};
use nova_core::units::{Gibibytes, Mebibytes};
use nova_core::{Error, Result};
use tokio::time::Instant;

use super::private_server::{PrivateServer, Program};
use super::proxy::Proxy;
use super::tls;

const SHORT: Duration = Duration::from_millis(700);
/// What a call may take at most: a connection, a statement and the store's second of patience,
/// and as much again for a busy machine.
const LIMIT: Duration = Duration::from_millis(2 * (700 + 700 + 1000));

fn options() -> SqlOptions {
    SqlOptions::default()
        .acquire_timeout(SHORT)
        .statement_timeout(SHORT)
        .lock_timeout(SHORT)
}

fn flavor(number: usize) -> Flavor {
    let id = format!("flavor-{number:04}").parse().unwrap();
    let flavor = Flavor::builder(id, 1, Mebibytes::new(64), Gibibytes::new(1));
    flavor.build().unwrap()
}

/// What the store is asked during the outage: a transaction, a read, a write.
async fn calls(store: &Store, number: usize) -> [Result<()>; 3] {
    [
        store.hosts().host_usages().await.map(|_| ()),
        store.flavors().flavor_get(flavor(0).id()).await.map(|_| ()),
        store.flavors().flavor_create(&flavor(number)).await,
    ]
}

fn assert_transient(error: &Error) {
    assert!(
        matches!(
            error,
            Error::Store {
                transient: true,
                ..
            }
        ),
        "{error:?}"
    );
}

/// Until the store works again, and no longer than it may take.
async fn recovers(store: &Store) {
    let began = Instant::now();
    for number in 9000.. {
        match calls(store, number).await {
            [Ok(()), Ok(()), Ok(())] => return,
            results => {
                for error in results.into_iter().filter_map(Result::err) {
                    assert_transient(&error);
                    assert!(began.elapsed() < Duration::from_secs(30), "{error:?}");
                }
            }
        }
    }
}

/// The server is killed while four tasks call the store, is away for a while, and comes back.
pub(super) async fn survives_a_restart(program: Program) {
    let mut server = PrivateServer::start(program, None);
    server.ready().await;
    tls::is_refused_where_it_is_required(program, &server).await;

    let url = server.url("127.0.0.1", "");
    let sql = SqlStore::connect_with(&url, &options()).await.unwrap();
    let store = Store::new(sql.clone());
    store.flavors().flavor_create(&flavor(0)).await.unwrap();
    let opened = sql.counters().connections;

    let mut tasks = tokio::task::JoinSet::new();
    let end = Instant::now() + Duration::from_secs(3);
    for task in 0..4_usize {
        let store = store.clone();
        tasks.spawn(async move {
            let (mut confirmed, mut failed) = (Vec::new(), 0);
            for round in 0.. {
                if Instant::now() >= end {
                    break;
                }
                let number = 1 + task * 1_000_000 + round;
                let began = Instant::now();
                let results = calls(&store, number).await;
                assert!(began.elapsed() < 3 * LIMIT, "{:?}", began.elapsed());
                if results[2].is_ok() {
                    confirmed.push(number);
                }
                for error in results.iter().filter_map(|result| result.as_ref().err()) {
                    assert_transient(error);
                    failed += 1;
                }
            }
            (confirmed, failed)
        });
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.kill();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    server.start_again();
    server.ready().await;
    let mut confirmed = Vec::new();
    for (of_task, failed) in tasks.join_all().await {
        assert!(failed > 0, "nobody noticed");
        confirmed.extend(of_task);
    }
    recovers(&store).await;

    assert!(!confirmed.is_empty());
    for number in confirmed {
        let there = store.flavors().flavor_get(flavor(number).id()).await;
        assert_eq!(there.unwrap(), flavor(number));
    }
    let page = PageRequest::largest();
    assert!(
        !store
            .flavors()
            .flavor_list(&FlavorFilter::default(), &page)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let counters = sql.counters();
    assert!(counters.lost > 0, "{counters:?}");
    assert!(counters.connections > opened, "{counters:?}");
    sql.close().await;
}

/// The network passes on nothing for a while: no call hangs, and none does afterwards.
pub(super) async fn survives_silence(url: &str) {
    let (proxy, url) = Proxy::before(url).await;
    let options = options().max_connections(2);
    let sql = SqlStore::connect_with(&url, &options).await.unwrap();
    let store = Store::new(sql.clone());
    store.flavors().flavor_create(&flavor(0)).await.unwrap();

    proxy.be_silent(true);
    for call in 0..4 {
        let began = Instant::now();
        let result = match call {
            0 => store.hosts().host_usages().await.map(|_| ()),
            1 => store.flavors().flavor_get(flavor(0).id()).await.map(|_| ()),
            number => store.flavors().flavor_create(&flavor(number)).await,
        };
        assert_transient(&result.unwrap_err());
        assert!(began.elapsed() < LIMIT, "{call}: {:?}", began.elapsed());
    }
    assert!(sql.counters().lost >= 4, "{:?}", sql.counters());
    proxy.be_silent(false);
    recovers(&store).await;
    sql.close().await;
}

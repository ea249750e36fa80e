//! The store in SQLite.

use std::path::Path;

use nova_core::model::{Claim, Flavor, ResourceClass, Resources};
use nova_core::repository::sql::{SqlOptions, SqlStore};
use nova_core::repository::{FlavorFilter, PageRequest, Store};
use nova_core::units::{Gibibytes, Mebibytes};
use nova_core::{Env, Error};

use super::fixture::report;

fn url(directory: &tempfile::TempDir) -> String {
    format!("sqlite://{}", directory.path().join("nova.db").display())
}

fn flavor(id: &str) -> Flavor {
    Flavor::builder(
        id.parse().unwrap(),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    )
    .build()
    .unwrap()
}

/// Two pools on one file are as two processes: they share nothing but the file.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_file_never_over_commit() {
    let directory = tempfile::tempdir().unwrap();
    let stores = [
        Store::new(SqlStore::connect(&url(&directory)).await.unwrap()),
        Store::new(SqlStore::connect(&url(&directory)).await.unwrap()),
    ];
    let env = Env::system();
    let report = report("host", &[(ResourceClass::Vcpu, 8, 0, 1.0)]);
    stores[0]
        .hosts()
        .host_report(&report, env.now())
        .await
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..32 {
        let (store, env) = (stores[index % 2].clone(), env.clone());
        let one = Resources::new().with(ResourceClass::Vcpu, 1);
        let claim = Claim::on(
            nova_core::id::ServerId::generate(&env),
            nova_core::id::RequestId::generate(&env),
            report.name.clone(),
            one,
        );
        tasks.spawn(async move { store.allocations().claim(&claim).await });
    }
    let mut granted = 0;
    for result in tasks.join_all().await {
        match result {
            Ok(()) => granted += 1,
            Err(Error::NoCapacity { .. }) => {}
            Err(other) => panic!("failed with {other:?}"),
        }
    }
    assert_eq!(granted, 8);
}

#[tokio::test]
async fn a_reopened_file_has_everything() {
    let directory = tempfile::tempdir().unwrap();
    let env = Env::system();
    let report = report("host", &[(ResourceClass::Vcpu, 8, 0, 1.0)]);
    let held = Resources::new().with(ResourceClass::Vcpu, 3);
    let consumer = nova_core::id::ServerId::generate(&env);

    let sql = SqlStore::connect(&url(&directory)).await.unwrap();
    let store = Store::new(sql.clone());
    store
        .flavors()
        .flavor_create(&flavor("tiny"))
        .await
        .unwrap();
    store.hosts().host_report(&report, env.now()).await.unwrap();
    store
        .allocations()
        .claim(&Claim::on(
            consumer,
            nova_core::id::RequestId::generate(&env),
            report.name.clone(),
            held.clone(),
        ))
        .await
        .unwrap();
    let before = store.hosts().host_usages().await.unwrap();
    sql.close().await;
    let closed = store
        .flavors()
        .flavor_list(&FlavorFilter::default(), &PageRequest::largest())
        .await
        .unwrap_err();
    assert!(!closed.retryable(), "{closed:?}");

    let store = Store::new(SqlStore::connect(&url(&directory)).await.unwrap());
    assert_eq!(
        store
            .flavors()
            .flavor_get(flavor("tiny").id())
            .await
            .unwrap(),
        flavor("tiny")
    );
    assert_eq!(store.hosts().host_usages().await.unwrap(), before);
    assert_eq!(before[0].used, held);
    assert_eq!(
        store
            .allocations()
            .allocations_of(consumer.into())
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_that_open_a_new_file_at_once_all_succeed() {
    let directory = tempfile::tempdir().unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for index in 0..10 {
        let url = url(&directory);
        tasks.spawn(async move {
            let store = Store::new(SqlStore::connect(&url).await.unwrap());
            store
                .flavors()
                .flavor_create(&flavor(&format!("flavor-{index}")))
                .await
                .unwrap();
            store
        });
    }
    let stores = tasks.join_all().await;
    for store in stores {
        let page = store
            .flavors()
            .flavor_list(&FlavorFilter::default(), &PageRequest::largest())
            .await
            .unwrap();
        assert_eq!(page.items.len(), 10);
    }
}

/// What an older version does when a newer one migrated the database.
#[tokio::test]
async fn a_newer_schema_is_refused() {
    use sea_orm::ConnectionTrait as _;

    let directory = tempfile::tempdir().unwrap();
    SqlStore::connect(&url(&directory))
        .await
        .unwrap()
        .close()
        .await;
    let raw = sea_orm::Database::connect(url(&directory)).await.unwrap();
    raw.execute_unprepared("INSERT INTO nova_migrations VALUES ('m9999_from_the_future', 0)")
        .await
        .unwrap();
    raw.close().await.unwrap();

    let error = SqlStore::connect(&url(&directory)).await.unwrap_err();
    assert!(!error.retryable());
    let Error::Store {
        store: "sqlite",
        source,
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        source.to_string(),
        "its schema has the migration `m9999_from_the_future`, which is newer than this version knows"
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let missing = format!(
        "sqlite://{}/no/such/directory/nova.db",
        directory.path().display()
    );
    let short = SqlOptions::default().connect_timeout(std::time::Duration::from_millis(200));
    let error = SqlStore::connect_with(&missing, &short).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Store {
                store: "sqlite",
                ..
            }
        ),
        "{error:?}"
    );

    let text = directory.path().join("text.db");
    std::fs::write(
        &text,
        "not a database, and long enough to be read as the header of one. ".repeat(40),
    )
    .unwrap();
    let error = SqlStore::connect(&format!("sqlite://{}", text.display()))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Store {
                transient: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(Path::new(&text).exists());
}

#[cfg(feature = "conformance")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_is_closed_under_writes_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let url = url(&directory);
    let open = async || Store::new(SqlStore::connect(&url).await.unwrap());
    use nova_core::conformance::restarts;
    restarts::a_store_that_is_closed_under_writes_is_whole(open, &Env::system()).await;
}

/// As another process that holds the file's lock for longer than the store waits at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lock_of_another_process_is_waited_for_and_counted() {
    use sea_orm::{
        ConnectionTrait as _, SqliteTransactionMode, TransactionOptions, TransactionTrait as _,
    };

    let directory = tempfile::tempdir().unwrap();
    let busy = std::time::Duration::from_millis(20);
    let options = SqlOptions::default().busy_timeout(busy).attempts(1000);
    let sql = SqlStore::connect_with(&url(&directory), &options)
        .await
        .unwrap();
    let store = Store::new(sql.clone());
    let raw = sea_orm::Database::connect(url(&directory)).await.unwrap();
    let mode = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let other = raw.begin_with_options(mode).await.unwrap();
    let write = "UPDATE nova_hosts SET zone = zone";
    other.execute_unprepared(write).await.unwrap();
    let creating = tokio::spawn({
        let store = store.clone();
        async move { store.flavors().flavor_create(&flavor("tiny")).await }
    });
    while sql.counters().lock_timeouts < 3 {
        assert!(!creating.is_finished());
        tokio::time::sleep(busy).await;
    }
    // Who only reads waits for nobody.
    assert!(store.hosts().host_usages().await.unwrap().is_empty());
    other.commit().await.unwrap();
    creating.await.unwrap().unwrap();
    assert_eq!(sql.counters().gave_up, 0);

    // And given up on in the end, with a typed error.
    let options = options.attempts(2);
    let impatient = SqlStore::connect_with(&url(&directory), &options)
        .await
        .unwrap();
    let other = raw.begin_with_options(mode).await.unwrap();
    other.execute_unprepared(write).await.unwrap();
    let store = Store::new(impatient.clone());
    let error = store
        .flavors()
        .flavor_create(&flavor("small"))
        .await
        .unwrap_err();
    assert!(error.retryable(), "{error:?}");
    assert_eq!(
        (
            impatient.counters().lock_timeouts,
            impatient.counters().gave_up
        ),
        (1, 1)
    );
    other.rollback().await.unwrap();
}

/// A call whose caller goes away leaves nothing behind that others wait for or find.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_that_goes_away_leaves_nothing_open() {
    let directory = tempfile::tempdir().unwrap();
    let sql = SqlStore::connect(&url(&directory)).await.unwrap();
    super::cancelled::leaves_nothing_open(&sql).await;
}

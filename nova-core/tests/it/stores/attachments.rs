//! An older schema of what belongs to hosts is brought up to date.

use nova_core::Env;
use nova_core::model::{Generation, ServiceAvailability, ServiceStatus};
use nova_core::repository::sql::SqlStore;
use nova_core::repository::{HostFilter, PageRequest, Store};
use sea_orm::ConnectionTrait as _;

use super::fixture::report;

/// Takes what `m0004_attachments` did to the hosts back, as if it had not run.
const UNDONE: [&str; 5] = [
    "DROP INDEX nova_hosts_by_disabled",
    "DROP INDEX nova_hosts_by_forced_down",
    "ALTER TABLE nova_hosts DROP COLUMN disabled",
    "ALTER TABLE nova_hosts DROP COLUMN forced_down",
    "DELETE FROM nova_migrations WHERE version = 'm0004_attachments'",
];

/// Hosts that were there before their decisions had columns are listed by them afterwards, also
/// if the migration was cut off somewhere.
async fn finds_decisions_of_before(url: &str, mysql: bool) {
    for undone in [
        UNDONE.to_vec(),
        vec![UNDONE[1], UNDONE[3], UNDONE[4]],
        vec![UNDONE[4]],
    ] {
        let sql = SqlStore::connect(url).await.unwrap();
        let store = Store::new(sql.clone());
        let disabled = ServiceStatus::disabled("full").unwrap();
        let services = [
            ("a", ServiceStatus::enabled()),
            ("b", disabled.clone()),
            ("c", disabled.force_down(true)),
            ("d", ServiceStatus::enabled().force_down(true)),
        ];
        let now = Env::system().now();
        for (name, service) in services {
            let report = report(name, &[]);
            let host = store.hosts().host_report(&report, now).await.unwrap();
            if host.generation == Generation::FIRST {
                store
                    .hosts()
                    .host_set_service(host.name(), host.generation, &service)
                    .await
                    .unwrap();
            }
        }
        sql.close().await;

        let raw = sea_orm::Database::connect(url).await.unwrap();
        for statement in undone {
            let on = if mysql && statement.starts_with("DROP INDEX") {
                " ON nova_hosts"
            } else {
                ""
            };
            let statement = format!("{statement}{on}");
            raw.execute_unprepared(&statement).await.unwrap();
        }
        raw.close().await.unwrap();

        let sql = SqlStore::connect(url).await.unwrap();
        let store = Store::new(sql.clone());
        let list = async |availability, forced_down| {
            let filter = HostFilter {
                availability: Some(availability),
                forced_down: Some(forced_down),
                ..HostFilter::default()
            };
            let page = PageRequest::largest();
            let page = store.hosts().host_list(&filter, &page).await.unwrap();
            let names = page.items.iter().map(|host| host.name().to_string());
            names.collect::<Vec<_>>()
        };
        assert_eq!(list(ServiceAvailability::Enabled, false).await, ["a"]);
        assert_eq!(list(ServiceAvailability::Disabled, false).await, ["b"]);
        assert_eq!(list(ServiceAvailability::Disabled, true).await, ["c"]);
        assert_eq!(list(ServiceAvailability::Enabled, true).await, ["d"]);
        sql.close().await;
    }
}

#[tokio::test]
async fn sqlite_finds_decisions_of_before() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("nova.db");
    finds_decisions_of_before(&format!("sqlite://{}", file.display()), false).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn postgres_finds_decisions_of_before() {
    let fresh = super::server::fresh("NOVA_TEST_POSTGRES_URL").await;
    finds_decisions_of_before(&fresh.url, false).await;
    fresh.drop().await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
async fn mysql_finds_decisions_of_before() {
    let fresh = super::server::fresh("NOVA_TEST_MYSQL_URL").await;
    finds_decisions_of_before(&fresh.url, true).await;
    fresh.drop().await;
}

//! The store in PostgreSQL.

use nova_core::repository::sql::SqlStore;

use super::private_server::Program;
use super::{cancelled, outages, races, server, tls};

const URL: &str = "NOVA_TEST_POSTGRES_URL";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn ten_that_open_a_new_database_at_once_all_succeed() {
    server::opens_ten_times_at_once(URL).await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn a_newer_schema_and_a_wrong_password_are_refused() {
    server::refuses(URL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn a_deadlock_is_survived_and_counted() {
    let fresh = server::fresh(URL).await;
    races::survives_a_deadlock(&fresh.url).await;
    fresh.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn a_lock_that_is_held_for_long_is_survived_and_counted() {
    let fresh = server::fresh(URL).await;
    races::survives_a_lock(&fresh.url).await;
    fresh.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn a_statement_that_hangs_ends_in_time() {
    let fresh = server::fresh(URL).await;
    races::ends_a_statement_that_hangs(&fresh.url).await;
    fresh.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn a_caller_that_goes_away_leaves_nothing_open() {
    let fresh = server::fresh(URL).await;
    let sql = SqlStore::connect(&fresh.url).await.unwrap();
    cancelled::leaves_nothing_open(&sql).await;
    sql.close().await;
    fresh.drop().await;
}

#[cfg(feature = "conformance")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn a_store_that_is_closed_under_writes_is_whole() {
    server::is_whole_after_a_restart(URL).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn a_silent_network_is_survived() {
    let fresh = server::fresh(URL).await;
    outages::survives_silence(&fresh.url).await;
    fresh.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL's programs in NOVA_TEST_POSTGRES_PROGRAMS"]
async fn a_restart_is_survived() {
    outages::survives_a_restart(Program::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL's programs in NOVA_TEST_POSTGRES_PROGRAMS"]
async fn each_mode_of_encryption_accepts_what_it_says() {
    tls::each_mode_accepts_what_it_says(Program::Postgres).await;
}

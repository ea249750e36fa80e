//! The store in MySQL or MariaDB.

use super::server;

const URL: &str = "NOVA_TEST_MYSQL_URL";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
async fn ten_that_open_a_new_database_at_once_all_succeed() {
    server::opens_ten_times_at_once(URL).await;
}

#[tokio::test]
#[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
async fn a_newer_schema_and_a_wrong_password_are_refused() {
    server::refuses(URL).await;
}

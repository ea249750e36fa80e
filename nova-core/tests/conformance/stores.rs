//! The stores.

use nova_core::Env;
use nova_core::repository::Store;
use nova_core::repository::memory::MemoryStore;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use nova_core::repository::sql::SqlStore;
use tokio::runtime::{Builder, Runtime};

use crate::place::{Kind, Opened, Place};

/// Every store that the features allow.
pub(crate) fn all() -> &'static [Place] {
    let kinds = vec![
        Kind {
            name: "memory",
            variable: None,
            runtime: threads,
            open: || Box::pin(async { opened(MemoryStore::new(), async {}) }),
            times: 2,
        },
        // As a simulation uses it: one thread, virtual time, ids that repeat.
        #[cfg(feature = "tokio")]
        Kind {
            name: "memory-simulated",
            variable: None,
            runtime: || one_thread(true),
            open: || {
                Box::pin(async {
                    Opened {
                        env: Env::simulated(7),
                        ..opened(MemoryStore::new(), async {})
                    }
                })
            },
            times: 1,
        },
        #[cfg(feature = "sqlite")]
        Kind {
            name: "sqlite",
            variable: None,
            runtime: threads,
            open: || {
                Box::pin(async {
                    let directory = tempfile::tempdir().unwrap();
                    let url = format!("sqlite://{}", directory.path().join("nova.db").display());
                    let sql = SqlStore::connect(&url).await.unwrap();
                    opened(sql, async move { directory.close().unwrap() })
                })
            },
            times: 1,
        },
        #[cfg(feature = "sqlite")]
        Kind {
            name: "sqlite-memory",
            variable: None,
            runtime: threads,
            open: || Box::pin(async { opened(in_memory().await, async {}) }),
            times: 2,
        },
        #[cfg(feature = "sqlite")]
        Kind {
            name: "sqlite-one-thread",
            variable: None,
            runtime: || one_thread(false),
            open: || Box::pin(async { opened(in_memory().await, async {}) }),
            times: 1,
        },
        #[cfg(feature = "postgres")]
        Kind {
            name: "postgres",
            variable: Some("NOVA_TEST_POSTGRES_URL"),
            runtime: threads,
            open: || Box::pin(on_server("NOVA_TEST_POSTGRES_URL")),
            times: 1,
        },
        #[cfg(feature = "mysql")]
        Kind {
            name: "mysql",
            variable: Some("NOVA_TEST_MYSQL_URL"),
            runtime: threads,
            open: || Box::pin(on_server("NOVA_TEST_MYSQL_URL")),
            times: 1,
        },
    ];
    // The tests refer to them until the process ends.
    Vec::leak(kinds.into_iter().map(Place::new).collect())
}

fn opened(
    backend: impl nova_core::repository::StoreBackend,
    ending: impl Future<Output = ()> + Send + 'static,
) -> Opened {
    Opened {
        store: Store::new(backend),
        env: Env::system(),
        ending: Box::pin(ending),
    }
}

#[cfg(feature = "sqlite")]
async fn in_memory() -> SqlStore {
    SqlStore::connect("sqlite::memory:").await.unwrap()
}

/// A new database on the server whose URL is in the variable.
#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn on_server(variable: &str) -> Opened {
    let server = std::env::var(variable).unwrap();
    let unique = Env::system().uuid().simple().to_string();
    let fresh = crate::fresh::Fresh::create(&server, &unique).await;
    let sql = SqlStore::connect(&fresh.url).await.unwrap();
    opened(sql, fresh.drop())
}

/// Several threads find more races.
fn threads() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(4).enable_all().build().unwrap()
}

#[cfg(any(feature = "tokio", feature = "sqlite"))]
fn one_thread(paused: bool) -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(paused).build().unwrap()
}

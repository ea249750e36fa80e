//! Opening a store by its URL.

use nova_core::Result;
use nova_core::repository::Store;
use nova_core::repository::memory::MemoryStore;

/// Opens the store that a URL names.
///
/// | URL | store | feature |
/// |---|---|---|
/// | `memory:` | in memory, gone with the process | |
/// | `sqlite://FILE?mode=rwc` | a SQLite file, made if it is not there | `sqlite` |
/// | `sqlite::memory:` | SQLite in memory | `sqlite` |
/// | `postgres://…`, `postgresql://USER:PASSWORD@HOST/DATABASE` | PostgreSQL | `postgres` |
/// | `mysql://…`, `mariadb://USER:PASSWORD@HOST/DATABASE` | MariaDB or MySQL | `mysql` |
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = nova_sdk::open_store("memory:").await?;
/// assert_eq!(store.name(), "memory");
/// assert!(nova_sdk::open_store("gopher://localhost").await.is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Invalid`](nova_core::Error::Invalid) for a URL of no store that was built in; [`Store`](nova_core::Error::Store) if the database
/// does not answer or its schema cannot be used.
pub async fn open_store(url: &str) -> Result<Store> {
    if url == "memory:" {
        return Ok(Store::new(MemoryStore::new()));
    }
    open_sql(url).await
}

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
async fn open_sql(url: &str) -> Result<Store> {
    Ok(Store::new(
        nova_core::repository::sql::SqlStore::connect(url).await?,
    ))
}

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
async fn open_sql(_url: &str) -> Result<Store> {
    Err(nova_core::Error::invalid(
        "store URL",
        "no database is built in; `memory:` is there",
    ))
}

//! The store itself: a pool of connections to one database.

use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;

use sea_orm::DatabaseConnection;
use tokio::sync::Semaphore;

use super::op::Op;
use super::options::SqlOptions;
use super::transaction::retried;
use super::{connect, migrate};
use crate::error::Result;
use crate::repository::StoreBackend;

/// A store in a SQL database. Clones share its connections.
///
#[cfg_attr(feature = "sqlite", doc = "```")]
#[cfg_attr(not(feature = "sqlite"), doc = "```no_run")]
/// use nova_core::repository::sql::{SqlOptions, SqlStore};
///
/// # #[tokio::main]
/// # async fn main() -> nova_core::Result<()> {
/// let options = SqlOptions::default().max_connections(4);
/// let store = SqlStore::connect_with("sqlite::memory:", &options).await?;
/// store.close().await;
///
/// let refused = SqlStore::connect("mongodb://user:secret@host/db").await.unwrap_err();
/// assert!(!format!("{refused:?}").contains("secret"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqlStore {
    pub(super) db: DatabaseConnection,
    pub(super) name: &'static str,
    /// SQLite has one writer: those of this process queue up here, in order, instead of polling
    /// for the lock of the file.
    pub(super) writer: Option<Arc<Semaphore>>,
    pub(super) options: SqlOptions,
}

impl SqlStore {
    /// Opens the database at the URL with the default [`SqlOptions`].
    ///
    /// `sqlite:` and a path (`sqlite:///var/lib/nova.db`; created if it is not there),
    /// `sqlite::memory:`, `postgres://user:password@host/database` or
    /// `mysql://user:password@host/database`, each with the parameters that sqlx knows.
    ///
    /// # Errors
    /// As [`connect_with`](Self::connect_with).
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, &SqlOptions::default()).await
    }

    /// Opens the database at the URL and brings its schema up to date.
    ///
    /// # Errors
    /// [`Invalid`](crate::Error::Invalid) if the URL or the options make no sense or the feature
    /// of the database is off; [`Store`](crate::Error::Store) if the database cannot be reached,
    /// refuses the user, or has the schema of a newer version. No error holds the URL's password.
    pub async fn connect_with(url: &str, options: &SqlOptions) -> Result<Self> {
        options.validate()?;
        // Of several that make a new SQLite file at once, all but one may find it locked.
        let (db, name) = retried(options, || connect::open(url, options)).await?;
        let writer = (name == connect::SQLITE).then(|| Arc::new(Semaphore::new(1)));
        let store = Self {
            db,
            name,
            writer,
            options: options.clone(),
        };
        match store.retried(|| migrate::up(&store)).await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    /// Closes every connection, of all clones, after their current statements. Calls fail
    /// afterwards.
    pub async fn close(&self) {
        // The one error is that they are closed already.
        let _ = self.db.close_by_ref().await;
    }

    /// What errors say the store was doing.
    pub(super) fn op(&self, name: &'static str) -> Op {
        Op {
            store: self.name,
            name,
        }
    }
}

#[async_trait]
impl StoreBackend for SqlStore {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn close(&self) {
        Self::close(self).await;
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the pool: its options hold the password.
        f.debug_tuple("SqlStore").field(&self.name).finish()
    }
}

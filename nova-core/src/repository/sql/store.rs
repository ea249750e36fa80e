//! The store itself: a pool of connections to one database.

use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::connections::Connections;
use super::counters::SqlCounters;
use super::op::{Op, lost_race};
use super::options::SqlOptions;
use super::retry::retried;
use super::watch::Watch;
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
    pub(super) db: Connections,
    pub(super) name: &'static str,
    /// SQLite has one writer: those of this process queue up here, in order, instead of polling
    /// for the lock of the file.
    pub(super) writer: Option<Arc<Semaphore>>,
    pub(super) options: Arc<SqlOptions>,
}

impl SqlStore {
    /// Opens the database at the URL with the default [`SqlOptions`].
    ///
    /// | URL | opens |
    /// |---|---|
    /// | `sqlite:///var/lib/nova.db` | a file, made if it is not there |
    /// | `sqlite::memory:` | a database in memory, for this store alone |
    /// | `postgres://user:password@host:5432/database` | PostgreSQL |
    /// | `mysql://user:password@host:3306/database` | MySQL or MariaDB |
    ///
    /// What is not a letter or a digit in a user or a password is written `%XX`.
    ///
    /// # Encryption
    /// | PostgreSQL, `sslmode=` | MySQL, `ssl-mode=` | the connection |
    /// |---|---|---|
    /// | `disable`, `allow` | `DISABLED` | is never encrypted |
    /// | `prefer` (the default) | `PREFERRED` (the default) | is encrypted if the server offers it, **else plain, without a word**; whoever sits between can make it plain |
    /// | `require` | `REQUIRED` | is encrypted or refused; anyone may be at the other end |
    /// | `verify-ca` | `VERIFY_CA` | as well, and the server's certificate must be from an authority that is trusted |
    /// | `verify-full` | `VERIFY_IDENTITY` | as well, and it must name the host of the URL |
    ///
    /// Over a network that is not trusted only the last will do, as in
    /// `postgres://…/nova?sslmode=verify-full&sslrootcert=/etc/nova/ca.pem` and
    /// `mysql://…/nova?ssl-mode=VERIFY_IDENTITY&ssl-ca=/etc/nova/ca.pem`. Trusted are the
    /// authorities of the Web and those of the file. `sslcert` and `sslkey` (`ssl-cert` and
    /// `ssl-key`) name a certificate of the client's own. What a PostgreSQL URL leaves out is
    /// taken from libpq's environment variables (`PGSSLMODE`, `PGSSLROOTCERT`, …).
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
        let options = Arc::new(options.clone());
        let watch = Watch::new(
            connect::is_server(url).then_some(options.statement_timeout),
            options.acquire_timeout,
        );
        // Of several that make a new SQLite file at once, all but one may find it locked.
        let open = || connect::open(url, &options, &watch);
        let (pool, name) = retried(&options, &watch.counters, lost_race, open).await?;
        let writer = (name == connect::SQLITE).then(|| Arc::new(Semaphore::new(1)));
        let db = Connections {
            pool,
            watch,
            options: Arc::clone(&options),
        };
        let store = Self {
            db,
            name,
            writer,
            options,
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
        let _ = self.db.pool.close_by_ref().await;
    }

    /// What the store met since it was opened: lost races, lost connections.
    ///
    #[cfg_attr(feature = "sqlite", doc = "```")]
    #[cfg_attr(not(feature = "sqlite"), doc = "```no_run")]
    /// # #[tokio::main]
    /// # async fn main() -> nova_core::Result<()> {
    /// let store = nova_core::repository::sql::SqlStore::connect("sqlite::memory:").await?;
    /// let counters = store.counters();
    /// assert_eq!((counters.connections, counters.retries()), (1, 0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn counters(&self) -> SqlCounters {
        self.db.watch.counters.read()
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

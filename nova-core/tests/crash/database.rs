//! New databases of every kind.

use nova_core::repository::Store;
use nova_core::repository::sql::SqlStore;
use tempfile::TempDir;

/// A kind of database.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
    #[cfg(feature = "mysql")]
    Mysql,
}

/// Those that the features allow.
pub const KINDS: &[Kind] = &[
    Kind::Sqlite,
    #[cfg(feature = "postgres")]
    Kind::Postgres,
    #[cfg(feature = "mysql")]
    Kind::Mysql,
];

impl Kind {
    /// How its tests are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            #[cfg(feature = "postgres")]
            Self::Postgres => "postgres",
            #[cfg(feature = "mysql")]
            Self::Mysql => "mysql",
        }
    }

    /// Where the URL of its server is.
    fn variable(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            #[cfg(feature = "postgres")]
            Self::Postgres => Some("NOVA_TEST_POSTGRES_URL"),
            #[cfg(feature = "mysql")]
            Self::Mysql => Some("NOVA_TEST_MYSQL_URL"),
        }
    }

    /// Whether there is no server.
    pub fn is_missing(self) -> bool {
        let variable = self.variable();
        variable.is_some_and(|variable| std::env::var_os(variable).is_none())
    }
}

enum Place {
    Directory(TempDir),
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    Server(crate::fresh::Fresh),
}

/// A database that nothing else uses, empty at first.
pub struct Database {
    /// Its URL.
    pub url: String,
    place: Place,
}

impl Database {
    /// Makes one.
    pub async fn create(kind: Kind) -> Self {
        match kind.variable() {
            None => {
                let directory = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}", directory.path().join("nova.db").display());
                let place = Place::Directory(directory);
                Self { url, place }
            }
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            Some(variable) => {
                let server = std::env::var(variable)
                    .unwrap_or_else(|_| panic!("it needs a server in {variable}"));
                let unique = nova_core::Env::system().uuid().simple().to_string();
                let fresh = crate::fresh::Fresh::create(&server, &unique).await;
                let url = fresh.url.clone();
                let place = Place::Server(fresh);
                Self { url, place }
            }
            #[cfg(not(any(feature = "postgres", feature = "mysql")))]
            Some(_) => unreachable!(),
        }
    }

    /// A new store on it. The context is for the message where that fails.
    pub async fn open(&self, context: &str) -> Store {
        Store::new(SqlStore::connect(&self.url).await.expect(context))
    }

    /// Removes it. Every store on it must be closed, or of a process that is gone.
    pub async fn remove(self) {
        match self.place {
            Place::Directory(directory) => directory.close().unwrap(),
            #[cfg(any(feature = "postgres", feature = "mysql"))]
            Place::Server(fresh) => fresh.drop().await,
        }
    }
}

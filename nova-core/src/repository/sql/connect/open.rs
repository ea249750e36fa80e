//! Which database a URL is of.

use std::sync::Arc;

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::{Connection, Database};

use crate::error::{Error, Result};
use crate::repository::sql::options::SqlOptions;
use crate::repository::sql::watch::Watch;

/// The name of a store in SQLite.
pub(in crate::repository::sql) const SQLITE: &str = "sqlite";
/// The name of a store in PostgreSQL.
pub(super) const POSTGRES: &str = "postgres";
/// The name of a store in MySQL or MariaDB.
pub(super) const MYSQL: &str = "mysql";

/// Whether the URL is of a server and not of a file.
pub(in crate::repository::sql) fn is_server(url: &str) -> bool {
    !url.starts_with("sqlite:")
}

/// Opens the database at the URL. Returns the store's name with it.
pub(in crate::repository::sql) async fn open(
    url: &str,
    options: &SqlOptions,
    watch: &Arc<Watch>,
) -> Result<(DatabaseConnection, &'static str)> {
    let name = match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => SQLITE,
        Some("postgres" | "postgresql") => POSTGRES,
        Some("mysql" | "mariadb") => MYSQL,
        _ => {
            let reason = "it begins with none of sqlite:, postgres:, postgresql:, mysql:, mariadb:";
            return Err(Error::invalid("store URL", reason));
        }
    };
    let connection = match name {
        #[cfg(feature = "sqlite")]
        SQLITE => super::sqlite::open(url, options, watch).await?,
        #[cfg(feature = "postgres")]
        POSTGRES => super::postgres::open(url, options, watch).await?,
        #[cfg(feature = "mysql")]
        MYSQL => super::mysql::open(url, options, watch).await?,
        _ => {
            let reason = format!("nova-core was built without its feature `{name}`");
            return Err(Error::invalid("store URL", reason));
        }
    };
    Ok((connection, name))
}

/// Parses a URL without repeating any of it in the error.
pub(super) fn parse<DB: Database>(url: &str) -> Result<<DB::Connection as Connection>::Options> {
    url.parse().map_err(|_| {
        Error::invalid(
            "store URL",
            format!("it is not a {} URL with known parameters", DB::NAME),
        )
    })
}

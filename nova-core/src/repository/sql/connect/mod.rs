//! Opening a pool of connections: one file for each database.
//!
//! URLs are parsed here and not by sea-orm, whose errors repeat them with the password.

#[cfg(feature = "mysql")]
mod mysql;
mod open;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
#[cfg(feature = "sqlite")]
mod sqlite;

pub(super) use open::{SQLITE, is_server, open};

//! Opening a pool of connections: one file for each database.
//!
//! URLs are parsed here and not by sea-orm, whose errors repeat them with the password.

#[cfg(feature = "mysql")]
mod mysql;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

pub(super) use open::{SQLITE, open};

//! Every store passes the one conformance suite, and what is its own besides.

#[cfg(feature = "sqlite")]
mod agreement;
#[cfg(feature = "sqlite")]
mod attachments;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod fixture;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod urls;

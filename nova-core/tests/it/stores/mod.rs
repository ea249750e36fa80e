//! What is each store's own, besides the conformance suite, which is a target of its own.

#[cfg(feature = "sqlite")]
mod agreement;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod cancelled;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod fixture;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod races;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod urls;

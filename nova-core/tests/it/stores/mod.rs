//! What is each store's own, besides the conformance suite, which is a target of its own.

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod agreement;
#[cfg(feature = "sqlite")]
mod attachments;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod cancelled;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod certificates;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod fixture;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod memory;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod old_rows;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod outages;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod plans;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod private_server;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod proxy;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod races;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod server;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod tls;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod urls;

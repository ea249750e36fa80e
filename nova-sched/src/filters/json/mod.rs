//! Queries that users write.

mod filter;
mod query;

pub use filter::JsonFilter;

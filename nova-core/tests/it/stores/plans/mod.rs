//! At 100,000 servers no statement of the store reads all rows of a table: every database uses an
//! index.
//!
//! Every method of every repository is called, every list with every condition, and the plan of
//! each statement that this runs is looked at. What reads all of something by design says so
//! where it is called ([`probe::Rule`]).

mod archive;
mod attachments;
mod claims;
mod explain;
#[cfg(feature = "sqlite")]
mod foreign_keys;
mod history;
mod operations;
mod probe;
mod rows;
mod run;
mod seeds;
mod server_lists;
mod servers;
mod sizes;
mod tenancy;

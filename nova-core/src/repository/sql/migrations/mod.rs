//! The migrations: one file each, named by its number, never changed once it was released.
//!
//! They name tables and columns as text, since the entities may move on. A change of the schema
//! must let the version before go on working until all processes are updated.

mod column;
mod m0001_initial;
mod migrator;

pub(super) use migrator::Migrator;

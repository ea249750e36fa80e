//! The description of a guest's domain: typed, and written by a serialiser that escapes.

mod common;
mod disk;
mod domain;
mod interface;
mod serial;
#[cfg(test)]
mod tests;

pub(super) use domain::describe;

//! The rows of the tables, and how they become what the model knows.

pub(super) mod allocation;
pub(super) mod consumer;
pub(super) mod fault;
pub(super) mod flavor;
pub(super) mod host;
pub(super) mod inventory;
mod json;
pub(super) mod server;

//! The rows of the tables, and how they become what the model knows.

pub(super) mod action;
pub(super) mod action_event;
pub(super) mod aggregate;
pub(super) mod allocation;
pub(super) mod archived_server;
pub(super) mod block_device;
pub(super) mod cell;
pub(super) mod console_token;
pub(super) mod consumer;
pub(super) mod fault;
pub(super) mod flavor;
pub(super) mod host;
pub(super) mod inventory;
mod json;
pub(super) mod key_pair;
pub(super) mod migration;
pub(super) mod operation;
pub(super) mod port;
pub(super) mod quota;
pub(super) mod server;
pub(super) mod server_group;

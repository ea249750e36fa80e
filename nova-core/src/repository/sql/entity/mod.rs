//! The rows of the tables, and how they become what the model knows.

pub(super) mod action;
pub(super) mod aggregate;
pub(super) mod aggregate_host;
pub(super) mod aggregate_metadata;
pub(super) mod allocation;
pub(super) mod archived_server;
pub(super) mod block_device;
pub(super) mod cell;
pub(super) mod cell_member;
pub(super) mod console_token;
pub(super) mod consumer;
pub(super) mod fault;
pub(super) mod flavor;
pub(super) mod flavor_access;
pub(super) mod host;
pub(super) mod inventory;
mod json;
pub(super) mod key_pair;
pub(super) mod key_pair_owner;
pub(super) mod migration;
pub(super) mod operation;
pub(super) mod port;
pub(super) mod quota;
pub(super) mod server;
pub(super) mod server_group;
pub(super) mod server_group_member;

//! Migrations of servers.

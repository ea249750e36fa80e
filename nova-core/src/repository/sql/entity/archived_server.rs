//! Rows of archived servers.

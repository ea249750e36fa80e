//! Rows of server groups.

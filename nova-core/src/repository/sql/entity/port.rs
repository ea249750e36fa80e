//! Rows of ports.

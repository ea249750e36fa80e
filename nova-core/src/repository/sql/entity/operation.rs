//! Rows of operations.

//! Rows of key pairs.

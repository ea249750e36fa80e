//! Rows of console tokens.

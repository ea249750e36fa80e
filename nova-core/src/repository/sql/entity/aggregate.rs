//! Rows of aggregates.

//! Rows of quotas.

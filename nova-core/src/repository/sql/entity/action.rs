//! Rows of actions.

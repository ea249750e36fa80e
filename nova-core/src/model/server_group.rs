//! Server groups.

//! Block device mappings.

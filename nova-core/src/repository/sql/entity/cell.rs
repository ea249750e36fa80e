//! Rows of cells.

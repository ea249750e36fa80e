//! Rows of block devices.

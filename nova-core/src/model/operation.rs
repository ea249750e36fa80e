//! Records of long operations.

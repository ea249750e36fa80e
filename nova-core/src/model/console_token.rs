//! Tokens for consoles.

//! What was done to a server, step by step.

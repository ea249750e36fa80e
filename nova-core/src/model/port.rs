//! Network ports as a server sees them.

//! Traits of hosts.

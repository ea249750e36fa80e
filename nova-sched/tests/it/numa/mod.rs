//! NUMA placement and PCI matching, against the real Nova.

mod claims;
mod flavors;
mod pci;
mod recorded;
mod search;

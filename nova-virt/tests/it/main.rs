//! The integration tests of the drivers and of the image plumbing, as one binary.

#[cfg(feature = "conformance")]
mod conformance;
#[cfg(feature = "conformance")]
mod flaws;
#[path = "../../src/conformance/forge.rs"]
mod forge;
mod images;
#[cfg(feature = "libvirt")]
mod libvirt;
mod mock;
#[cfg(feature = "qemu")]
mod qemu;
mod sources;

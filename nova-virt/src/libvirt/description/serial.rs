//! The serial port, which writes to a file.

use std::path::Path;

use serde::Serialize;

use super::common::path;
use crate::libvirt::error::LibvirtError;

/// A serial port. What the guest writes is added to the file, over power-off and power-on.
#[derive(Serialize)]
pub(super) struct Serial {
    #[serde(rename = "@type")]
    kind: &'static str,
    source: SerialSource,
    target: SerialTarget,
}

impl Serial {
    /// The first serial port, with its log in this file.
    pub(super) fn to_file(log: &Path) -> Result<Self, LibvirtError> {
        Ok(Self {
            kind: "file",
            source: SerialSource {
                path: path(log)?,
                append: "on",
            },
            target: SerialTarget { port: 0 },
        })
    }
}

#[derive(Serialize)]
struct SerialSource {
    #[serde(rename = "@path")]
    path: String,
    #[serde(rename = "@append")]
    append: &'static str,
}

#[derive(Serialize)]
struct SerialTarget {
    #[serde(rename = "@port")]
    port: u32,
}

//! What several parts of a description are made of.

use std::path::Path;

use nova_core::BoxError;
use serde::Serialize;

use crate::libvirt::error::LibvirtError;
use crate::libvirt::text;

/// An element with nothing in it.
#[derive(Serialize)]
pub(super) struct Empty {}

/// An element that says `yes` or `no`.
#[derive(Serialize)]
pub(super) struct Enabled {
    #[serde(rename = "@enabled")]
    pub(super) enabled: &'static str,
}

/// A path, as text that libvirt keeps.
pub(super) fn path(path: &Path) -> Result<String, LibvirtError> {
    let refused = "a path cannot be said in XML";
    path.to_str()
        .filter(|text| text::survives(text))
        .map(str::to_owned)
        .ok_or_else(|| LibvirtError::Description(BoxError::from(refused)))
}

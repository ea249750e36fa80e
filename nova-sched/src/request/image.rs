//! The image of a request.

use std::collections::BTreeMap;

use nova_core::id::ImageId;
use nova_core::model::ImageProperties;
use serde::{Deserialize, Serialize};

/// What filters and weighers read of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestImage {
    /// Its id.
    #[serde(default)]
    pub id: Option<ImageId>,
    /// Its properties by name, in the text that Nova compares: as Python's `str()` writes the
    /// value that Nova has made of it (`True`, `8`, `x86_64`).
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

impl RequestImage {
    /// An image with these properties.
    pub fn new(id: Option<ImageId>, properties: &ImageProperties) -> Self {
        Self {
            id,
            properties: properties.as_map().clone(),
        }
    }

    /// A property, as text.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}

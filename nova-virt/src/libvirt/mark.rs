//! How a domain is known to be this driver's: by a mark among its metadata.

use serde::{Deserialize, Serialize};

/// The namespace of the mark.
pub(super) const NAMESPACE: &str = "https://github.com/nova-sdk/nova-sdk/nova-virt/libvirt";

/// The mark: the directory of the driver that made the domain.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Mark<'a> {
    #[serde(rename = "@xmlns:nova")]
    namespace: &'static str,
    #[serde(rename = "@directory")]
    directory: &'a str,
}

impl<'a> Mark<'a> {
    /// The mark of the driver that works in this directory.
    pub(super) fn new(directory: &'a str) -> Self {
        Self {
            namespace: NAMESPACE,
            directory,
        }
    }

    /// Whether this is what libvirt has as the domain's mark.
    pub(super) fn is(&self, found: &str) -> bool {
        // It has no reason to declare anything.
        !found.contains("<!")
            && quick_xml::de::from_str::<Found>(found)
                .is_ok_and(|found| found.directory == self.directory)
    }
}

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "@directory")]
    directory: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_directory_is_ours() {
        let mark = Mark::new("/a&b \"c\"");
        let written = quick_xml::se::to_string_with_root("nova:guest", &mark).unwrap();
        assert!(mark.is(&written), "{written}");
        assert!(!Mark::new("/a&b").is(&written));
        for other in ["", "<guest/>", "<nova:guest directory='/other'/>", "<x"] {
            assert!(!mark.is(other), "{other}");
        }
        let bomb = "<!DOCTYPE x [<!ENTITY a '/a'>]><guest directory='&a;'/>";
        assert!(!Mark::new("/a").is(bomb));
    }
}

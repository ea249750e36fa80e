//! What a guest calls a disk, and what its owner does.

use serde::{Deserialize, Serialize};

use super::bounded_text::bounded_text;
use crate::checked_text::text_conversions;
use crate::error::{Error, Result};

/// A disk as the guest is expected to name it: `/dev/` and a kernel name, as in `/dev/vda`.
///
/// The kernel name is two or more small letters and, for a partition, a number. Text without
/// `/dev/` gets it, as in Nova. A hypervisor takes it as a hint: the guest may count otherwise.
///
/// ```
/// use nova_core::model::DeviceName;
///
/// let name: DeviceName = "vdb".parse()?;
/// assert_eq!(name.as_str(), "/dev/vdb");
/// assert!("/dev/../vdb".parse::<DeviceName>().is_err());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceName(String);

impl DeviceName {
    /// The longest name, in characters, `/dev/` included.
    pub const MAX_CHARS: usize = 32;

    /// Checks the text, and puts `/dev/` before it if it is not there.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is not a name of the shape above, or longer than
    /// [`MAX_CHARS`](Self::MAX_CHARS).
    pub fn new(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref();
        let kernel = text.strip_prefix("/dev/").unwrap_or(text);
        let letters = kernel.trim_end_matches(|c: char| c.is_ascii_digit());
        if letters.len() < 2 || !letters.bytes().all(|b| b.is_ascii_lowercase()) {
            return Err(Error::invalid(
                "device name",
                "it is not `/dev/` and the name of a disk, as in `/dev/vda`",
            ));
        }
        let name = format!("/dev/{kernel}");
        if name.len() > Self::MAX_CHARS {
            return Err(Error::invalid(
                "device name",
                format!("it is longer than {} characters", Self::MAX_CHARS),
            ));
        }
        Ok(Self(name))
    }

    /// The whole name, `/dev/` included.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_conversions!(DeviceName);

bounded_text!(
    /// What the owner of a server calls one of its devices: the guest finds it by this in its
    /// metadata.
    ///
    /// One to 60 characters, none of them `/`, `,` or a control character: as in Nova.
    DeviceTag, "device tag", 1..=60, |text| {
        let refused = |c: char| c.is_control() || c == '/' || c == ',';
        text.contains(refused)
            .then_some("it has `/`, `,` or a control character in it")
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_disks_pass() {
        for good in ["/dev/vda", "vda", "sda1", "/dev/xvdba", "/dev/sr0", "fda"] {
            assert!(DeviceName::new(good).is_ok(), "{good} was refused");
        }
        let long = format!("/dev/{}", "a".repeat(28));
        for bad in [
            "",
            "/dev/",
            "/dev/a",
            "/dev/1",
            "/dev/VDA",
            "/dev/vd a",
            "/dev/vd\0",
            "/dev/mapper/x",
            "/dev/../vda",
            "/dev//dev/vda",
            "vda\n",
            "/dev/v1a",
            "/etc/passwd",
            "/dev/\u{e4}\u{e4}",
            &long,
        ] {
            assert!(DeviceName::new(bad).is_err(), "{bad:?} passed");
        }
        assert!(serde_json::from_str::<DeviceName>("\"/dev/..\"").is_err());
    }

    #[test]
    fn bad_tags_are_refused() {
        for bad in ["", "a/b", "a,b", "a\nb", "\0", &"x".repeat(61)] {
            assert!(DeviceTag::new(bad).is_err(), "{bad:?} passed");
        }
        for good in ["a", "nic 1", &"\u{1f980}".repeat(60)] {
            assert!(DeviceTag::new(good).is_ok(), "{good:?} was refused");
        }
        assert!(serde_json::from_str::<DeviceTag>("\"a,b\"").is_err());
    }
}

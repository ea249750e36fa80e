//! Names for people.

use crate::error::{Error, Result};

/// The longest label, in characters: as in Nova.
pub(super) const MAX_LABEL_CHARS: usize = 255;

/// Checks a text of `least` to 255 characters without control characters or white space around it.
///
/// The databases do not agree whether white space at the end of a text counts.
pub(super) fn check_label(field: &'static str, text: &str, least: usize) -> Result<()> {
    // Bytes first: a huge text is refused without counting its characters.
    if text.len() > MAX_LABEL_CHARS * 4 || text.chars().count() > MAX_LABEL_CHARS {
        return Err(Error::invalid(field, "it is longer than 255 characters"));
    }
    if text.len() < least {
        return Err(Error::invalid(field, "it is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(field, "it has a control character in it"));
    }
    if text.trim() != text {
        return Err(Error::invalid(field, "it begins or ends with white space"));
    }
    Ok(())
}

/// Declares a checked text: `new`, `as_str`, `Display`, `FromStr`, serde.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks and wraps the text.
            ///
            /// # Errors
            /// [`Error::Invalid`](crate::Error::Invalid) if it breaks the rule of the type.
            pub fn new(text: impl Into<String>) -> $crate::Result<Self> {
                let text = text.into();
                let check: fn(&str) -> $crate::Result<()> = $check;
                check(&text)?;
                Ok(Self(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::Error;

            fn from_str(text: &str) -> $crate::Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::Error;

            fn try_from(text: String) -> $crate::Result<Self> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(label: $name) -> Self {
                label.0
            }
        }
    };
}
pub(super) use label;

//! Short names that programs give to things.

use crate::error::{Error, Result};

/// Refuses what is not one to `max` of `a` to `z`, `0` to `9`, `-`, `_` and `.`, the first a letter.
pub(super) fn check(field: &'static str, text: &str, max: usize) -> Result<()> {
    if text.len() > max {
        return Err(Error::invalid(
            field,
            format!("it is longer than {max} characters"),
        ));
    }
    if !text.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(Error::invalid(field, "it does not begin with a letter a-z"));
    }
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if !text.chars().all(known) {
        return Err(Error::invalid(
            field,
            "it has another character than a-z, 0-9, '-', '_' and '.' in it",
        ));
    }
    Ok(())
}

/// Declares a name: a text type that [`check`] lets through.
macro_rules! token {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:literal) => {
        $(#[$doc])*
        ///
        #[doc = concat!(
            "One to ", stringify!($max), " of `a` to `z`, `0` to `9`, `-`, `_` and `.`; the first is a letter."
        )]
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The most characters.
            pub const MAX_CHARS: usize = $max;

            /// Checks and wraps the text.
            ///
            /// # Errors
            /// [`Invalid`](crate::Error::Invalid) if it is empty, too long or has another
            /// character in it.
            pub fn new(text: impl Into<String>) -> $crate::Result<Self> {
                let text = text.into();
                $crate::model::token::check($field, &text, Self::MAX_CHARS)?;
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
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}
pub(super) use token;

//! Texts that have a rule, each with a type of its own.

use crate::error::{Error, Result};

/// Declares a text that is checked where it is made and where it is deserialised. `$check` says
/// what is wrong with one that is not too long, if anything.
macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $field:literal, $least:literal..=$most:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The most characters that it has.
            pub const MAX_CHARS: usize = $most;

            /// Checks and wraps the text.
            ///
            /// # Errors
            /// [`Error::Invalid`](crate::Error::Invalid) if it breaks the rule of the type.
            pub fn new(text: impl Into<String>) -> $crate::Result<Self> {
                let text = text.into();
                $crate::model::bounded_text::check($field, &text, $least, $most, $check)?;
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
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

pub(super) use bounded_text;

/// Refuses a text outside of the bounds, in characters, and one that the rule refuses.
pub(super) fn check(
    field: &'static str,
    text: &str,
    least: usize,
    most: usize,
    rule: fn(&str) -> Option<&'static str>,
) -> Result<()> {
    // Bytes first: a text of 1 GB is refused without counting its characters.
    let count = if text.len() > most.saturating_mul(4) {
        usize::MAX
    } else {
        text.chars().count()
    };
    if count > most {
        return Err(Error::invalid(
            field,
            format!("it is longer than {most} characters"),
        ));
    }
    if count < least {
        return Err(Error::invalid(field, "it is empty"));
    }
    match rule(text) {
        Some(reason) => Err(Error::invalid(field, reason)),
        None => Ok(()),
    }
}

/// Refuses control characters.
pub(super) fn one_line(text: &str) -> Option<&'static str> {
    text.chars()
        .any(char::is_control)
        .then_some("it has a control character in it")
}

/// Refuses control characters, and white space at either end.
pub(super) fn trimmed_line(text: &str) -> Option<&'static str> {
    if text.trim() != text {
        return Some("it begins or ends with white space");
    }
    one_line(text)
}

/// Refuses control characters other than line ends and tabs.
pub(super) fn lines(text: &str) -> Option<&'static str> {
    text.chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        .then_some("it has a control character in it that is no line end or tab")
}

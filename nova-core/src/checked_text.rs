//! Texts that have a rule, each with a type of its own: a value at hand is a valid one.

/// Declares a text that `$check` lets through: `new`, `as_str`, `Display`, `FromStr`, serde.
macro_rules! checked_text {
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

        $crate::checked_text::text_conversions!($name);
    };
}
pub(crate) use checked_text;

/// What every such text can be made of and into: `Display`, `FromStr`, from and into `String`.
macro_rules! text_conversions {
    ($name:ident) => {
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
pub(crate) use text_conversions;

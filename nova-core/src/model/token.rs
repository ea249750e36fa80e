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
        $crate::checked_text::checked_text!(
            $(#[$doc])*
            ///
            #[doc = concat!(
                "One to ", stringify!($max), " of `a` to `z`, `0` to `9`, `-`, `_` and `.`; the first is a letter."
            )]
            $name,
            |text| $crate::model::token::check($field, text, $max)
        );

        impl $name {
            /// The most characters.
            pub const MAX_CHARS: usize = $max;
        }
    };
}
pub(super) use token;

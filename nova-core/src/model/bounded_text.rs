//! Texts of a bounded length.

use crate::error::{Error, Result};

/// Declares a text that is checked where it is made and where it is deserialised. `$check` says
/// what is wrong with one that is not too long, if anything.
macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $field:literal, $least:literal..=$most:literal, $check:expr) => {
        $crate::checked_text::checked_text!(
            $(#[$doc])* $name,
            |text| $crate::model::bounded_text::check($field, text, $least, $most, $check)
        );

        impl $name {
            /// The most characters that it has.
            pub const MAX_CHARS: usize = $most;
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

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

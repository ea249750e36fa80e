//! Names of key pairs.

use crate::checked_text::checked_text;
use crate::error::{Error, Result};
use crate::model::label::check_label;

checked_text!(
    /// A key pair's name, of which a user has one of a kind: 1 to 255 ASCII letters, digits,
    /// spaces and `_ - @ .` (as Nova's API has it since microversion 2.92), no space at either end.
    KeyPairName, check
);

fn check(text: &str) -> Result<()> {
    check_label("key pair name", text, 1)?;
    if text.chars().all(is_allowed) {
        return Ok(());
    }
    Err(Error::invalid(
        "key pair name",
        "it has something else than letters, digits, spaces and _ - @ . in it",
    ))
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '-' | '@' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_nova_allows() {
        for bad in ["", " a", "a ", "a/b", "a\u{e4}", "a\0", &"x".repeat(256)] {
            assert!(KeyPairName::new(bad).is_err(), "{bad:?} passed");
        }
        for good in ["a", "my key_1-2@host.example", &"x".repeat(255)] {
            assert!(KeyPairName::new(good).is_ok(), "{good:?} was refused");
        }
    }
}

//! Text of others, shortened where people read it.

use std::fmt;

/// A text that may be of any length, as much of it as people read.
///
/// Values of users stand in reasons and suggestions as they were given, for programs; a message
/// that repeats one must not grow with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief<'a> {
    text: &'a str,
    most: usize,
}

/// The most characters of a value.
const VALUE: usize = 120;
/// The most characters of a sentence.
const SENTENCE: usize = 500;

impl<'a> Brief<'a> {
    /// A name or a value: the first 120 characters.
    pub(crate) fn value(text: &'a str) -> Self {
        Self { text, most: VALUE }
    }

    /// What somebody says of something: the first 500 characters.
    pub(crate) fn sentence(text: &'a str) -> Self {
        Self {
            text,
            most: SENTENCE,
        }
    }
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.char_indices().nth(self.most) {
            None => f.write_str(self.text),
            Some((end, _)) => write!(f, "{}…", self.text.get(..end).unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Brief, SENTENCE, VALUE};

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let fits = "ü".repeat(VALUE);
        assert_eq!(Brief::value(&fits).to_string(), fits);
        assert_eq!(Brief::value("").to_string(), "");
        let long = format!("{fits}ü");
        assert_eq!(Brief::value(&long).to_string(), format!("{fits}…"));
        assert_eq!(Brief::sentence(&long).to_string(), long);
        let sentence = "e\u{301}".repeat(SENTENCE);
        assert_eq!(
            Brief::sentence(&sentence).to_string().chars().count(),
            SENTENCE + 1
        );
    }
}

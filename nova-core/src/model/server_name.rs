//! The names of servers, and what people write about them.

use super::bounded_text::{bounded_text, lines, one_line, trimmed_line};

/// The longest server name, in characters: as in Nova.
pub const MAX_NAME_CHARS: usize = ServerName::MAX_CHARS;

bounded_text!(
    /// A server's name: 1 to 255 characters, no control character, no white space at either end.
    ///
    /// A name is for people. Several servers may have the same one, and none is a file's.
    ServerName, "server name", 1..=255, trimmed_line
);

bounded_text!(
    /// How the names of the wanted servers begin: 1 to 255 characters, no control character.
    NamePrefix, "name prefix", 1..=255, one_line
);

bounded_text!(
    /// What the owner wrote about a server (Nova's `description`): up to 255 characters, none of
    /// them a control character other than a line end or a tab.
    Description, "description", 0..=255, lines
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused() {
        for bad in [
            "",
            " a",
            "a ",
            "a\nb",
            "a\0b",
            "\u{1b}[2J",
            &"x".repeat(256),
            &"ä".repeat(256),
            &"x".repeat(1 << 20),
        ] {
            assert!(ServerName::new(bad).is_err(), "{bad:?} passed");
        }
        for good in [
            "a",
            "web 1",
            "<&,=\"'>",
            &"ä".repeat(255),
            &"\u{1f980}".repeat(255),
            "\u{5d0}\u{200f}",
        ] {
            assert!(ServerName::new(good).is_ok(), "{good:?} was refused");
        }
        assert!(serde_json::from_str::<ServerName>("\"a\\u0000\"").is_err());
    }

    #[test]
    fn a_prefix_may_end_in_the_middle_of_a_name() {
        assert!(NamePrefix::new("web ").is_ok());
        assert!(NamePrefix::new("").is_err());
        assert!(NamePrefix::new("a\0").is_err());
    }

    #[test]
    fn a_description_may_have_lines_and_no_other_control_characters() {
        assert!(Description::new("").is_ok());
        assert!(Description::new("one\r\ntwo\tthree").is_ok());
        assert!(Description::new("\u{1b}[2J").is_err());
        assert!(Description::new("x".repeat(256)).is_err());
    }
}

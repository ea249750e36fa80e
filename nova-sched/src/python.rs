//! Numbers and white space as Python reads them: Nova's options, extra specs and metadata are
//! read by it.

/// What Python's `str.split` splits at, and `str.strip` strips: Unicode white space, and four
/// separators besides.
pub(crate) fn is_python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

/// Python's `text.strip()`.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(is_python_space)
}

/// Python's `float(text)`: white space around it and single underscores between digits are fine.
pub(crate) fn python_float(text: &str) -> Option<f64> {
    let text = strip(text);
    if !text.contains('_') {
        return text.parse().ok();
    }
    underscores_are_fair(text)
        .then(|| text.replace('_', "").parse().ok())
        .flatten()
}

/// Python's `int(text)`, as far as it fits.
pub(crate) fn python_int(text: &str) -> Option<i64> {
    let text = strip(text);
    underscores_are_fair(text).then(|| text.replace('_', "").parse().ok())?
}

/// Whether every underscore stands between two digits.
fn underscores_are_fair(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |place: Option<usize>| {
        place
            .and_then(|place| bytes.get(place))
            .is_some_and(u8::is_ascii_digit)
    };
    let between_digits = |place: usize| digit(place.checked_sub(1)) && digit(place.checked_add(1));
    bytes
        .iter()
        .enumerate()
        .all(|(place, byte)| *byte != b'_' || between_digits(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        for (text, number) in [
            (" 1.5\n", Some(1.5)),
            ("1_000", Some(1000.0)),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("1e3", Some(1000.0)),
            ("inf", Some(f64::INFINITY)),
            (".5", Some(0.5)),
            ("", None),
            ("one", None),
        ] {
            assert_eq!(python_float(text), number, "{text:?}");
        }
        for (text, number) in [
            (" 3 ", Some(3)),
            ("+3", Some(3)),
            ("-3", Some(-3)),
            ("1_0", Some(10)),
            ("007", Some(7)),
            ("1__0", None),
            ("3.0", None),
            ("2,3", None),
            ("", None),
        ] {
            assert_eq!(python_int(text), number, "{text:?}");
        }
    }
}

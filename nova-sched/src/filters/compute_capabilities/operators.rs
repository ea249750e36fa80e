//! The little language of extra specs: `>= 4`, `s== QEMU`, `<or> a <or> b`.

/// Why an extra spec cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperatorError {
    /// A number was asked for, and this is none.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// Nothing follows `<or>`.
    #[error("nothing follows <or>")]
    NoAlternative,
}

/// Whether a value is what an extra spec asks for, by the rules of Nova's `extra_specs_ops`.
///
/// The first word decides: `=` and `>=` (greater or equal), `==`, `!=`, `<=` compare numbers;
/// `s==`, `s!=`, `s<`, `s<=`, `s>`, `s>=` compare text; `<in>` wants a part of the text,
/// `<all-in>` every word as a part; `<or>` wants the first, third, fifth, … word. Otherwise only
/// the first word behind the operator counts, and without one the answer is no. With any other
/// first word, and that includes `>` and `<`, the whole text must be equal.
///
/// ```
/// use nova_sched::filters::matches_extra_spec;
///
/// assert_eq!(matches_extra_spec("8192", ">= 4e3"), Ok(true));
/// assert_eq!(matches_extra_spec("QEMU", "<or> kvm <or> QEMU"), Ok(true));
/// assert_eq!(matches_extra_spec("8", "> 4"), Ok(false));
/// assert!(matches_extra_spec("many", ">= 4").is_err());
/// ```
///
/// # Errors
/// Where Nova raises: a number is asked for and there is none, or nothing follows `<or>`.
pub fn matches_extra_spec(value: &str, wanted: &str) -> Result<bool, OperatorError> {
    let mut words = wanted
        .split(is_python_space)
        .filter(|word| !word.is_empty());
    let Some(operator) = words.next() else {
        return Ok(value == wanted);
    };
    match operator {
        "<or>" => {
            let mut alternatives = words.step_by(2).peekable();
            if alternatives.peek().is_none() {
                return Err(OperatorError::NoAlternative);
            }
            Ok(alternatives.any(|alternative| alternative == value))
        }
        "<all-in>" => {
            let mut words = words.peekable();
            Ok(words.peek().is_some() && words.all(|word| value.contains(word)))
        }
        "=" | ">=" => numbers(value, words.next(), |a, b| a >= b),
        "<=" => numbers(value, words.next(), |a, b| a <= b),
        #[expect(
            clippy::float_cmp,
            reason = "the operator is defined as equality of doubles"
        )]
        "==" => numbers(value, words.next(), |a, b| a == b),
        #[expect(
            clippy::float_cmp,
            reason = "the operator is defined as equality of doubles"
        )]
        "!=" => numbers(value, words.next(), |a, b| a != b),
        "s==" => Ok(words.next().is_some_and(|word| value == word)),
        "s!=" => Ok(words.next().is_some_and(|word| value != word)),
        "s<" => Ok(words.next().is_some_and(|word| value < word)),
        "s<=" => Ok(words.next().is_some_and(|word| value <= word)),
        "s>" => Ok(words.next().is_some_and(|word| value > word)),
        "s>=" => Ok(words.next().is_some_and(|word| value >= word)),
        "<in>" => Ok(words.next().is_some_and(|word| value.contains(word))),
        _ => Ok(value == wanted),
    }
}

fn numbers(
    value: &str,
    wanted: Option<&str>,
    compare: impl FnOnce(f64, f64) -> bool,
) -> Result<bool, OperatorError> {
    let Some(wanted) = wanted else {
        return Ok(false);
    };
    Ok(compare(python_float(value)?, python_float(wanted)?))
}

/// Python's `float(text)`: white space around it and single underscores between digits are fine.
fn python_float(text: &str) -> Result<f64, OperatorError> {
    let not_a_number = || OperatorError::NotANumber(text.to_owned());
    let trimmed = text.trim_matches(is_python_space);
    let bytes = trimmed.as_bytes();
    let digit = |place: Option<usize>| {
        place
            .and_then(|place| bytes.get(place))
            .is_some_and(u8::is_ascii_digit)
    };
    let misplaced = bytes.iter().enumerate().any(|(place, byte)| {
        *byte == b'_' && !(digit(place.checked_sub(1)) && digit(place.checked_add(1)))
    });
    if misplaced {
        return Err(not_a_number());
    }
    trimmed.replace('_', "").parse().map_err(|_| not_a_number())
}

/// What Python's `str.split` splits at: Unicode white space, and four separators besides.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_answer_as_nova_does() {
        use OperatorError::NoAlternative;
        let nan = |text: &str| Err(OperatorError::NotANumber(text.to_owned()));
        let table = [
            // No operator: the whole text.
            ("QEMU", "QEMU", Ok(true)),
            ("QEMU", "qemu", Ok(false)),
            ("", "", Ok(true)),
            ("x", "", Ok(false)),
            (" ", " ", Ok(true)),
            ("a b", "a b", Ok(true)),
            ("1.0", "1", Ok(false)),
            // What looks like an operator and is none.
            ("5", "> 4", Ok(false)),
            ("3", "< 4", Ok(false)),
            ("> 4", "> 4", Ok(true)),
            ("QEMU", "~= QEMU", Ok(false)),
            ("5", ">=4", Ok(false)),
            // Numbers.
            ("4096", "= 4096", Ok(true)),
            ("4097", "= 4096", Ok(true)),
            ("4095", "= 4096", Ok(false)),
            ("4096", ">= 4096.0", Ok(true)),
            ("4096", ">=  4096  ", Ok(true)),
            ("-512", "= -512", Ok(true)),
            ("4095", ">= 4e3", Ok(true)),
            ("10", "== 10.0", Ok(true)),
            ("10.0", "== 10", Ok(true)),
            ("10", "!= 10.0", Ok(false)),
            ("10", "!= 11", Ok(true)),
            ("3", "<= 3", Ok(true)),
            ("4", "<= 3", Ok(false)),
            ("1_000", "== 1000", Ok(true)),
            ("1__0", "== 10", nan("1__0")),
            ("_1", "== 1", nan("_1")),
            ("1_", "== 1", nan("1_")),
            (" 7 ", "== 7", Ok(true)),
            ("inf", ">= 1e308", Ok(true)),
            ("nan", "== nan", Ok(false)),
            ("nan", "!= nan", Ok(true)),
            ("many", "== 1", nan("many")),
            ("1", "== one", nan("one")),
            ("QEMU", "== QEMU", nan("QEMU")),
            ("", ">= 1", nan("")),
            ("0x10", ">= 1", nan("0x10")),
            ("many", ">=", Ok(false)),
            ("5", "== 5 6", Ok(true)),
            ("6", "== 5 6", Ok(false)),
            // Text.
            ("QEMU", "s== QEMU", Ok(true)),
            ("QEMU", "s== QEMU kvm", Ok(true)),
            ("a b", "s== a b", Ok(false)),
            ("QEMU", "s!= QEMU", Ok(false)),
            ("10", "s< 9", Ok(true)),
            ("10", "s<= 10", Ok(true)),
            ("9", "s> 10", Ok(true)),
            ("9", "s>= 9", Ok(true)),
            ("ironic", "s> QEMU", Ok(true)),
            ("QEMU", "s!=", Ok(false)),
            // Parts.
            ("QEMU", "<in> EM", Ok(true)),
            ("QEMU", "<in> em", Ok(false)),
            ("QEMU", "<in> EM xx", Ok(true)),
            ("QEMU", "<in>", Ok(false)),
            ("['aes', 'avx']", "<all-in> aes avx", Ok(true)),
            ("['aes', 'avx']", "<all-in> aes sse", Ok(false)),
            ("QEMU", "<all-in>", Ok(false)),
            // Alternatives.
            ("b", "<or> a <or> b", Ok(true)),
            ("b", "<or> a b", Ok(false)),
            ("c", "<or> a b c", Ok(true)),
            ("<or>", "<or> <or> b", Ok(true)),
            ("b", "<or> <or> b", Ok(false)),
            ("a", "<or> a <or>", Ok(true)),
            ("x", "<or>", Err(NoAlternative)),
            ("x", " <or> ", Err(NoAlternative)),
            // Python's idea of white space.
            ("7", ">=\u{1f}7", Ok(true)),
            ("7", ">=\u{a0}7", Ok(true)),
        ];
        for (value, wanted, answer) in table {
            assert_eq!(
                matches_extra_spec(value, wanted),
                answer,
                "{value:?} against {wanted:?}"
            );
        }
    }
}

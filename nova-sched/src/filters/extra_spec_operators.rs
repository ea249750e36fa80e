//! The little language of extra specs: `>= 4`, `s== QEMU`, `<or> a <or> b`.

use super::attributes::nearest;
use crate::python::{is_python_space, python_float};

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
    Wish::new(wanted).holds(value)
}

/// An extra spec's value, taken apart once to be held against many hosts.
#[derive(Debug, Clone)]
pub(super) struct Wish<'a> {
    /// The whole text.
    text: &'a str,
    test: Test<'a>,
}

#[derive(Debug, Clone)]
enum Test<'a> {
    /// The whole text must be equal.
    Whole,
    /// What follows the operator is missing.
    Never,
    /// Numbers: the comparison, and the operand.
    Number(Comparison, &'a str, Option<f64>),
    /// Text: the comparison, and the operand.
    Text(Comparison, &'a str),
    /// A part of the text.
    Part(&'a str),
    /// Parts of the text.
    AllParts(Vec<&'a str>),
    /// One of these.
    Alternatives(Vec<&'a str>),
    /// Nothing follows `<or>`.
    NoAlternative,
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    AtMost,
    More,
    AtLeast,
}

impl Comparison {
    fn holds<T: PartialOrd + ?Sized>(self, one: &T, other: &T) -> bool {
        match self {
            Self::Equal => one == other,
            Self::NotEqual => one != other,
            Self::Less => one < other,
            Self::AtMost => one <= other,
            Self::More => one > other,
            Self::AtLeast => one >= other,
        }
    }
}

impl<'a> Wish<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut words = text.split(is_python_space).filter(|word| !word.is_empty());
        let test = match words.next() {
            Some("<or>") => {
                let alternatives: Vec<_> = words.step_by(2).collect();
                if alternatives.is_empty() {
                    Test::NoAlternative
                } else {
                    Test::Alternatives(alternatives)
                }
            }
            Some("<all-in>") => {
                let words: Vec<_> = words.collect();
                if words.is_empty() {
                    Test::Never
                } else {
                    Test::AllParts(words)
                }
            }
            Some(operator) => match (operand(operator), words.next()) {
                (None, _) => Test::Whole,
                (Some(_), None) => Test::Never,
                (Some(test), Some(word)) => test(word),
            },
            None => Test::Whole,
        };
        Self { text, test }
    }

    /// The whole text.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Whether a value is what is wanted.
    pub(super) fn holds(&self, value: &str) -> Result<bool, OperatorError> {
        Ok(match &self.test {
            Test::Whole => value == self.text,
            Test::Never => false,
            Test::Number(comparison, text, wanted) => {
                let number = number(value)?;
                comparison.holds(&number, &wanted.map_or_else(|| self::number(text), Ok)?)
            }
            Test::Text(comparison, wanted) => comparison.holds(value, wanted),
            Test::Part(part) => value.contains(part),
            Test::AllParts(parts) => parts.iter().all(|part| value.contains(part)),
            Test::Alternatives(words) => words.contains(&value),
            Test::NoAlternative => return Err(OperatorError::NoAlternative),
        })
    }

    /// The same for a whole number, which is written out only where text is compared.
    pub(super) fn holds_for(&self, value: i128) -> Result<bool, OperatorError> {
        match &self.test {
            Test::Number(comparison, _, Some(wanted)) => {
                Ok(comparison.holds(&nearest(value), wanted))
            }
            _ => self.holds(&value.to_string()),
        }
    }
}

/// The test that an operator makes of its operand; `None` if it is no operator.
fn operand<'a>(operator: &str) -> Option<fn(&'a str) -> Test<'a>> {
    macro_rules! tests {
        ($($operator:literal => $kind:ident $comparison:ident,)+) => {
            match operator {
                $($operator => Some(|word| tests!(@ $kind $comparison word)),)+
                "<in>" => Some(Test::Part),
                _ => None,
            }
        };
        (@ Number $comparison:ident $word:ident) => {
            Test::Number(Comparison::$comparison, $word, number($word).ok())
        };
        (@ Text $comparison:ident $word:ident) => {
            Test::Text(Comparison::$comparison, $word)
        };
    }
    tests! {
        "=" => Number AtLeast,
        ">=" => Number AtLeast,
        "<=" => Number AtMost,
        "==" => Number Equal,
        "!=" => Number NotEqual,
        "s==" => Text Equal,
        "s!=" => Text NotEqual,
        "s<" => Text Less,
        "s<=" => Text AtMost,
        "s>" => Text More,
        "s>=" => Text AtLeast,
    }
}

fn number(text: &str) -> Result<f64, OperatorError> {
    python_float(text).ok_or_else(|| OperatorError::NotANumber(text.to_owned()))
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

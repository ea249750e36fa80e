//! Values of capabilities, and the text that Nova compares them as.

use std::cmp::Ordering;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value as Python's `json` module reads it. Maps keep their order, which shows in their text.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::filters) enum Value {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// What Nova holds as an object: nothing to compare with, and whether Python counts it as
    /// true.
    Object(bool),
}

impl Value {
    /// Reads JSON text.
    pub(in crate::filters) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The entry of a map.
    pub(in crate::filters) fn entry(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// Whether Python counts it as true: what is not nothing, zero or empty.
    pub(in crate::filters) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) | Self::Object(value) => *value,
            Self::Integer(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Map(entries) => !entries.is_empty(),
        }
    }

    /// Python's `==`: numbers and booleans by their amount, maps without regard to order.
    pub(in crate::filters) fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.equals(b))
            }
            (Self::Map(one), Self::Map(_)) => {
                let same = |(key, value): &(String, Self)| {
                    other.entry(key).is_some_and(|known| known.equals(value))
                };
                other.len() == one.len() && one.iter().all(same)
            }
            (one, other) => one.order_of_numbers(other) == Some(Some(Ordering::Equal)),
        }
    }

    /// How Python orders two values: `None` where it raises, since they do not compare, and
    /// `Some(None)` where one of them is not a number (NaN).
    pub(in crate::filters) fn order(&self, other: &Self) -> Option<Option<Ordering>> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(Some(one.cmp(other))),
            (Self::List(one), Self::List(other)) => {
                match one.iter().zip(other).find(|(a, b)| !a.equals(b)) {
                    Some((a, b)) => a.order(b),
                    None => Some(Some(one.len().cmp(&other.len()))),
                }
            }
            (one, other) => one.order_of_numbers(other),
        }
    }

    /// The order of two numbers or booleans; `None` if they are not.
    fn order_of_numbers(&self, other: &Self) -> Option<Option<Ordering>> {
        let whole = |value: &Self| match value {
            Self::Bool(value) => Some(i128::from(*value)),
            Self::Integer(number) => Some(*number),
            _ => None,
        };
        if let (Some(one), Some(other)) = (whole(self), whole(other)) {
            return Some(Some(one.cmp(&other)));
        }
        let float = |value: &Self| match value {
            Self::Float(number) => Some(*number),
            other => whole(other).map(nearest),
        };
        Some(float(self)?.partial_cmp(&float(other)?))
    }

    /// A whole number or a boolean as a number.
    pub(super) fn to_integer(&self) -> Option<Self> {
        match self {
            Self::Integer(number) => Some(Self::Integer(*number)),
            Self::Bool(value) => Some(Self::Integer(i128::from(*value))),
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Map(entries) => entries.len(),
            _ => 0,
        }
    }
}

/// The double nearest to a whole number.
#[expect(
    clippy::cast_precision_loss,
    reason = "numbers beyond 2^53 are compared as Python's float() gives them"
)]
pub(in crate::filters) fn nearest(number: i128) -> f64 {
    number as f64
}

/// Python's `str(value)`: text as it is, but quoted inside of lists and maps.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            other => write_repr(other, f),
        }
    }
}

fn write_repr(value: &Value, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match value {
        Value::Null => f.write_str("None"),
        Value::Bool(true) => f.write_str("True"),
        Value::Bool(false) => f.write_str("False"),
        Value::Integer(number) => write!(f, "{number}"),
        Value::Float(number) => write_float(*number, f),
        Value::Text(text) => write_quoted(text, f),
        Value::List(items) => {
            f.write_str("[")?;
            for (place, item) in items.iter().enumerate() {
                f.write_str(if place == 0 { "" } else { ", " })?;
                write_repr(item, f)?;
            }
            f.write_str("]")
        }
        Value::Object(_) => f.write_str("<object>"),
        Value::Map(entries) => {
            f.write_str("{")?;
            for (place, (key, value)) in entries.iter().enumerate() {
                f.write_str(if place == 0 { "" } else { ", " })?;
                write_quoted(key, f)?;
                f.write_str(": ")?;
                write_repr(value, f)?;
            }
            f.write_str("}")
        }
    }
}

/// Python's `repr` of a float: the shortest digits that read back, with an exponent from 1e16 up
/// and below 1e-4.
fn write_float(number: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let magnitude = number.abs();
    if number.is_nan() {
        f.write_str("nan")
    } else if number != 0.0 && number.is_finite() && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        write!(f, "{digits}e{sign}{exponent:0>2}")
    } else {
        write!(f, "{number:?}")
    }
}

/// Python's `repr` of text: single quotes, unless only double quotes need no escape.
fn write_quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    write!(f, "{quote}")?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\\' => f.write_str("\\\\")?,
            c if c == quote => write!(f, "\\{c}")?,
            c if c.is_control() => write!(f, "\\x{:02x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    write!(f, "{quote}")
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(i128::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(i128::from(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some((key, value)) = access.next_entry::<String, Value>()? {
            // The last of equal keys counts, in the place of the first.
            match entries.iter_mut().find(|(known, _)| *known == key) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
        }
        Ok(Value::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_pythons() {
        let table = [
            ("true", "True"),
            ("null", "None"),
            ("16", "16"),
            ("-3", "-3"),
            ("1.0", "1.0"),
            ("0.5", "0.5"),
            ("1e16", "1e+16"),
            ("1e15", "1000000000000000.0"),
            ("12e-6", "1.2e-05"),
            ("0.0001", "0.0001"),
            ("1e300", "1e+300"),
            ("\"a 'b'\"", "a 'b'"),
            ("[\"aes\", \"sse4.2\"]", "['aes', 'sse4.2']"),
            ("[\"it's\"]", "[\"it's\"]"),
            ("[\"'\\\"\"]", "['\\'\"']"),
            ("[\"a\\nb\\\\\"]", "['a\\nb\\\\']"),
            (
                "{\"z\": 1, \"a\": [true, null], \"z\": 2}",
                "{'z': 2, 'a': [True, None]}",
            ),
            ("[]", "[]"),
            ("{}", "{}"),
        ];
        for (json, text) in table {
            assert_eq!(Value::from_json(json).unwrap().to_string(), text, "{json}");
        }
        assert_eq!(Value::from_json("not json"), None);
    }
}

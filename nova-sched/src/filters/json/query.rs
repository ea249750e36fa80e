//! A query, read once and asked of many hosts.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::filters::attributes::{self, Value};
use crate::fleet::HostView;
use crate::text::Brief;

/// The longest query that is read: it is read again for every host that it refuses.
const MOST_BYTES: usize = 64 * 1024;

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Query {
    /// It is empty, and true of every host.
    Always,
    /// An operator with its arguments.
    Apply(Operator, Vec<Argument>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Less,
    More,
    AtMost,
    AtLeast,
    In,
    Not,
    Or,
    And,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Argument {
    Query(Query),
    /// An attribute, and the keys that lead from there.
    Path(String, Vec<String>),
    /// Anything else.
    Value(Value),
}

impl Query {
    /// Reads JSON.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.len() > MOST_BYTES {
            return Err(format!("it is longer than {MOST_BYTES} bytes"));
        }
        let value = Value::from_json(text).ok_or("it is not JSON, or nested too deeply")?;
        match value {
            Value::Text(text) if !text.is_empty() => {
                // Python takes text for a list of its characters.
                let letters = text.chars().map(|letter| Value::Text(letter.to_string()));
                Self::of_list(letters.collect())
            }
            Value::List(items) => Self::of_list(items),
            other if !other.is_truthy() => Ok(Self::Always),
            _ => Err("it is not a list".to_owned()),
        }
    }

    fn of_list(items: Vec<Value>) -> Result<Self, String> {
        let mut items = items.into_iter();
        let operator = match items.next() {
            None => return Ok(Self::Always),
            Some(Value::Text(name)) => {
                Operator::of_name(&name).ok_or_else(|| no_operator(&name))?
            }
            Some(other) => return Err(no_operator(&other.to_string())),
        };
        let mut arguments = Vec::new();
        for item in items {
            arguments.extend(Argument::of(item)?);
        }
        Ok(Self::Apply(operator, arguments))
    }

    /// Whether it is true of a host; or why that cannot be said.
    pub(super) fn is_true_of(&self, host: &HostView<'_>) -> Result<bool, String> {
        Ok(match self.answer(host)? {
            // The outermost `not` is true if any of its answers is.
            Value::List(answers) => answers.iter().any(Value::is_truthy),
            answer => answer.is_truthy(),
        })
    }

    fn answer(&self, host: &HostView<'_>) -> Result<Value, String> {
        let Self::Apply(operator, arguments) = self else {
            return Ok(Value::Bool(true));
        };
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.extend(argument.value(host)?);
        }
        operator.apply(&values)
    }
}

fn no_operator(name: &str) -> String {
    format!("there is no operator `{}`", Brief::value(name))
}

impl Operator {
    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "=" => Self::Equal,
            "<" => Self::Less,
            ">" => Self::More,
            "<=" => Self::AtMost,
            ">=" => Self::AtLeast,
            "in" => Self::In,
            "not" => Self::Not,
            "or" => Self::Or,
            "and" => Self::And,
            _ => return None,
        })
    }

    fn apply(self, values: &[Cow<'_, Value>]) -> Result<Value, String> {
        let ordered = |holds: fn(Ordering) -> bool| {
            let mut all = true;
            for (one, other) in pairs(values) {
                let order = one.order(other).ok_or_else(|| {
                    let (one, other) = (one.to_string(), other.to_string());
                    let (one, other) = (Brief::value(&one), Brief::value(&other));
                    format!("`{one}` and `{other}` do not compare")
                })?;
                all &= order.is_some_and(holds);
            }
            Ok::<_, String>(all && values.len() > 1)
        };
        Ok(Value::Bool(match self {
            Self::Equal => values.len() > 1 && pairs(values).all(|(one, other)| one.equals(other)),
            Self::In => pairs(values).any(|(one, other)| one.equals(other)),
            Self::Less => ordered(Ordering::is_lt)?,
            Self::More => ordered(Ordering::is_gt)?,
            Self::AtMost => ordered(Ordering::is_le)?,
            Self::AtLeast => ordered(Ordering::is_ge)?,
            Self::And => values.iter().all(|value| value.is_truthy()),
            Self::Or => values.iter().any(|value| value.is_truthy()),
            Self::Not => {
                let answers = values.iter().map(|value| Value::Bool(!value.is_truthy()));
                return Ok(Value::List(answers.collect()));
            }
        }))
    }
}

/// The first value with each of the others.
fn pairs<'a>(values: &'a [Cow<'_, Value>]) -> impl Iterator<Item = (&'a Value, &'a Value)> {
    let (first, rest) = values
        .split_first()
        .map_or((None, values), |(one, rest)| (Some(one), rest));
    let pair = move |other: &'a Cow<'_, Value>| Some((first?.as_ref(), other.as_ref()));
    rest.iter().filter_map(pair)
}

impl Argument {
    /// Reads an argument; `None` if it never has a value.
    fn of(value: Value) -> Result<Option<Self>, String> {
        Ok(Some(match value {
            Value::Null => return Ok(None),
            Value::Text(text) if text.is_empty() => return Ok(None),
            Value::Text(text) => match text.strip_prefix('$') {
                Some(path) => {
                    let mut names = path.split('.').map(str::to_owned);
                    Self::Path(names.next().unwrap_or_default(), names.collect())
                }
                None => Self::Value(Value::Text(text)),
            },
            Value::List(items) => Self::Query(Query::of_list(items)?),
            other => Self::Value(other),
        }))
    }

    fn value(&self, host: &HostView<'_>) -> Result<Option<Cow<'_, Value>>, String> {
        Ok(match self {
            Self::Query(query) => Some(Cow::Owned(query.answer(host)?)),
            Self::Path(first, rest) => follow(host, first, rest)?.map(Cow::Owned),
            Self::Value(value) => Some(Cow::Borrowed(value)),
        })
    }
}

/// The value at the end of a path; `None` if there is none.
fn follow(host: &HostView<'_>, first: &str, rest: &[String]) -> Result<Option<Value>, String> {
    let start = match (first, rest) {
        ("service", [_, ..]) => Some(attributes::service(host)),
        // Nova holds addresses as objects, which equal no text.
        ("host_ip", _) => host.host_ip().map(|_| Value::Object(true)),
        _ => attributes::attribute(host, first),
    };
    let mut value = match start {
        Some(value) => value,
        None => return Ok(None),
    };
    for name in rest {
        let Value::Map(_) = &value else {
            let name = Brief::value(name);
            return Err(format!("`{name}` is looked for in what is no map"));
        };
        value = match value.entry(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(found) => found.clone(),
        };
    }
    Ok(Some(value))
}

//! Names and how much each counts: Nova's `weight_setting` options.

use crate::python::{python_float, strip};

/// Reads a list of `name=number`, as Nova does: the name is what stands before the first `=`, with
/// any white space; what is not of this form is passed over. (A [`Registry`](crate::Registry)
/// refuses such a configuration, unless it is to
/// [be ignored](crate::registry::Compatibility::malformed_settings_ignored).)
///
/// ```
/// use nova_sched::weighers::parse_weight_setting;
///
/// let options = ["cpu.percent=-2", "cpu.frequency", "=1", "os_distro=often"].map(str::to_owned);
/// assert_eq!(parse_weight_setting(&options), [("cpu.percent".to_owned(), -2.0)]);
/// ```
pub fn parse_weight_setting(options: &[String]) -> Vec<(String, f64)> {
    let pairs = options.iter().filter_map(|option| {
        let (name, number) = option.split_once('=')?;
        let number = python_float(number)?;
        (!name.is_empty()).then(|| (name.to_owned(), number))
    });
    pairs.collect()
}

/// Why one of them says nothing, or not what whoever wrote it meant.
pub(crate) fn weight_setting_problem(option: &str) -> Option<String> {
    let Some((name, number)) = option.split_once('=') else {
        return Some(format!("`{option}` is not of the form name=number"));
    };
    if name.is_empty() {
        return Some(format!("`{option}` names nothing"));
    }
    if strip(name) != name {
        return Some(format!(
            "`{option}`: the white space would be part of the name"
        ));
    }
    match python_float(number) {
        None => Some(format!("`{option}`: `{number}` is no number")),
        Some(number) if !number.is_finite() => Some(format!("`{option}`: {number} is not finite")),
        Some(_) => None,
    }
}

//! Names and how much each counts: Nova's `weight_setting` options.

use crate::python::python_float;

/// Reads a list of `name=number`, as Nova does: the name is what stands before the first `=`, with
/// any white space; what is not of this form is passed over.
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

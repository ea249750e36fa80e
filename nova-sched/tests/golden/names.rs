//! Filters that a case speaks of.

/// A difference for each filter that a case expects something of, though the recording does not
/// list it: nothing would be compared to what is expected.
pub fn unlisted<'a>(expected: impl Iterator<Item = &'a String>, listed: &[String]) -> Vec<String> {
    expected
        .filter(|name| !listed.contains(name))
        .map(|name| format!("{name}: expected of, but not among the recording's filters"))
        .collect()
}

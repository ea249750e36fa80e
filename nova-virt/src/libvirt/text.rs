//! Which text a domain's description can hold.

/// Whether the text comes back from libvirt as it went in.
///
/// XML 1.0 has no way to say most control characters, nor U+FFFE and U+FFFF, and libvirt writes
/// those that it has (tabs, line ends) in a way that makes blanks of them.
pub(super) fn survives(text: &str) -> bool {
    !text
        .chars()
        .any(|c| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// The name that people gave a guest, if it can be its domain's title.
pub(super) fn title(name: &str) -> Option<&str> {
    (!name.trim().is_empty() && survives(name)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_title_or_is_not_but_never_another_name() {
        for fit in ["web", "<&>\"']]>", "a  b", "\u{1f980}", "\u{202e}x"] {
            assert_eq!(title(fit), Some(fit));
        }
        for unfit in ["", " ", "a\nb", "\t", "\u{1b}[2J", "\u{85}", "\u{fffe}"] {
            assert_eq!(title(unfit), None, "{unfit:?}");
        }
    }
}

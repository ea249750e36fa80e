//! What a server's guest calls itself.

use super::ServerName;
use super::bounded_text::bounded_text;
use crate::id::ServerId;

bounded_text!(
    /// A host name inside the guest: one label of a domain name as RFC 1123 has it, 1 to 63 ASCII
    /// letters, digits and hyphens, no hyphen at either end.
    ///
    /// ```
    /// use nova_core::id::ServerId;
    /// use nova_core::model::Hostname;
    ///
    /// let id: ServerId = "6f70656e-7374-6163-6b2d-342e302e3000".parse()?;
    /// assert_eq!(Hostname::of(&"Web_1 (new)".parse()?, id).as_str(), "web-1-new");
    /// assert!(Hostname::new("-web").is_err());
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    Hostname, "hostname", 1..=63, label
);

impl Hostname {
    /// The host name of a server with this name: runs of white space, `_` and `.` become a hyphen,
    /// other characters that a label cannot have are left out, letters become small, and what is
    /// too long is cut off. `server-` and the id if nothing is left, as Nova does for names in
    /// scripts that a label cannot have.
    pub fn of(name: &ServerName, id: ServerId) -> Self {
        let mut label = String::new();
        for c in name.as_str().chars() {
            let separates = c.is_whitespace() || matches!(c, '_' | '.' | '-');
            if separates && !label.ends_with('-') && !label.is_empty() {
                label.push('-');
            } else if c.is_ascii_alphanumeric() {
                label.push(c.to_ascii_lowercase());
            }
        }
        label.truncate(Self::MAX_CHARS);
        label.truncate(label.trim_end_matches('-').len());
        if label.is_empty() {
            label = format!("server-{id}");
        }
        Self(label)
    }
}

fn label(text: &str) -> Option<&'static str> {
    if text.starts_with('-') || text.ends_with('-') {
        return Some("it begins or ends with a hyphen");
    }
    let fits = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (!fits).then_some("it has other characters than letters, digits and hyphens")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_label_is_a_hostname() {
        let long = "x".repeat(64);
        for bad in ["", "-a", "a-", "a.b", "a b", "ä", "a\0", "a_b", &long] {
            assert!(Hostname::new(bad).is_err(), "{bad:?} passed");
        }
        for good in ["a", "A-1", "1", &long[..63]] {
            assert!(Hostname::new(good).is_ok(), "{good:?} was refused");
        }
        assert!(serde_json::from_str::<Hostname>("\"a.b\"").is_err());
    }

    #[test]
    fn every_name_gives_a_label() {
        let id = ServerId::from_uuid(uuid::Uuid::from_u128(7));
        let of = |name: &str| Hostname::of(&name.parse().unwrap(), id).to_string();
        assert_eq!(of("web"), "web");
        assert_eq!(of("Web_1 .. x"), "web-1-x");
        assert_eq!(of("--a--"), "a");
        assert_eq!(of("ärger"), "rger");
        assert_eq!(of("\u{5d0}\u{1f980}"), format!("server-{id}"));
        assert_eq!(of("..."), format!("server-{id}"));
        let cut = of(&format!("{}-b", "a".repeat(62)));
        assert_eq!(cut, "a".repeat(62));
        for name in ["x".repeat(255), "- ".repeat(100) + "é.", "_".repeat(255)] {
            assert!(Hostname::new(of(&name)).is_ok(), "{name}");
        }
    }
}

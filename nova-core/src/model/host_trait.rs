//! Traits of hosts.

use crate::checked_text::checked_text;
use crate::error::Error;

checked_text!(
    /// Something that a host has or can do, by the names of OpenStack's `os-traits`, as in
    /// `HW_CPU_X86_AVX2`: 1 to 255 capital letters, digits and `_`.
    ///
    /// Those that begin with `CUSTOM_` are an operator's own.
    ///
    /// ```
    /// use nova_core::model::HostTrait;
    ///
    /// let gold: HostTrait = "CUSTOM_GOLD".parse()?;
    /// assert!(gold.is_custom());
    /// assert!("avx2".parse::<HostTrait>().is_err());
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    HostTrait,
    |name| {
        let valid = (1..=HostTrait::MAX_CHARS).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        match valid {
            true => Ok(()),
            false => Err(Error::invalid(
                "trait",
                "it is not 1 to 255 of A to Z, 0 to 9 and _",
            )),
        }
    }
);

impl HostTrait {
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 255;

    /// Whether it is an operator's own.
    pub fn is_custom(&self) -> bool {
        self.as_str().starts_with("CUSTOM_")
    }
}

impl AsRef<str> for HostTrait {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl std::borrow::Borrow<str> for HostTrait {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused() {
        for bad in ["", "a", "A-B", "A B", "A\0", "\u{c4}", &"A".repeat(256)] {
            assert!(HostTrait::new(bad).is_err(), "{bad:?} passed");
        }
        for good in ["A", "HW_CPU_X86_AVX2", "CUSTOM_1", &"A".repeat(255)] {
            assert!(HostTrait::new(good).is_ok(), "{good:?} was refused");
        }
        assert!(serde_json::from_str::<HostTrait>("\"gold\"").is_err());
        assert!(!HostTrait::new("CUSTOMER").unwrap().is_custom());
    }
}

//! A flavor and an image, and what both say of one thing.

use std::collections::BTreeMap;
use std::str::FromStr;

use nova_core::model::ImageProperties;

use super::NumaFlavorError;

/// A flavor and an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) extra_specs: &'a BTreeMap<String, String>,
    pub(super) vcpus: u16,
    pub(super) memory: u64,
    pub(super) image: &'a ImageProperties,
}

impl<'a> Source<'a> {
    /// An extra spec that is not empty.
    pub(super) fn spec(&self, key: &str) -> Option<&'a str> {
        self.extra_specs
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// An extra spec of a type.
    pub(super) fn parsed<T: FromStr>(
        &self,
        key: &'static str,
        problem: &'static str,
    ) -> Result<Option<T>, NumaFlavorError> {
        self.spec(key)
            .map(|value| value.parse().map_err(|_| malformed(key, value, problem)))
            .transpose()
    }

    /// Extra specs that are numbered from 0 on, as far as there is no gap.
    pub(super) fn numbered(&self, prefix: &str) -> impl Iterator<Item = (String, &'a str)> {
        let keys = (0..super::super::NumaRequest::MAX_CELLS).map(move |n| format!("{prefix}.{n}"));
        let specs = self.extra_specs;
        keys.map_while(move |key| {
            let value = specs.get(&key)?;
            Some((key, &**value))
        })
    }

    /// Whether a flag is set, as Nova reads one.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let value = self.extra_specs.get(key)?.trim().to_lowercase();
        Some(matches!(&*value, "1" | "t" | "true" | "on" | "y" | "yes"))
    }
}

pub(super) fn malformed(key: &str, value: &str, problem: &'static str) -> NumaFlavorError {
    NumaFlavorError::Malformed {
        key: key.into(),
        value: value.into(),
        problem,
    }
}

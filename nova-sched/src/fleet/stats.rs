//! The counters that hosts report as text, held in little memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Texts by name, as a host's agent reports them: a map for reading. Hosts that report the same
/// names share them.
///
/// ```
/// use nova_sched::{Fleet, HostState};
///
/// let stats = [("io_workload".to_owned(), "2".to_owned())].into();
/// let host = HostState::new("node-1".parse()?, "az1".parse()?).with_stats(stats);
/// let fleet = Fleet::builder().host(host).build();
/// let host = fleet.find(&"node-1".parse()?).expect("it was just added");
/// assert_eq!(host.stats().get("io_workload"), Some("2"));
/// assert_eq!(host.stats().iter().next(), Some(("io_workload", "2")));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Ascending.
    names: Names,
    /// All texts, one behind the other.
    texts: Box<str>,
    /// Where each of them ends.
    ends: Box<[u32]>,
}

type Names = Arc<[Box<str>]>;

impl Stats {
    /// The text of a name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.names.binary_search_by(|other| (**other).cmp(name));
        self.text(found.ok()?)
    }

    /// Whether there is a text of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names and texts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let names = self.names.iter().enumerate();
        names.filter_map(|(place, name)| Some((name.as_ref(), self.text(place)?)))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The same as a map.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        self.iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect()
    }

    fn text(&self, place: usize) -> Option<&str> {
        let end = |place: usize| usize::try_from(*self.ends.get(place)?).ok();
        let from = place.checked_sub(1).map_or(Some(0), end)?;
        self.texts.get(from..end(place)?)
    }
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// The sets of names that were met.
#[derive(Debug, Clone, Default)]
pub(super) struct StatNames(Vec<Names>);

impl StatNames {
    /// So many sets are remembered; others are not shared.
    const MOST: usize = 64;

    /// The texts of a host.
    pub(super) fn pack(&mut self, stats: &BTreeMap<String, String>) -> Stats {
        let mut texts = String::new();
        let ends = stats.values().map(|text| {
            texts.push_str(text);
            // Texts of more than 4 GiB are not kept by any host.
            u32::try_from(texts.len()).unwrap_or(u32::MAX)
        });
        let ends = ends.collect();
        Stats {
            names: self.share(stats),
            ends,
            texts: texts.into(),
        }
    }

    fn share(&mut self, stats: &BTreeMap<String, String>) -> Names {
        let same = |names: &&Names| {
            names.len() == stats.len()
                && names
                    .iter()
                    .zip(stats.keys())
                    .all(|(one, other)| **one == **other)
        };
        if let Some(names) = self.0.iter().find(same) {
            return names.clone();
        }
        let names: Names = stats.keys().map(|name| name.as_str().into()).collect();
        if self.0.len() < Self::MOST {
            self.0.push(names.clone());
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_name() {
        let map: BTreeMap<String, String> = [("b", "2"), ("a", ""), ("c", "läuft"), ("d", "4")]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .into();
        let mut names = StatNames::default();
        let stats = names.pack(&map);
        assert_eq!(stats.to_map(), map);
        assert_eq!((stats.get("a"), stats.get("c")), (Some(""), Some("läuft")));
        assert_eq!((stats.get("e"), stats.contains("d")), (None, true));
        assert_eq!((stats.len(), stats.is_empty()), (4, false));
        let again = names.pack(&map);
        assert!(Arc::ptr_eq(&stats.names, &again.names));
        assert_eq!(stats, again);
        assert!(names.pack(&BTreeMap::new()).is_empty());
        assert_eq!(Stats::default().iter().count(), 0);
    }
}

//! Sets of CPUs.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::NumaError;

const BITS: u16 = 64;

/// A set of CPUs by number: one bit each between the lowest and the highest, so that a socket's
/// share of a large host takes a few words, and the empty set takes no memory of its own.
///
/// As text it is a list of numbers and ranges, of which those after `^` are left out (Nova's
/// `parse_cpu_spec`); serialised it is a sorted list of numbers.
///
/// ```
/// use nova_sched::numa::CpuSet;
///
/// let cpus: CpuSet = "0-3,8,^2".parse()?;
/// assert_eq!(cpus.iter().collect::<Vec<_>>(), [0, 1, 3, 8]);
/// assert_eq!(cpus.to_string(), "0-1,3,8");
/// assert!(CpuSet::from_iter([1, 3]).is_subset(&cpus));
/// # Ok::<(), nova_sched::numa::NumaError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CpuSet {
    /// The number of the first word, of which neither it nor the last is zero.
    first: u16,
    words: Box<[u64]>,
}

impl CpuSet {
    /// The set of none.
    pub fn new() -> Self {
        Self::default()
    }

    /// The CPUs below a number.
    ///
    /// ```
    /// # use nova_sched::numa::CpuSet;
    /// assert_eq!(CpuSet::below(3).iter().collect::<Vec<_>>(), [0, 1, 2]);
    /// ```
    pub fn below(end: u16) -> Self {
        (0..end).collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| usize::try_from(word.count_ones()).unwrap_or(0))
            .sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a CPU is one of them.
    pub fn contains(&self, cpu: u16) -> bool {
        self.word(cpu / BITS) >> (cpu % BITS) & 1 == 1
    }

    /// Those that are in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        if self.is_empty() {
            return other.clone();
        }
        let first = self.first.min(other.first);
        let end = self.end().max(other.end());
        Self::from_words(first, (first..end).map(|at| self.word(at) | other.word(at)))
    }

    /// Those that are in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.map_words(|at, word| word & other.word(at))
    }

    /// Those that are not in the other set.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        self.map_words(|at, word| word & !other.word(at))
    }

    /// Whether both sets have none in common.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.numbered().all(|(at, word)| word & other.word(at) == 0)
    }

    /// Whether all are in the other set.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.numbered()
            .all(|(at, word)| word & !other.word(at) == 0)
    }

    /// How many are not in the other set.
    pub fn count_outside(&self, other: &Self) -> usize {
        self.numbered()
            .map(|(at, word)| (word & !other.word(at)).count_ones())
            .map(|ones| usize::try_from(ones).unwrap_or(0))
            .sum()
    }

    /// Their numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.numbered().flat_map(|(at, word)| Bits { at, word })
    }

    /// The numbers of those that are in both sets, ascending.
    pub(super) fn iter_common<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = u16> + 'a {
        let both = self
            .numbered()
            .map(|(at, word)| (at, word & other.word(at)));
        both.flat_map(|(at, word)| Bits { at, word })
    }

    fn end(&self) -> u16 {
        // At most 1024 words hold all numbers.
        self.first + u16::try_from(self.words.len()).unwrap_or(u16::MAX)
    }

    fn word(&self, at: u16) -> u64 {
        at.checked_sub(self.first)
            .and_then(|place| self.words.get(usize::from(place)))
            .copied()
            .unwrap_or(0)
    }

    fn numbered(&self) -> impl Iterator<Item = (u16, u64)> + '_ {
        (self.first..).zip(self.words.iter().copied())
    }

    fn map_words(&self, mut map: impl FnMut(u16, u64) -> u64) -> Self {
        Self::from_words(self.first, self.numbered().map(|(at, word)| map(at, word)))
    }

    fn from_words(first: u16, words: impl Iterator<Item = u64>) -> Self {
        let mut words: Vec<u64> = words.collect();
        while words.last() == Some(&0) {
            words.pop();
        }
        let zeros = words.iter().take_while(|word| **word == 0).count();
        words.drain(..zeros);
        if words.is_empty() {
            return Self::default();
        }
        Self {
            first: first + u16::try_from(zeros).unwrap_or(0),
            words: words.into(),
        }
    }
}

/// The CPUs of one word.
struct Bits {
    at: u16,
    word: u64,
}

impl Iterator for Bits {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let bit = u16::try_from(self.word.trailing_zeros()).ok()?;
        self.word = self.word.checked_sub(1)? & self.word;
        Some(self.at * BITS + bit)
    }
}

impl FromIterator<u16> for CpuSet {
    fn from_iter<I: IntoIterator<Item = u16>>(cpus: I) -> Self {
        let mut words = Vec::new();
        for cpu in cpus {
            let at = usize::from(cpu / BITS);
            if words.len() <= at {
                words.resize(at + 1, 0_u64);
            }
            if let Some(word) = words.get_mut(at) {
                *word |= 1 << (cpu % BITS);
            }
        }
        Self::from_words(0, words.into_iter())
    }
}

impl Extend<u16> for CpuSet {
    fn extend<I: IntoIterator<Item = u16>>(&mut self, cpus: I) {
        *self = self.union(&cpus.into_iter().collect());
    }
}

impl FromStr for CpuSet {
    type Err = NumaError;

    /// Reads what Nova's `parse_cpu_spec` reads. Text without any number is the empty set.
    fn from_str(text: &str) -> Result<Self, NumaError> {
        let (mut within, mut without) = (Self::new(), Self::new());
        for rule in text
            .split(',')
            .map(str::trim)
            .filter(|rule| !rule.is_empty())
        {
            let (set, range) = match rule.strip_prefix('^') {
                Some(range) => (&mut without, range),
                None => (&mut within, rule),
            };
            set.extend(read_range(range).ok_or_else(|| NumaError::CpuSet { text: rule.into() })?);
        }
        Ok(within.difference(&without))
    }
}

fn read_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some(first..=last)
}

impl fmt::Display for CpuSet {
    /// Numbers and ranges, as in `0-3,8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut cpus = self.iter().peekable();
        let mut separator = "";
        while let Some(start) = cpus.next() {
            let mut last = start;
            while let Some(next) = cpus.next_if(|next| *next == last + 1) {
                last = next;
            }
            write!(f, "{separator}{start}")?;
            if last > start {
                write!(f, "-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for CpuSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl Serialize for CpuSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for CpuSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;

        impl<'de> Visitor<'de> for Numbers {
            type Value = CpuSet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of CPU numbers below 65536")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<CpuSet, A::Error> {
                let mut cpus = Vec::<u16>::new();
                while let Some(cpu) = seq.next_element()? {
                    cpus.push(cpu);
                }
                Ok(cpus.into_iter().collect())
            }
        }

        deserializer.deserialize_seq(Numbers)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_read_as_nova_reads_it() {
        for (text, cpus) in [
            ("", vec![]),
            (" , ", vec![]),
            ("1", vec![1]),
            ("0-2, 5 ,^1", vec![0, 2, 5]),
            ("^0", vec![]),
            ("0 - 3,^1-2", vec![0, 3]),
            ("65535", vec![65535]),
        ] {
            let set: CpuSet = text.parse().unwrap();
            assert_eq!(set.iter().collect::<Vec<_>>(), cpus, "{text}");
        }
        for bad in [
            "a",
            "3-1",
            "1-",
            "-1",
            "^",
            "^^1",
            "1-2-3",
            "65536",
            "0-99999999999",
        ] {
            assert!(
                matches!(bad.parse::<CpuSet>(), Err(NumaError::CpuSet { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_number_out_of_range_is_refused() {
        assert!(serde_json::from_str::<CpuSet>("[65536]").is_err());
        assert!(serde_json::from_str::<CpuSet>("[-1]").is_err());
        assert!(serde_json::from_str::<CpuSet>("\"0-1\"").is_err());
    }

    proptest! {
        #[test]
        fn it_is_a_set(one: BTreeSet<u16>, two: BTreeSet<u16>) {
            let (a, b): (CpuSet, CpuSet) =
                (one.iter().copied().collect(), two.iter().copied().collect());
            let set = |set: BTreeSet<u16>| set.into_iter().collect::<CpuSet>();
            prop_assert_eq!(a.len(), one.len());
            prop_assert!(a.iter().eq(one.iter().copied()));
            prop_assert!(a.iter_common(&b).eq((&one & &two).iter().copied()));
            prop_assert_eq!(a.union(&b), set(&one | &two));
            prop_assert_eq!(a.intersection(&b), set(&one & &two));
            prop_assert_eq!(a.difference(&b), set(&one - &two));
            prop_assert_eq!(a.count_outside(&b), (&one - &two).len());
            prop_assert_eq!(a.is_subset(&b), one.is_subset(&two));
            prop_assert_eq!(a.is_disjoint(&b), one.is_disjoint(&two));
            prop_assert!(two.iter().all(|cpu| a.contains(*cpu) == one.contains(cpu)));
            prop_assert_eq!(a.to_string().parse::<CpuSet>().unwrap(), a.clone());
            let json = serde_json::to_string(&a).unwrap();
            prop_assert_eq!(serde_json::from_str::<CpuSet>(&json).unwrap(), a);
        }
    }
}

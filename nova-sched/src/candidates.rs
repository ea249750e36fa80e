//! The hosts that are still in the running: one bit each.

use crate::fleet::HostIndex;

/// The hosts that no filter has refused yet.
///
/// ```
/// use nova_sched::Candidates;
///
/// let mut candidates = Candidates::all(100);
/// candidates.retain(|host| host.get() % 3 == 0);
/// assert_eq!(candidates.len(), 34);
/// assert_eq!(candidates.iter().nth(1).map(|host| host.get()), Some(3));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    words: Vec<u64>,
    len: usize,
}

const BITS: usize = 64;

impl Candidates {
    /// All of so many hosts.
    pub fn all(hosts: usize) -> Self {
        let mut words = vec![u64::MAX; hosts.div_ceil(BITS)];
        if let (Some(last), rest @ 1..) = (words.last_mut(), hosts % BITS) {
            *last = (1 << rest) - 1;
        }
        Self { words, len: hosts }
    }

    /// None of so many hosts.
    pub fn none(hosts: usize) -> Self {
        Self {
            words: vec![0; hosts.div_ceil(BITS)],
            len: 0,
        }
    }

    /// How many are left.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether a host is still in.
    pub fn contains(&self, host: HostIndex) -> bool {
        let row = host.get();
        self.words
            .get(row / BITS)
            .is_some_and(|word| word >> (row % BITS) & 1 == 1)
    }

    /// Takes a host in. Only the scheduler does, before the first filter.
    pub(crate) fn insert(&mut self, host: HostIndex) {
        let row = host.get();
        if let Some(word) = self.words.get_mut(row / BITS) {
            self.len += usize::from(*word >> (row % BITS) & 1 == 0);
            *word |= 1 << (row % BITS);
        }
    }

    /// Leaves a host out.
    pub fn remove(&mut self, host: HostIndex) {
        let row = host.get();
        if let Some(word) = self.words.get_mut(row / BITS) {
            self.len -= usize::from(*word >> (row % BITS) & 1 == 1);
            *word &= !(1 << (row % BITS));
        }
    }

    /// Leaves every host out for which `keep` is false. Hosts that are out are not asked about.
    pub fn retain(&mut self, mut keep: impl FnMut(HostIndex) -> bool) {
        self.len = 0;
        for (place, word) in self.words.iter_mut().enumerate() {
            let mut rest = *word;
            while rest != 0 {
                let bit = rest & rest.wrapping_neg();
                rest ^= bit;
                let row = place * BITS + trailing(bit);
                if !keep(HostIndex::from_row(row)) {
                    *word ^= bit;
                }
            }
            self.len += ones(*word);
        }
    }

    /// Leaves every host out.
    pub fn clear(&mut self) {
        self.words.fill(0);
        self.len = 0;
    }

    /// The hosts that are in, in the order of the fleet.
    pub fn iter(&self) -> impl Iterator<Item = HostIndex> + '_ {
        self.words.iter().enumerate().flat_map(|(place, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let bit = rest & rest.wrapping_neg();
                rest ^= bit;
                Some(HostIndex::from_row(place * BITS + trailing(bit)))
            })
        })
    }

    /// The hosts that are in here and not in `later`.
    pub(crate) fn without(&self, later: &Self) -> Self {
        let words: Vec<u64> = self
            .words
            .iter()
            .zip(&later.words)
            .map(|(word, kept)| word & !kept)
            .collect();
        let len = words.iter().copied().map(ones).sum();
        Self { words, len }
    }
}

fn trailing(bit: u64) -> usize {
    usize::try_from(bit.trailing_zeros()).unwrap_or(0)
}

fn ones(word: u64) -> usize {
    usize::try_from(word.count_ones()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_the_bits() {
        for hosts in [0, 1, 63, 64, 65, 128, 200] {
            let mut candidates = Candidates::all(hosts);
            assert_eq!(
                (candidates.len(), candidates.iter().count()),
                (hosts, hosts)
            );
            let before = candidates.clone();
            candidates.retain(|host| host.get() % 2 == 1);
            assert_eq!(candidates.len(), hosts / 2);
            assert_eq!(before.without(&candidates).len(), hosts.div_ceil(2));
            candidates.remove(HostIndex::from_row(1));
            candidates.remove(HostIndex::from_row(1));
            assert_eq!(candidates.len(), (hosts / 2).saturating_sub(1));
            if hosts > 1 {
                candidates.insert(HostIndex::from_row(1));
                candidates.insert(HostIndex::from_row(1));
            }
            assert_eq!(candidates.len(), hosts / 2);
            assert_eq!(candidates.iter().count(), candidates.len());
            candidates.clear();
            assert!(candidates.is_empty());
        }
    }
}

//! The hosts that are still in the running: one bit each.

use crate::fleet::{Column, HostIndex, MeasureColumn};

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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Candidates {
    words: Vec<u64>,
    /// How many hosts the fleet has.
    hosts: usize,
    /// How many of them are in.
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
        Self {
            words,
            hosts,
            len: hosts,
        }
    }

    /// None of so many hosts.
    pub fn none(hosts: usize) -> Self {
        Self {
            words: vec![0; hosts.div_ceil(BITS)],
            hosts,
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

    /// Takes a host in, if the fleet has it. A filter only leaves hosts out.
    pub fn insert(&mut self, host: HostIndex) {
        let row = host.get();
        if row >= self.hosts {
            return;
        }
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

    /// Leaves every host out that is not in `others`.
    pub fn intersect(&mut self, others: &Self) {
        self.len = 0;
        for (place, word) in self.words.iter_mut().enumerate() {
            *word &= others.words.get(place).copied().unwrap_or(0);
            self.len += ones(*word);
        }
    }

    /// Leaves every host out that is in `others`.
    pub fn subtract(&mut self, others: &Self) {
        self.len = 0;
        for (place, word) in self.words.iter_mut().enumerate() {
            *word &= !others.words.get(place).copied().unwrap_or(0);
            self.len += ones(*word);
        }
    }

    /// Leaves every host out for whose value in a column `keep` is false. Reads the column from
    /// end to end, which is faster than [`retain`](Self::retain) unless few hosts are left.
    pub fn retain_by<T>(&mut self, column: &Column<T>, keep: impl Fn(&T) -> bool) {
        self.sweep(column.len(), |block, from, to| {
            let values = column.block(block).get(from..to).unwrap_or_default();
            let mut bits = [0; BITS];
            for (bit, value) in bits.iter_mut().zip(values) {
                *bit = u8::from(keep(value));
            }
            pack(&bits)
        });
    }

    /// Leaves every host out whose measure is lower. Groups of hosts that all have enough, or all
    /// too little, are not looked into.
    pub fn retain_at_least(&mut self, column: &MeasureColumn, least: f64) {
        self.len = 0;
        let groups = self.words.iter_mut().zip(column.extremes().iter());
        for (number, (word, extremes)) in groups.enumerate() {
            if *word == 0 {
                continue;
            }
            if extremes.high < least {
                *word = 0;
            } else if extremes.low < least {
                let mut bits = [0; BITS];
                for (bit, value) in bits.iter_mut().zip(column.group(number)) {
                    *bit = u8::from(*value >= least);
                }
                *word &= pack(&bits);
            }
            self.len += ones(*word);
        }
    }

    /// As [`retain_by`](Self::retain_by), with two columns.
    pub fn retain_by2<A, B>(
        &mut self,
        one: &Column<A>,
        other: &Column<B>,
        keep: impl Fn(&A, &B) -> bool,
    ) {
        self.sweep(one.len().min(other.len()), |block, from, to| {
            let one = one.block(block).get(from..to).unwrap_or_default();
            let other = other.block(block).get(from..to).unwrap_or_default();
            let mut bits = [0; BITS];
            for (bit, (one, other)) in bits.iter_mut().zip(one.iter().zip(other)) {
                *bit = u8::from(keep(one, other));
            }
            pack(&bits)
        });
    }

    /// Narrows every word that has a host left by the mask of its rows: a block of the columns,
    /// and from where to where in it.
    fn sweep(&mut self, rows: usize, mask: impl Fn(usize, usize, usize) -> u64) {
        const BLOCK: usize = Column::<u8>::BLOCK;
        self.len = 0;
        for (place, word) in self.words.iter_mut().enumerate() {
            if *word != 0 {
                let row = place * BITS;
                let from = row % BLOCK;
                let to = from + BITS.min(rows.saturating_sub(row));
                *word &= mask(row / BLOCK, from, to);
                self.len += ones(*word);
            }
        }
    }

    /// Which of 64 hosts that follow each other are in, the first in the lowest bit.
    pub(crate) fn word(&self, number: usize) -> u64 {
        self.words.get(number).copied().unwrap_or(0)
    }

    /// One more host, which is out.
    pub(crate) fn push(&mut self) {
        self.hosts += 1;
        if self.hosts.div_ceil(BITS) > self.words.len() {
            self.words.push(0);
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
        Self {
            words,
            hosts: self.hosts,
            len,
        }
    }
}

/// Bytes of 0 and 1 to bits, the first to the lowest.
fn pack(bits: &[u8; BITS]) -> u64 {
    /// Moves the lowest bit of each of eight bytes into the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (bytes, _) = bits.as_chunks::<8>();
    bytes.iter().rev().fold(0, |mask, bytes| {
        let eight = u64::from_le_bytes(*bytes).wrapping_mul(GATHER) >> 56;
        mask << 8 | eight
    })
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

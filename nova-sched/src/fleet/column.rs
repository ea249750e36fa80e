//! A column that snapshots share: rows in blocks behind pointers of their own.

use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use super::HostIndex;
use crate::candidates::Candidates;

/// One value for each host of a fleet, in the order of the fleet.
///
/// The rows lie in blocks of [`BLOCK`](Self::BLOCK), each behind a shared pointer: a clone copies
/// one pointer, and changing a row of a column that a snapshot shares copies that row's block and
/// the list of blocks, whatever the size of the fleet. Sweeps go over [`blocks`](Self::blocks).
#[derive(Clone)]
pub struct Column<T> {
    blocks: Arc<Vec<Arc<Vec<T>>>>,
    len: usize,
}

impl<T> Column<T> {
    /// How many rows a block has; the last one may have fewer. A multiple of 64, so that the words
    /// of a bit set never lie across two blocks.
    pub const BLOCK: usize = 1024;

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a row.
    pub fn get(&self, row: usize) -> Option<&T> {
        self.blocks.get(row / Self::BLOCK)?.get(row % Self::BLOCK)
    }

    /// The values, block by block.
    pub fn blocks(&self) -> impl ExactSizeIterator<Item = &[T]> + Clone {
        self.blocks.iter().map(|block| block.as_slice())
    }

    /// The values of one block; none beyond the end.
    pub fn block(&self, number: usize) -> &[T] {
        self.blocks
            .get(number)
            .map_or(&[], |block| block.as_slice())
    }

    /// The values, in the order of the fleet.
    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.blocks.iter().flat_map(|block| block.iter())
    }
}

impl<T: Clone> Column<T> {
    pub(super) fn filled(value: T, len: usize) -> Self {
        let mut column = Self::default();
        for _ in 0..len {
            column.push(value.clone());
        }
        column
    }

    pub(super) fn push(&mut self, value: T) {
        let blocks = Arc::make_mut(&mut self.blocks);
        match blocks.last_mut() {
            Some(last) if last.len() < Self::BLOCK => Arc::make_mut(last).push(value),
            _ => blocks.push(Arc::new(vec![value])),
        }
        self.len += 1;
    }

    /// Changes one row. Rows beyond the end stay what they are: nothing.
    pub(super) fn update(&mut self, row: usize, change: impl FnOnce(&mut T)) {
        if row < self.len
            && let Some(block) = Arc::make_mut(&mut self.blocks).get_mut(row / Self::BLOCK)
            && let Some(value) = Arc::make_mut(block).get_mut(row % Self::BLOCK)
        {
            change(value);
        }
    }

    pub(super) fn set(&mut self, row: usize, value: T) {
        self.update(row, |old| *old = value);
    }

    /// Takes rows out; those behind them move up.
    pub(super) fn remove(&mut self, gone: &Candidates) {
        let rows = (0..self.len).map(HostIndex::from_row);
        let rest = rows
            .zip(self.iter())
            .filter(|(row, _)| !gone.contains(*row));
        *self = rest.map(|(_, value)| value.clone()).collect();
    }
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self {
            blocks: Arc::default(),
            len: 0,
        }
    }
}

impl<T: Clone> FromIterator<T> for Column<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut column = Self::default();
        for value in values {
            column.push(value);
        }
        column
    }
}

/// # Panics
/// If there is no such row, as indexing a slice does.
impl<T> Index<usize> for Column<T> {
    type Output = T;

    fn index(&self, row: usize) -> &T {
        &self.blocks[row / Self::BLOCK][row % Self::BLOCK]
    }
}

impl<T: fmt::Debug> fmt::Debug for Column<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_copies_one_block_and_no_more() {
        let before: Column<usize> = (0..5000).collect();
        let mut after = before.clone();
        after.set(2000, 7);
        assert_eq!((before[2000], after[2000]), (2000, 7));
        let shared = before
            .blocks
            .iter()
            .zip(after.blocks.iter())
            .filter(|(one, other)| Arc::ptr_eq(one, other))
            .count();
        assert_eq!((before.blocks().len(), shared), (5, 4));
        after.set(5000, 1);
        assert_eq!(after.len(), 5000);
        assert_eq!(after.get(5000), None);
    }

    #[test]
    fn rows_move_up_when_some_are_removed() {
        let mut column: Column<usize> = (0..1500).collect();
        let mut gone = Candidates::none(1500);
        gone.insert(HostIndex::from_row(3));
        gone.insert(HostIndex::from_row(1024));
        column.remove(&gone);
        column.push(9);
        let stays = |row: &usize| ![3, 1024].contains(row);
        let expected: Vec<usize> = (0..1500).filter(stays).chain([9]).collect();
        assert_eq!(column.iter().copied().collect::<Vec<_>>(), expected);
        assert!(
            column
                .blocks()
                .all(|block| block.len() <= Column::<usize>::BLOCK)
        );
        assert_eq!(Column::filled('a', 3).iter().collect::<String>(), "aaa");
    }
}

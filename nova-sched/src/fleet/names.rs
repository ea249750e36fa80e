//! Which row a name is in.

use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::HashTable;
use nova_core::id::HostName;

use super::Column;
use super::snapshot::Lookup;

/// The rows of a column of names, to be found by name. The names themselves are in the column.
#[derive(Debug, Clone, Default)]
pub(super) struct NameIndex(HashTable<u32>);

impl NameIndex {
    /// Finds every name of a column.
    pub(super) fn of(names: &Column<HostName>) -> Self {
        let mut index = Self::default();
        for row in 0..names.len() {
            index.insert(names, row);
        }
        index
    }

    pub(super) fn get(&self, names: &Column<HostName>, name: &HostName) -> Option<usize> {
        let same = |row: &u32| named(names, *row) == Some(name);
        let row = self.0.find(hash(name), same)?;
        usize::try_from(*row).ok()
    }

    /// Takes in a row whose name no other row has.
    pub(super) fn insert(&mut self, names: &Column<HostName>, row: usize) {
        let number = super::rows::row_number(row);
        if let Some(name) = named(names, number) {
            self.0
                .insert_unique(hash(name), number, |row| named(names, *row).map_or(0, hash));
        }
    }
}

/// Names that are known by the order in which they came.
#[derive(Debug, Clone)]
pub(super) struct Numbered<T> {
    list: Vec<T>,
    numbers: Lookup<T, u32>,
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    pub(super) fn list(&self) -> &[T] {
        &self.list
    }

    pub(super) fn number(&self, name: &T) -> Option<u32> {
        self.numbers.get(name).copied()
    }

    /// Takes in a name that is not there.
    pub(super) fn add(&mut self, name: &T) -> u32 {
        let number = super::rows::row_number(self.list.len());
        self.list.push(name.clone());
        self.numbers.insert(name.clone(), number);
        number
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            numbers: Lookup::default(),
        }
    }
}

fn named(names: &Column<HostName>, row: u32) -> Option<&HostName> {
    names.get(usize::try_from(row).ok()?)
}

/// The same in every process: nothing may hang on the order of a table, but nothing shall differ.
fn hash(name: &HostName) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

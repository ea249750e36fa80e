//! How much of a class a host has, and the columns that hold it for all hosts.

use nova_core::model::Inventory;

use super::rows::unsigned;
use super::{Column, MeasureColumn};
use crate::candidates::Candidates;

/// How much of one class of resource one host has. All zero where it offers none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Amounts {
    /// How many units there are.
    pub total: u64,
    /// How many of them the host keeps for itself.
    pub reserved: u64,
    /// How many times over the rest is lent out.
    pub ratio: f64,
    /// How many may be claimed altogether: ⌊(total − reserved) × ratio⌋, as OpenStack Placement
    /// reckons it ([`Inventory::capacity`]).
    pub capacity: u64,
    /// How many are claimed.
    pub used: u64,
}

impl Amounts {
    /// How many may still be claimed.
    pub fn free(&self) -> u64 {
        self.capacity.saturating_sub(self.used)
    }

    /// The most that a single server may have: Placement's `max_unit`, which Nova's libvirt
    /// driver sets to the total. A server cannot have more processors than the host, whatever
    /// the ratio.
    pub fn max_unit(&self) -> u64 {
        self.total
    }

    /// The most that a single server could have if the host were empty.
    pub fn largest(&self) -> u64 {
        self.max_unit().min(self.capacity)
    }

    /// Whether one more server of this size fits.
    pub fn fits(&self, wanted: u64) -> bool {
        wanted <= self.max_unit() && wanted <= self.free()
    }
}

/// One class of resource over all hosts: columns, indexed by
/// [`HostIndex::get`](crate::HostIndex::get).
#[derive(Debug, Clone, Default)]
pub struct ResourceColumn {
    total: Column<u64>,
    reserved: Column<u64>,
    ratio: Column<f64>,
    used: Column<u64>,
    free: MeasureColumn,
    /// No host has fewer units than this.
    least: u64,
    /// How many hosts offer the class, or have claims of it.
    known: usize,
}

impl ResourceColumn {
    /// How many units each host has.
    pub fn total(&self) -> &Column<u64> {
        &self.total
    }

    /// How many of them each host keeps for itself.
    pub fn reserved(&self) -> &Column<u64> {
        &self.reserved
    }

    /// How many times over each host lends out the rest.
    pub fn ratio(&self) -> &Column<f64> {
        &self.ratio
    }

    /// How many units may be claimed on each host.
    pub fn capacity(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.total.len()).map(|row| self.amounts(row).capacity)
    }

    /// How many units are claimed on each host.
    pub fn used(&self) -> &Column<u64> {
        &self.used
    }

    /// How many units may still be claimed on each host: a number to sweep by. It is exact, since no
    /// inventory is larger than 2^53 units.
    pub fn free(&self) -> &MeasureColumn {
        &self.free
    }

    /// No host has fewer units in all than this.
    pub(crate) fn least_total(&self) -> u64 {
        self.least
    }

    /// The amounts of one host; nothing beyond the end of the columns.
    pub fn amounts(&self, row: usize) -> Amounts {
        match (
            self.total.get(row),
            self.reserved.get(row),
            self.ratio.get(row),
            self.used.get(row),
        ) {
            (Some(total), Some(reserved), Some(ratio), Some(used)) => Amounts {
                total: *total,
                reserved: *reserved,
                ratio: *ratio,
                capacity: capacity(*total, *reserved, *ratio),
                used: *used,
            },
            _ => Amounts::default(),
        }
    }

    pub(super) fn zeroed(rows: usize) -> Self {
        Self {
            total: Column::filled(0, rows),
            reserved: Column::filled(0, rows),
            ratio: Column::filled(0.0, rows),
            used: Column::filled(0, rows),
            free: MeasureColumn::filled(0.0, rows),
            least: 0,
            known: 0,
        }
    }

    pub(super) fn push(&mut self) {
        self.total.push(0);
        self.reserved.push(0);
        self.ratio.push(0.0);
        self.used.push(0);
        self.free.push(0.0);
    }

    /// Whether no host offers the class or has claims of it.
    pub(super) fn is_unknown(&self) -> bool {
        self.known == 0
    }

    fn is_known(&self, row: usize) -> bool {
        self.ratio.get(row).is_some_and(|ratio| *ratio != 0.0)
            || self.used.get(row).is_some_and(|used| *used > 0)
    }

    /// Changes a row, and counts it.
    fn change(&mut self, row: usize, change: impl FnOnce(&mut Self)) {
        let before = self.is_known(row);
        change(self);
        self.update_free(row);
        match (before, self.is_known(row)) {
            (false, true) => self.known += 1,
            (true, false) => self.known -= 1,
            _ => {}
        }
    }

    pub(super) fn set(&mut self, row: usize, inventory: Option<&Inventory>, used: u64) {
        self.change(row, |column| {
            column.total.set(row, inventory.map_or(0, Inventory::total));
            let reserved = inventory.map_or(0, Inventory::reserved);
            column.reserved.set(row, reserved);
            let ratio = inventory.map_or(0.0, Inventory::allocation_ratio);
            column.ratio.set(row, ratio);
            column.used.set(row, used);
        });
        let total = inventory.map_or(0, Inventory::total);
        // The first row sets it; later ones only lower it, whatever became of others.
        self.least = if row == 0 && self.total.len() == 1 {
            total
        } else {
            self.least.min(total)
        };
    }

    fn update_free(&mut self, row: usize) {
        self.free.set(row, unsigned(self.amounts(row).free()));
    }

    pub(super) fn remove(&mut self, gone: &Candidates) {
        self.total.remove(gone);
        self.reserved.remove(gone);
        self.ratio.remove(gone);
        self.used.remove(gone);
        self.free.remove(gone);
        self.known = (0..self.total.len())
            .filter(|row| self.is_known(*row))
            .count();
    }

    pub(super) fn update_used(&mut self, row: usize, update: impl FnOnce(u64) -> u64) {
        self.change(row, |column| {
            column.used.update(row, |used| *used = update(*used));
        });
    }
}

/// What may be claimed, by the inventory that the numbers were taken from; nothing where there was
/// none.
fn capacity(total: u64, reserved: u64, ratio: f64) -> u64 {
    Inventory::new(total, reserved, ratio).map_or(0, |inventory| inventory.capacity())
}

//! How much of a class a host has, and the columns that hold it for all hosts.

use std::sync::Arc;

use nova_core::model::Inventory;

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

/// One class of resource over all hosts: flat columns, indexed by
/// [`HostIndex::get`](crate::HostIndex::get).
#[derive(Debug, Clone, Default)]
pub struct ResourceColumn {
    offer: Arc<Offer>,
    used: Arc<Vec<u64>>,
}

#[derive(Debug, Clone, Default)]
struct Offer {
    total: Vec<u64>,
    reserved: Vec<u64>,
    ratio: Vec<f64>,
    capacity: Vec<u64>,
}

impl ResourceColumn {
    /// How many units each host has.
    pub fn total(&self) -> &[u64] {
        &self.offer.total
    }

    /// How many of them each host keeps for itself.
    pub fn reserved(&self) -> &[u64] {
        &self.offer.reserved
    }

    /// How many times over each host lends out the rest.
    pub fn ratio(&self) -> &[f64] {
        &self.offer.ratio
    }

    /// How many units may be claimed on each host.
    pub fn capacity(&self) -> &[u64] {
        &self.offer.capacity
    }

    /// How many units are claimed on each host.
    pub fn used(&self) -> &[u64] {
        &self.used
    }

    /// The amounts of one host; nothing beyond the end of the columns.
    pub fn amounts(&self, row: usize) -> Amounts {
        let offer = &self.offer;
        match (
            offer.total.get(row),
            offer.reserved.get(row),
            offer.ratio.get(row),
            offer.capacity.get(row),
            self.used.get(row),
        ) {
            (Some(total), Some(reserved), Some(ratio), Some(capacity), Some(used)) => Amounts {
                total: *total,
                reserved: *reserved,
                ratio: *ratio,
                capacity: *capacity,
                used: *used,
            },
            _ => Amounts::default(),
        }
    }

    pub(super) fn zeroed(rows: usize) -> Self {
        Self {
            offer: Arc::new(Offer {
                total: vec![0; rows],
                reserved: vec![0; rows],
                ratio: vec![0.0; rows],
                capacity: vec![0; rows],
            }),
            used: Arc::new(vec![0; rows]),
        }
    }

    pub(super) fn push(&mut self, inventory: Option<&Inventory>, used: u64) {
        let offer = Arc::make_mut(&mut self.offer);
        offer.total.push(inventory.map_or(0, Inventory::total));
        offer
            .reserved
            .push(inventory.map_or(0, Inventory::reserved));
        offer
            .ratio
            .push(inventory.map_or(0.0, Inventory::allocation_ratio));
        offer
            .capacity
            .push(inventory.map_or(0, Inventory::capacity));
        Arc::make_mut(&mut self.used).push(used);
    }

    pub(super) fn set(&mut self, row: usize, inventory: Option<&Inventory>, used: u64) {
        let offer = Arc::make_mut(&mut self.offer);
        set(&mut offer.total, row, inventory.map_or(0, Inventory::total));
        set(
            &mut offer.reserved,
            row,
            inventory.map_or(0, Inventory::reserved),
        );
        set(
            &mut offer.ratio,
            row,
            inventory.map_or(0.0, Inventory::allocation_ratio),
        );
        set(
            &mut offer.capacity,
            row,
            inventory.map_or(0, Inventory::capacity),
        );
        self.update_used(row, |_| used);
    }

    pub(super) fn remove(&mut self, row: usize) {
        let offer = Arc::make_mut(&mut self.offer);
        offer.total.remove(row);
        offer.reserved.remove(row);
        offer.ratio.remove(row);
        offer.capacity.remove(row);
        Arc::make_mut(&mut self.used).remove(row);
    }

    pub(super) fn update_used(&mut self, row: usize, update: impl FnOnce(u64) -> u64) {
        if let Some(used) = Arc::make_mut(&mut self.used).get_mut(row) {
            *used = update(*used);
        }
    }
}

fn set<T>(column: &mut [T], row: usize, value: T) {
    if let Some(cell) = column.get_mut(row) {
        *cell = value;
    }
}

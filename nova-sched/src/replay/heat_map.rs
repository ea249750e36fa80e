//! How full each host was, over time.

use serde::{Deserialize, Serialize};

use crate::fleet::Fleet;
use nova_core::model::ResourceClass;

/// How full the processors of each host were, over time.
///
/// Neighbouring hosts share a row where there are more than [`MAX_ROWS`](Self::MAX_ROWS).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeatMap {
    /// How many rows there are.
    pub rows: usize,
    /// How many hosts of the fleet, in its order, are one row.
    pub hosts_per_row: usize,
    /// For each [sample](super::Report::samples) the rows, in per cent of the processors.
    pub columns: Vec<Vec<u8>>,
}

impl HeatMap {
    /// The most rows.
    pub const MAX_ROWS: usize = 128;

    pub(super) fn of(fleet: &Fleet) -> Self {
        let hosts_per_row = fleet.len().div_ceil(Self::MAX_ROWS).max(1);
        Self {
            rows: fleet.len().div_ceil(hosts_per_row),
            hosts_per_row,
            columns: Vec::new(),
        }
    }

    pub(super) fn record(&mut self, fleet: &Fleet) {
        let Some(column) = fleet.resource(&ResourceClass::Vcpu) else {
            return;
        };
        let used = column.used().iter().copied();
        let mut shares = used.zip(column.capacity()).peekable();
        let mut rows = Vec::with_capacity(self.rows);
        while shares.peek().is_some() {
            let row = shares.by_ref().take(self.hosts_per_row);
            let (used, capacity) = row.fold((0_u128, 0_u128), |(used, capacity), share| {
                (used + u128::from(share.0), capacity + u128::from(share.1))
            });
            rows.push(per_cent(used, capacity));
        }
        self.columns.push(rows);
    }
}

fn per_cent(used: u128, capacity: u128) -> u8 {
    let share = (used * 100 + capacity / 2).checked_div(capacity);
    u8::try_from(share.unwrap_or(0).min(100)).unwrap_or(100)
}

//! What weighers read of every host: one number a column.

use super::Column;
use crate::candidates::Candidates;

/// A number that the fleet keeps ready for each host, and up to date with every claim.
///
/// All are kept as `f64`, which is exact for whole numbers up to 2^53.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Measure {
    /// Processors that may still be lent: total × allocation ratio − used. Below zero where a
    /// host is over-full.
    FreeVcpus,
    /// Free memory in MiB, without the allocation ratio. Below zero where more is lent than
    /// there is.
    FreeRam,
    /// Free disk in MiB, without the allocation ratio.
    FreeDisk,
    /// Builds, resizes, snapshots and the like that are under way (Nova's `io_workload`).
    IoOperations,
    /// How many servers there are.
    Servers,
    /// Builds that failed since the last that did not.
    FailedBuilds,
    /// The hypervisor's version as one number; 0 if it is not known.
    HypervisorVersion,
    /// PCI devices that are free to be passed through.
    FreePciDevices,
    /// 100 less the free PCI devices, of which 99 count at most: what Nova's `PCIWeigher` says.
    PciScarcity,
}

impl Measure {
    pub(super) const ALL: [Self; 9] = [
        Self::FreeVcpus,
        Self::FreeRam,
        Self::FreeDisk,
        Self::IoOperations,
        Self::Servers,
        Self::FailedBuilds,
        Self::HypervisorVersion,
        Self::FreePciDevices,
        Self::PciScarcity,
    ];

    fn place(self) -> usize {
        match self {
            Self::FreeVcpus => 0,
            Self::FreeRam => 1,
            Self::FreeDisk => 2,
            Self::IoOperations => 3,
            Self::Servers => 4,
            Self::FailedBuilds => 5,
            Self::HypervisorVersion => 6,
            Self::FreePciDevices => 7,
            Self::PciScarcity => 8,
        }
    }
}

/// One measure of every host, and from where to where it reaches in every group of hosts.
#[derive(Debug, Clone, Default)]
pub struct MeasureColumn {
    values: Column<f64>,
    extremes: Column<Extremes>,
}

/// The lowest and the highest value of [`MeasureColumn::GROUP`] hosts that follow each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Extremes {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl MeasureColumn {
    /// How many hosts a group has; the last one may have fewer.
    pub(crate) const GROUP: usize = 64;

    /// The value of each host.
    pub fn values(&self) -> &Column<f64> {
        &self.values
    }

    /// The value of a row.
    pub fn get(&self, row: usize) -> Option<f64> {
        self.values.get(row).copied()
    }

    /// From where to where each group reaches.
    pub(crate) fn extremes(&self) -> &Column<Extremes> {
        &self.extremes
    }

    /// The values of a group.
    pub(crate) fn group(&self, number: usize) -> &[f64] {
        const BLOCK: usize = Column::<f64>::BLOCK;
        let first = number * Self::GROUP;
        let block = self.values.block(first / BLOCK);
        let from = (first % BLOCK).min(block.len());
        let to = (from + Self::GROUP).min(block.len());
        &block[from..to]
    }

    pub(super) fn filled(value: f64, len: usize) -> Self {
        Self {
            values: Column::filled(value, len),
            extremes: Column::filled(
                Extremes {
                    low: value,
                    high: value,
                },
                len.div_ceil(Self::GROUP),
            ),
        }
    }

    pub(super) fn push(&mut self, value: f64) {
        self.values.push(value);
        self.summarise(self.values.len() - 1);
    }

    pub(super) fn update(&mut self, row: usize, change: impl FnOnce(&mut f64)) {
        self.values.update(row, change);
        self.summarise(row);
    }

    pub(super) fn set(&mut self, row: usize, value: f64) {
        if self
            .get(row)
            .is_some_and(|old| old.to_bits() != value.to_bits())
        {
            self.update(row, |old| *old = value);
        }
    }

    pub(super) fn remove(&mut self, gone: &Candidates) {
        self.values.remove(gone);
        self.extremes = Column::default();
        for row in (0..self.values.len()).step_by(Self::GROUP) {
            self.summarise(row);
        }
    }

    fn summarise(&mut self, row: usize) {
        let number = row / Self::GROUP;
        let mut extremes = Extremes {
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
        };
        for value in self.group(number) {
            extremes.low = extremes.low.min(*value);
            extremes.high = extremes.high.max(*value);
        }
        if number < self.extremes.len() {
            self.extremes.set(number, extremes);
        } else {
            self.extremes.push(extremes);
        }
    }
}

/// The columns of all measures.
#[derive(Debug, Clone, Default)]
pub(super) struct Measures([MeasureColumn; 9]);

impl Measures {
    pub(super) fn get(&self, measure: Measure) -> &MeasureColumn {
        &self.0[measure.place()]
    }

    pub(super) fn get_mut(&mut self, measure: Measure) -> &mut MeasureColumn {
        &mut self.0[measure.place()]
    }
}

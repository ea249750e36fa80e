//! What weighers read of every host: one number a column.

use super::Column;

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
}

impl Measure {
    pub(super) const ALL: [Self; 8] = [
        Self::FreeVcpus,
        Self::FreeRam,
        Self::FreeDisk,
        Self::IoOperations,
        Self::Servers,
        Self::FailedBuilds,
        Self::HypervisorVersion,
        Self::FreePciDevices,
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
        }
    }
}

/// The columns of all measures.
#[derive(Debug, Clone, Default)]
pub(super) struct Measures([Column<f64>; 8]);

impl Measures {
    pub(super) fn get(&self, measure: Measure) -> &Column<f64> {
        &self.0[measure.place()]
    }

    pub(super) fn get_mut(&mut self, measure: Measure) -> &mut Column<f64> {
        &mut self.0[measure.place()]
    }
}

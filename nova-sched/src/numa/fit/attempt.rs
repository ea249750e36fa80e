//! One cell of a server on one cell of a host.

use super::options::NumaLimits;
use super::pages;
use super::pinning::{self, Pinning};
use crate::numa::cell::signed;
use crate::numa::{CellMisfit, NumaCell, PageSize, PlacedCell, RequestCell};

/// What was found for a cell so far, even if the attempt came to nothing in the end.
#[derive(Debug, Clone, Default)]
pub(super) struct Attempt {
    /// The size of its pages, if the request says anything of it.
    pub(super) page_size: Option<PageSize>,
    /// Its CPUs, if it has some for its own.
    pub(super) pinning: Option<Pinning>,
}

impl Attempt {
    /// Tries a cell of a server on a cell of a host. `page_size` is what the cell asks for,
    /// `reserved` the number of CPUs for emulator threads.
    ///
    /// The checks are those of Nova's `_numa_fit_instance_cell`, in its order.
    pub(super) fn run(
        &mut self,
        host: &NumaCell,
        cell: &RequestCell,
        page_size: Option<PageSize>,
        reserved: usize,
        limits: Option<&NumaLimits>,
    ) -> Result<(), CellMisfit> {
        self.page_size = pages::choose(host, cell, page_size)?;
        let pinned = cell.pcpuset.len() + reserved;
        if cell.is_pinned() && pinned > host.pcpuset().len() {
            return Err(CellMisfit::DedicatedCpus {
                wanted: pinned,
                total: host.pcpuset().len(),
            });
        }
        if cell.is_shared() && cell.cpuset.len() > host.cpuset().len() {
            return Err(CellMisfit::SharedCpus {
                wanted: cell.cpuset.len(),
                total: host.cpuset().len(),
            });
        }
        if cell.is_pinned() {
            let free = host.free_pcpus();
            if pinned > free.len() {
                return Err(CellMisfit::FreeDedicatedCpus {
                    wanted: pinned,
                    free: free.len(),
                });
            }
            self.pinning = Some(pinning::pack(host, cell, &free, reserved)?);
        }
        match limits {
            Some(limits) if cell.is_shared() => check_limits(host, cell, limits),
            _ => Ok(()),
        }
    }

    /// The cell with what was found, on a cell of the host.
    pub(super) fn place(&self, cell: &RequestCell, host_cell: u32) -> PlacedCell {
        let pinning = self.pinning.clone().unwrap_or_default();
        let page_size = match self.page_size {
            Some(PageSize::Kib(size)) => Some(size),
            _ => None,
        };
        let pairs = cell.pcpuset.iter().zip(pinning.cpus).collect();
        PlacedCell::new(host_cell, cell, page_size, pairs, pinning.reserved)
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts are far below 2^53, Nova compares floats as well, and a limit is shown whole"
)]
fn check_limits(
    host: &NumaCell,
    cell: &RequestCell,
    limits: &NumaLimits,
) -> Result<(), CellMisfit> {
    let count = |cpus: usize| u64::try_from(cpus).unwrap_or(u64::MAX);
    let cpus = host.cpu_usage().saturating_add(count(cell.cpuset.len()));
    let cpu_limit = host.cpuset().len() as f64 * limits.cpu_allocation_ratio;
    if cpus as f64 > cpu_limit {
        return Err(CellMisfit::CpuLimit {
            usage: cpus,
            limit: cpu_limit as u64,
        });
    }
    let memory = host.memory_usage().saturating_add(cell.memory);
    let memory_limit = signed(host.memory()) as f64 * limits.ram_allocation_ratio;
    if memory as f64 > memory_limit {
        return Err(CellMisfit::MemoryLimit {
            usage: memory,
            limit: memory_limit as u64,
        });
    }
    Ok(())
}

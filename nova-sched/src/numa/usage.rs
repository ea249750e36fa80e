//! What servers take of a host's cells, and give back.

use nova_core::model::CpuThreadPolicy;

use super::{CpuSet, NumaCell, NumaError, NumaPlacement, NumaTopology, PlacedCell};

impl NumaTopology {
    /// The topology once a server has taken what its placement names (Nova's
    /// `numa_usage_from_instance_numa`): CPUs, memory, and pages. A server that wants whole cores
    /// takes the siblings of its CPUs, too.
    ///
    /// Memory and shared CPUs may be lent out more than once; [`fit`](Self::fit) counts them.
    ///
    /// # Errors
    /// [`NumaError::UnknownCell`], [`NumaError::UnknownCpus`] and [`NumaError::TakenCpus`], if
    /// the placement is not for this host as it is now.
    pub fn claim(&self, placement: &NumaPlacement) -> Result<Self, NumaError> {
        self.change(placement, claim_cell)
    }

    /// The topology once a server has given back what its placement names: what was there before
    /// [`claim`](Self::claim).
    ///
    /// # Errors
    /// [`NumaError::UnknownCell`], [`NumaError::UnknownCpus`] and [`NumaError::FreeCpus`], if the
    /// server has not taken it.
    pub fn release(&self, placement: &NumaPlacement) -> Result<Self, NumaError> {
        self.change(placement, release_cell)
    }

    fn change(
        &self,
        placement: &NumaPlacement,
        change: fn(&mut NumaCell, &PlacedCell) -> Result<(), NumaError>,
    ) -> Result<Self, NumaError> {
        let mut changed = self.clone();
        for placed in placement.cells() {
            let id = placed.id();
            let cell = changed.cells.iter_mut().find(|cell| cell.id() == id);
            change(cell.ok_or(NumaError::UnknownCell { cell: id })?, placed)?;
        }
        Ok(changed)
    }
}

fn claim_cell(cell: &mut NumaCell, placed: &PlacedCell) -> Result<(), NumaError> {
    let cpus = own_cpus(cell, placed)?;
    let taken = cpus.intersection(&cell.pinned_cpus);
    if !taken.is_empty() {
        return Err(NumaError::TakenCpus {
            cell: cell.id(),
            cpus: taken,
        });
    }
    cell.pinned_cpus = cell.pinned_cpus.union(&cpus);
    cell.memory_usage = cell.memory_usage.saturating_add(placed.memory());
    cell.cpu_usage = cell.cpu_usage.saturating_add(shared_cpus(placed));
    change_pages(cell, placed, u64::saturating_add);
    Ok(())
}

fn release_cell(cell: &mut NumaCell, placed: &PlacedCell) -> Result<(), NumaError> {
    let cpus = own_cpus(cell, placed)?;
    let free = cpus.difference(&cell.pinned_cpus);
    if !free.is_empty() {
        return Err(NumaError::FreeCpus {
            cell: cell.id(),
            cpus: free,
        });
    }
    cell.pinned_cpus = cell.pinned_cpus.difference(&cpus);
    cell.memory_usage = cell.memory_usage.saturating_sub(placed.memory());
    cell.cpu_usage = cell.cpu_usage.saturating_sub(shared_cpus(placed));
    change_pages(cell, placed, u64::saturating_sub);
    Ok(())
}

fn shared_cpus(placed: &PlacedCell) -> u64 {
    u64::try_from(placed.cpuset().len()).unwrap_or(u64::MAX)
}

/// The CPUs that nobody else may have.
fn own_cpus(cell: &NumaCell, placed: &PlacedCell) -> Result<CpuSet, NumaError> {
    let pinned = placed.pinned_cpus();
    if pinned.is_empty() {
        return Ok(pinned);
    }
    let cpus = match placed.cpu_thread_policy() {
        Some(CpuThreadPolicy::Isolate) => {
            let cores = cell.siblings().iter();
            cores
                .filter(|core| !core.is_disjoint(&pinned))
                .fold(CpuSet::new(), |cpus, core| cpus.union(core))
        }
        _ => pinned,
    };
    let unknown = cpus.difference(cell.pcpuset());
    match unknown.is_empty() {
        true => Ok(cpus),
        false => Err(NumaError::UnknownCpus {
            cell: cell.id(),
            cpus: unknown,
        }),
    }
}

/// Takes pages of the size that was chosen, or else of the smallest, or gives them back.
fn change_pages(cell: &mut NumaCell, placed: &PlacedCell, change: fn(u64, u64) -> u64) {
    let size = placed.pagesize().or_else(|| cell.smallest_page());
    let pages = cell
        .mempages
        .iter_mut()
        .find(|pages| Some(pages.size_kb) == size);
    if let Some(pages) = pages {
        let count = placed.memory().saturating_mul(1024) / pages.size_kb.max(1);
        pages.used = change(pages.used, count);
    }
}

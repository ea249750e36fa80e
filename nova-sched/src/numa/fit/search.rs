//! The search for cells that do together.

use std::collections::BTreeSet;

use super::attempt::Attempt;
use super::options::FitOptions;
use super::{matching, network, order};
use crate::numa::{CellMisfit, Misfit, NumaCell, NumaPlacement, NumaRequest, NumaTopology};
use crate::pci::PciScope;

impl NumaTopology {
    /// Finds a cell for each cell of a server: the first choice, in the order of
    /// [`FitOptions::order`], that has the CPUs, the memory, the pages, the PCI devices and the
    /// networks (Nova's `numa_fit_instance_to_host`).
    ///
    /// Nova's search leaves traces in the request that a later step of the same search trips over;
    /// this one does not. [`LeakingSearch`](crate::numa::LeakingSearch) repeats Nova's.
    ///
    /// ```
    /// use nova_sched::numa::{CellMisfit, CpuSet, FitOptions, Misfit};
    /// use nova_sched::numa::{NumaCell, NumaRequest, NumaTopology};
    ///
    /// let host = NumaTopology::new([NumaCell::new(0, 8192)
    ///     .with_pcpuset(CpuSet::below(4))
    ///     .with_siblings(["0-1".parse()?, "2-3".parse()?])
    ///     .with_pinned_cpus("0".parse()?)])?;
    /// let server = |cpus| NumaRequest::dedicated([(CpuSet::below(cpus), 1024)]);
    ///
    /// let placement = host.fit(&server(2)?, &FitOptions::default()).expect("core 1 is free");
    /// assert_eq!(placement.cells()[0].pinned_cpus().to_string(), "2-3");
    ///
    /// let misfit = host.fit(&server(4)?, &FitOptions::default()).unwrap_err();
    /// assert_eq!(
    ///     misfit.to_string(),
    ///     "NUMA cell 0 on the host's 0: dedicated CPUs: wanted 4, free 3",
    /// );
    /// # Ok::<(), nova_sched::numa::NumaError>(())
    /// ```
    ///
    /// # Errors
    /// [`Misfit`] says what was short. Of a cell that fits nowhere it is that of the host's cell
    /// which came nearest. A search that has tried 16,384 choices, all of them without the devices
    /// or networks, is given up.
    pub fn fit(
        &self,
        request: &NumaRequest,
        options: &FitOptions<'_>,
    ) -> Result<NumaPlacement, Misfit> {
        let wanted = request.cells().len();
        if wanted > self.cells().len() {
            return Err(Misfit::TooFewCells {
                wanted,
                actual: self.cells().len(),
            });
        }
        Search::new(self, request, options).run()
    }
}

/// The most choices of cells whose devices and networks are looked at. All choices of 8 cells of
/// 16 are 12,870.
const MAX_CHOICES: u32 = 1 << 14;

struct Search<'a> {
    topology: &'a NumaTopology,
    request: &'a NumaRequest,
    options: &'a FitOptions<'a>,
    /// The host's cells in the order in which they are tried.
    hosts: Vec<&'a NumaCell>,
    /// By the server's cell and the host's: what an attempt came to, once it was made.
    attempts: Vec<Vec<Option<Result<Attempt, CellMisfit>>>>,
    /// Sets of the host's cells from which no way leads on. What follows depends on nothing else:
    /// their number says which of the server's cells is next.
    failed: BTreeSet<u64>,
    /// For each of the server's cells, those of the host's that it fits on: once the search went
    /// astray, so that it pays to look ahead.
    fitting: Option<Vec<u64>>,
    /// Why the first choice of cells that fit was refused.
    refused: Option<Misfit>,
    choices: u32,
}

impl<'a> Search<'a> {
    fn new(
        topology: &'a NumaTopology,
        request: &'a NumaRequest,
        options: &'a FitOptions<'a>,
    ) -> Self {
        let hosts = order::cells(topology, request, options);
        Self {
            topology,
            request,
            options,
            attempts: vec![vec![None; hosts.len()]; request.cells().len()],
            hosts,
            failed: BTreeSet::new(),
            fitting: None,
            refused: None,
            choices: 0,
        }
    }

    fn run(mut self) -> Result<NumaPlacement, Misfit> {
        let mut chosen = Vec::with_capacity(self.request.cells().len());
        if !self.choose(&mut chosen, 0) {
            return Err(self.misfit());
        }
        let cells = self.request.cells().iter().zip(&self.attempts).zip(chosen);
        let placed = cells.filter_map(|((cell, attempts), column)| {
            let host = self.hosts.get(column)?;
            let attempt = attempts.get(column)?.as_ref()?.as_ref().ok()?;
            Some(attempt.place(cell, host.id()))
        });
        Ok(NumaPlacement::new(
            placed.collect(),
            self.request.emulator_threads_policy(),
        ))
    }

    /// Chooses cells of the host for the server's cells after those that are chosen.
    fn choose(&mut self, chosen: &mut Vec<usize>, taken: u64) -> bool {
        let row = chosen.len();
        if row == self.request.cells().len() {
            return self.accepts(chosen);
        }
        for column in 0..self.hosts.len() {
            let with = taken | 1 << column;
            if with == taken || !self.fits(row, column) || self.failed.contains(&with) {
                continue;
            }
            if self.is_completable(row + 1, with) {
                chosen.push(column);
                if self.choose(chosen, with) {
                    return true;
                }
                chosen.pop();
                if self.choices >= MAX_CHOICES {
                    return false;
                }
            }
            self.failed.insert(with);
        }
        if self.fitting.is_none() {
            self.fitting = Some(self.fitting());
        }
        false
    }

    fn attempt(&mut self, row: usize, column: usize) -> Option<&Result<Attempt, CellMisfit>> {
        let cell = self.request.cells().get(row)?;
        let host = self.hosts.get(column)?;
        let reserved = self.request.reserved_cpus(row);
        let limits = self.options.limits.as_ref();
        let slot = self.attempts.get_mut(row)?.get_mut(column)?;
        Some(slot.get_or_insert_with(|| {
            let mut attempt = Attempt::default();
            attempt.run(host, cell, cell.pagesize, reserved, limits)?;
            Ok(attempt)
        }))
    }

    fn fits(&mut self, row: usize, column: usize) -> bool {
        matches!(self.attempt(row, column), Some(Ok(_)))
    }

    fn fitting(&mut self) -> Vec<u64> {
        (0..self.request.cells().len())
            .map(|row| {
                (0..self.hosts.len())
                    .filter(|column| self.fits(row, *column))
                    .fold(0, |bits, column| bits | 1 << column)
            })
            .collect()
    }

    /// Whether the server's cells from one on may all be had besides those that are taken.
    fn is_completable(&self, from: usize, taken: u64) -> bool {
        match self.fitting.as_ref().and_then(|rows| rows.get(from..)) {
            Some(rows) => matching::largest(rows, taken) == rows.len(),
            None => true,
        }
    }

    /// Whether devices and networks are near enough to the chosen cells.
    fn accepts(&mut self, chosen: &[usize]) -> bool {
        self.choices += 1;
        let cells: Vec<&NumaCell> = chosen
            .iter()
            .filter_map(|column| self.hosts.get(*column).copied())
            .collect();
        match check_surroundings(self.topology, &cells, self.options) {
            Ok(()) => true,
            Err(misfit) => {
                self.refused.get_or_insert(misfit);
                false
            }
        }
    }

    /// Why nothing was found.
    fn misfit(mut self) -> Misfit {
        if self.choices >= MAX_CHOICES {
            return Misfit::TooManyChoices {
                tried: self.choices,
            };
        }
        if let Some(refused) = self.refused {
            return refused;
        }
        let rows = self.fitting();
        if let Some(row) = rows.iter().position(|columns| *columns == 0)
            && let Some(misfit) = self.nearest(row)
        {
            return misfit;
        }
        Misfit::NotTogether {
            wanted: rows.len(),
            fitting: matching::largest(&rows, 0),
        }
    }

    /// Why a cell of the server fits on none of the host's: of the one that came nearest.
    fn nearest(&self, row: usize) -> Option<Misfit> {
        let attempts = self.attempts.get(row)?.iter().zip(&self.hosts);
        let (misfit, host) = attempts
            .filter_map(|(attempt, host)| Some((attempt.as_ref()?.as_ref().err()?, host)))
            // The earlier one of equals.
            .rev()
            .max_by_key(|(misfit, _)| **misfit)?;
        Some(Misfit::Cell {
            cell: self.request.cells().get(row)?.id,
            host_cell: host.id(),
            misfit: *misfit,
        })
    }
}

/// Checks that devices and networks are near enough to cells of the host.
pub(super) fn check_surroundings(
    topology: &NumaTopology,
    cells: &[&NumaCell],
    options: &FitOptions<'_>,
) -> Result<(), Misfit> {
    if let Some(pci) = options.pci.filter(|pci| !pci.requests.is_empty()) {
        let ids: Vec<u32> = cells.iter().map(|cell| cell.id()).collect();
        let mut scope = PciScope::default().with_cells(topology, &ids);
        scope.mapping = pci.mapping;
        pci.pools.support(pci.requests, &scope)?;
    }
    match options.network {
        Some(wanted) => network::check(topology, cells, wanted),
        None => Ok(()),
    }
}

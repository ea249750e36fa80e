//! Nova's search, with the traces that it leaves.

use std::collections::{BTreeMap, BTreeSet};

use super::attempt::Attempt;
use super::options::FitOptions;
use super::order;
use super::search::check_surroundings;
use crate::numa::{
    Misfit, NumaCell, NumaPlacement, NumaRequest, NumaTopology, PageSize, PlacedCell, RequestCell,
};

/// Nova's search, with its defect, for those who must decide as Nova does.
///
/// Nova writes what it finds into the request while it still searches: the size of pages, the
/// CPUs, and as the number of the server's cell that of the host's cell. A later attempt, also for
/// another allocation candidate of the same host, is judged by that: it asks for the size of pages
/// that a cell had which was given up since, and takes the answer of one pair of cells for that of
/// another. So it may refuse a host that fits, and choose cells other than the first that fit.
///
/// It tries choices one after the other, as Nova does: 8 cells of 16 in the worst case are 518
/// million. [`NumaTopology::fit`] has neither of these faults.
///
/// ```
/// use nova_sched::numa::{CpuSet, FitOptions, LeakingSearch};
/// use nova_sched::numa::{NumaCell, NumaRequest, NumaTopology};
///
/// let host = NumaTopology::new([NumaCell::new(3, 8192).with_cpuset(CpuSet::below(4))])?;
/// let request = NumaRequest::shared([(CpuSet::below(2), 4096)])?;
/// // One for all the candidates of one host.
/// let mut search = LeakingSearch::new(&request);
/// let placement = search.fit(&host, &FitOptions::default()).expect("it fits");
/// assert_eq!(placement.cells()[0].id(), 3);
/// # Ok::<(), nova_sched::numa::NumaError>(())
/// ```
#[derive(Debug, Clone)]
pub struct LeakingSearch<'a> {
    request: &'a NumaRequest,
    cells: Vec<Traces>,
}

/// What the search has written into a cell of the request.
#[derive(Debug, Clone)]
struct Traces {
    id: u32,
    page_size: Option<PageSize>,
    attempt: Attempt,
}

impl<'a> LeakingSearch<'a> {
    /// A search that has left no traces yet.
    pub fn new(request: &'a NumaRequest) -> Self {
        let cells = request.cells().iter().map(|cell| Traces {
            id: cell.id,
            page_size: cell.pagesize,
            attempt: Attempt::default(),
        });
        Self {
            request,
            cells: cells.collect(),
        }
    }

    /// Finds a cell for each cell of the server, as Nova does.
    ///
    /// # Errors
    /// [`Misfit`], if none was found: that of [`NumaTopology::fit`], or
    /// [`Misfit::NotTogether`] where that one finds some.
    pub fn fit(
        &mut self,
        topology: &NumaTopology,
        options: &FitOptions<'_>,
    ) -> Result<NumaPlacement, Misfit> {
        let wanted = self.request.cells().len();
        if wanted > topology.cells().len() {
            return Err(Misfit::TooFewCells {
                wanted,
                actual: topology.cells().len(),
            });
        }
        let hosts = order::cells(topology, self.request, options);
        let mut known = BTreeMap::new();
        let mut choices = Permutations::new(hosts.len(), wanted);
        while let Some(choice) = choices.next() {
            let chosen: Vec<&NumaCell> = choice
                .iter()
                .filter_map(|column| hosts.get(*column).copied())
                .collect();
            if self.try_choice(&chosen, options, &mut known)
                && check_surroundings(topology, &chosen, options).is_ok()
            {
                return Ok(self.placement());
            }
        }
        Err(match topology.fit(self.request, options) {
            Err(misfit) => misfit,
            Ok(_) => Misfit::NotTogether { wanted, fitting: 0 },
        })
    }

    /// Tries the server's cells on the host's, one by one. `known` has the answers so far by the
    /// number of the host's cell and the number that the server's cell had then.
    fn try_choice(
        &mut self,
        chosen: &[&NumaCell],
        options: &FitOptions<'_>,
        known: &mut BTreeMap<(u32, u32), bool>,
    ) -> bool {
        let cells = self.request.cells().iter().zip(&mut self.cells);
        for (place, ((cell, traces), host)) in cells.zip(chosen).enumerate() {
            let pair = (host.id(), traces.id);
            let fits = *known.entry(pair).or_insert_with(|| {
                let reserved = self.request.reserved_cpus(place);
                traces.attempt(host, cell, reserved, options)
            });
            if !fits {
                return false;
            }
            traces.id = host.id();
        }
        true
    }

    fn placement(&self) -> NumaPlacement {
        let cells = self.request.cells().iter().zip(&self.cells);
        let placed: Vec<PlacedCell> = cells
            .map(|(cell, traces)| traces.attempt.place(cell, traces.id))
            .collect();
        NumaPlacement::new(placed, self.request.emulator_threads_policy())
    }
}

impl Traces {
    fn attempt(
        &mut self,
        host: &NumaCell,
        cell: &RequestCell,
        reserved: usize,
        options: &FitOptions<'_>,
    ) -> bool {
        let mut attempt = Attempt::default();
        let limits = options.limits.as_ref();
        let fits = attempt.run(host, cell, self.page_size, reserved, limits);
        if attempt.page_size.is_some() {
            self.page_size = attempt.page_size;
        }
        self.attempt.page_size = self.page_size;
        if attempt.pinning.is_some() {
            self.attempt.pinning = attempt.pinning;
            self.id = host.id();
        }
        fits.is_ok()
    }
}

/// Choices of so many numbers below another in every order, in lexicographic order.
struct Permutations {
    current: Vec<usize>,
    below: usize,
    started: bool,
}

impl Permutations {
    fn new(below: usize, length: usize) -> Self {
        Self {
            current: (0..length).collect(),
            below,
            started: false,
        }
    }

    fn next(&mut self) -> Option<&[usize]> {
        if !self.started {
            self.started = true;
            return Some(&self.current);
        }
        let length = self.current.len();
        while let Some(last) = self.current.pop() {
            let used: BTreeSet<usize> = self.current.iter().copied().collect();
            let free = |number: &usize| !used.contains(number);
            if let Some(next) = (last + 1..self.below).find(free) {
                self.current.push(next);
                let rest = (0..self.below).filter(|number| free(number) && *number != next);
                let missing = length - self.current.len();
                self.current.extend(rest.take(missing));
                return Some(&self.current);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_come_in_lexicographic_order() {
        let mut choices = Permutations::new(3, 2);
        let mut all = Vec::new();
        while let Some(choice) = choices.next() {
            all.push(choice.to_vec());
        }
        assert_eq!(all, [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]);
    }
}

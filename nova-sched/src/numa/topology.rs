//! The NUMA cells of a host.

use serde::{Deserialize, Serialize};

use super::{NumaCell, NumaError};

/// The NUMA cells of a host, in the order in which it reported them (Nova's `NUMATopology`).
///
/// It is a value: [`claim`](Self::claim) and [`release`](Self::release) make another one.
///
/// ```
/// use nova_sched::numa::{CpuSet, FitOptions, NumaCell, NumaRequest, NumaTopology};
///
/// let cell = |id: u16| {
///     NumaCell::new(id.into(), 8192)
///         .with_cpuset((4 * id..4 * id + 4).collect())
///         .with_usage(if id == 0 { 3 } else { 0 }, 0)
/// };
/// let host = NumaTopology::new([cell(0), cell(1)])?;
///
/// let request = NumaRequest::shared([(CpuSet::below(2), 4096)])?;
/// let placement = host.fit(&request, &FitOptions::default()).expect("it fits on either cell");
/// assert_eq!(placement.cells()[0].id(), 1, "less of it is used");
///
/// let claimed = host.claim(&placement)?;
/// assert_eq!(claimed.cells()[1].cpu_usage(), 2);
/// assert_eq!(claimed.release(&placement)?, host);
/// # Ok::<(), nova_sched::numa::NumaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "TopologyData", into = "TopologyData")]
pub struct NumaTopology {
    pub(super) cells: Vec<NumaCell>,
}

impl NumaTopology {
    /// The most cells of a host that are looked at.
    pub const MAX_CELLS: usize = 64;

    /// A host of these cells.
    ///
    /// # Errors
    /// [`NumaError`] if there is none, or more than [`MAX_CELLS`](Self::MAX_CELLS); if two have
    /// one number; if a size of memory or of a page is zero or beyond any machine's; if a cell
    /// has pages of one size twice; or if a CPU is a thread of two cores.
    pub fn new(cells: impl IntoIterator<Item = NumaCell>) -> Result<Self, NumaError> {
        let cells: Vec<_> = cells.into_iter().collect();
        if !(1..=Self::MAX_CELLS).contains(&cells.len()) {
            return Err(NumaError::CellCount {
                count: cells.len(),
                limit: Self::MAX_CELLS,
            });
        }
        for (place, cell) in cells.iter().enumerate() {
            if cells
                .iter()
                .take(place)
                .any(|other| other.id() == cell.id())
            {
                return Err(NumaError::DuplicateCell { id: cell.id() });
            }
            cell.check()?;
        }
        Ok(Self { cells })
    }

    /// The cells.
    pub fn cells(&self) -> &[NumaCell] {
        &self.cells
    }

    /// The cell of a number.
    pub fn cell(&self, id: u32) -> Option<&NumaCell> {
        self.cells.iter().find(|cell| cell.id() == id)
    }

    /// Whether any core of it has several threads.
    pub fn has_threads(&self) -> bool {
        self.cells.iter().any(NumaCell::has_threads)
    }

    /// Makes it share with another topology in memory what both have in common and what servers
    /// do not change. Hosts of one model differ in nothing else.
    pub fn share_with(&mut self, other: &Self) {
        for (mine, theirs) in self.cells.iter_mut().zip(&other.cells) {
            if mine.has_shape_of(theirs) {
                mine.share_shape(theirs);
            }
        }
    }
}

/// A topology as it is serialised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TopologyData {
    cells: Vec<NumaCell>,
}

impl TryFrom<TopologyData> for NumaTopology {
    type Error = NumaError;

    fn try_from(data: TopologyData) -> Result<Self, NumaError> {
        Self::new(data.cells)
    }
}

impl From<NumaTopology> for TopologyData {
    fn from(topology: NumaTopology) -> Self {
        Self {
            cells: topology.cells,
        }
    }
}

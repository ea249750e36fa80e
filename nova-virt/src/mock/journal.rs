//! What was asked of a mock and how it ended.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::Operation;
use crate::guest::GuestId;

/// A call, as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// Its number: the first call ever is number 0.
    pub number: u64,
    /// When it began, counted from the mock's making, in tokio's time.
    pub at: Duration,
    /// What was asked.
    pub operation: Operation,
    /// Of which guest, if it is about one.
    pub guest: Option<GuestId>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It goes on.
    Running,
    /// It succeeded.
    Done,
    /// It failed, and the error said this.
    Failed(String),
    /// Its future was dropped before its end.
    Dropped,
}

/// The calls of a mock so far, in the order in which they began.
///
/// Its text has one line for each call, without times: fit for a snapshot.
///
/// ```
/// use nova_virt::Hypervisor;
/// use nova_virt::mock::{MockHypervisor, Operation};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # runtime.block_on(async {
/// let mock = MockHypervisor::new("host-1");
/// mock.list().await?;
/// mock.fail_next(Operation::List);
/// let _ = mock.list().await;
/// assert_eq!(
///     mock.journal().to_string(),
///     "list: done\nlist: failed: the mock driver could not list\n",
/// );
/// # Ok::<(), nova_virt::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal(Vec<Call>);

impl Journal {
    /// The calls.
    pub fn calls(&self) -> &[Call] {
        &self.0
    }

    /// The calls about one guest.
    #[must_use]
    pub fn of(&self, guest: GuestId) -> Self {
        self.filtered(|call| call.guest == Some(guest))
    }

    /// The calls that can change something: without inventories, lists, inspections and logs.
    #[must_use]
    pub fn changes(&self) -> Self {
        self.filtered(|call| call.operation.changes())
    }

    /// The calls that satisfy a condition.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(&Call) -> bool) -> Self {
        Self(self.0.iter().filter(|call| keep(call)).cloned().collect())
    }

    /// How many calls of an operation there are.
    pub fn count(&self, operation: Operation) -> usize {
        self.0
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    /// The operations alone, for a short assertion.
    pub fn operations(&self) -> Vec<Operation> {
        self.0.iter().map(|call| call.operation).collect()
    }
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|call| writeln!(f, "{call}"))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operation.fmt(f)?;
        if let Some(guest) = self.guest {
            write!(f, " {guest}")?;
        }
        write!(f, ": {}", self.outcome)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running => f.write_str("running"),
            Self::Done => f.write_str("done"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Dropped => f.write_str("dropped"),
        }
    }
}

/// The latest calls, as they are written down.
#[derive(Debug)]
pub(super) struct Recorder {
    calls: VecDeque<Call>,
    next: u64,
    limit: usize,
}

impl Recorder {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            calls: VecDeque::new(),
            next: 0,
            limit,
        }
    }

    /// Writes down that a call began; returns its number.
    pub(super) fn begin(
        &mut self,
        at: Duration,
        operation: Operation,
        guest: Option<GuestId>,
    ) -> u64 {
        let number = self.next;
        self.next += 1;
        if self.calls.len() >= self.limit {
            self.calls.pop_front();
        }
        if self.limit > 0 {
            self.calls.push_back(Call {
                number,
                at,
                operation,
                guest,
                outcome: Outcome::Running,
            });
        }
        number
    }

    /// Writes down how it ended, unless it was forgotten by then.
    pub(super) fn end(&mut self, number: u64, outcome: Outcome) {
        let found = self.calls.binary_search_by_key(&number, |call| call.number);
        if let Some(call) = found.ok().and_then(|index| self.calls.get_mut(index)) {
            call.outcome = outcome;
        }
    }

    pub(super) fn journal(&self) -> Journal {
        Journal(self.calls.iter().cloned().collect())
    }

    pub(super) fn clear(&mut self) {
        self.calls.clear();
    }
}

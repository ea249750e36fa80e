//! Faults by script.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nova_core::BoxError;

use super::Operation;
use crate::error::Error;
use crate::guest::GuestId;
use crate::spec::VmSpec;

/// A fault that a mock is told to have.
///
/// It waits for the calls that it matches, lets the first ones pass if told so, strikes as often
/// as told (once, unless told otherwise), and is then forgotten. Where several match a call, the
/// one that was [injected](super::MockHypervisor::inject) first strikes and the others wait on.
///
/// ```
/// use nova_virt::Hypervisor;
/// use nova_virt::mock::{Fault, MockHypervisor, Operation};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # runtime.block_on(async {
/// let mock = MockHypervisor::new("host-1");
/// mock.inject(Fault::on(Operation::List).after(1).times(2).permanent());
/// assert!(mock.list().await.is_ok());
/// assert!(!mock.list().await.unwrap_err().retryable());
/// assert!(mock.list().await.is_err());
/// assert!(mock.list().await.is_ok());
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a fault strikes only after it was injected"]
pub struct Fault {
    operation: Operation,
    guest: Option<GuestId>,
    condition: Option<Condition>,
    passes: u64,
    strikes: Option<u64>,
    strike: Strike,
}

type Condition = Arc<dyn Fn(&VmSpec) -> bool + Send + Sync>;

/// What a fault does to a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strike {
    /// Whether half of the work is done before.
    pub(super) halfway: bool,
    pub(super) kind: StrikeKind,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum StrikeKind {
    Fail { transient: bool },
    TimeOut(Duration),
    Hang,
}

impl Fault {
    /// A fault of the next such call: it fails before anything is done, with an error that says
    /// that another try may succeed.
    pub fn on(operation: Operation) -> Self {
        Self {
            operation,
            guest: None,
            condition: None,
            passes: 0,
            strikes: Some(1),
            strike: Strike {
                halfway: false,
                kind: StrikeKind::Fail { transient: true },
            },
        }
    }

    /// Only calls about this guest count.
    pub fn guest(mut self, guest: GuestId) -> Self {
        self.guest = Some(guest);
        self
    }

    /// Only spawns of such specifications count. The condition must not call the mock.
    pub fn when(mut self, condition: impl Fn(&VmSpec) -> bool + Send + Sync + 'static) -> Self {
        self.condition = Some(Arc::new(condition));
        self
    }

    /// So many calls pass before it strikes.
    pub fn after(mut self, calls: u64) -> Self {
        self.passes = calls;
        self
    }

    /// It strikes so many calls.
    pub fn times(mut self, calls: u64) -> Self {
        self.strikes = Some(calls);
        self
    }

    /// It strikes every call from then on.
    pub fn always(mut self) -> Self {
        self.strikes = None;
        self
    }

    /// The error says that another try will not succeed.
    pub fn permanent(mut self) -> Self {
        self.strike.kind = StrikeKind::Fail { transient: false };
        self
    }

    /// The call takes so long and ends in [`Error::TimedOut`].
    pub fn times_out(mut self, after: Duration) -> Self {
        self.strike.kind = StrikeKind::TimeOut(after);
        self
    }

    /// The call hangs until [released](super::MockHypervisor::release), and then goes on.
    pub fn hangs(mut self) -> Self {
        self.strike.kind = StrikeKind::Hang;
        self
    }

    /// It strikes when half of the work is done, which a failure then undoes: for a spawn the
    /// disks are made, for everything else this is the same as before any work.
    pub fn halfway(mut self) -> Self {
        self.strike.halfway = true;
        self
    }

    fn matches(&self, operation: Operation, guest: Option<GuestId>, spec: Option<&VmSpec>) -> bool {
        self.operation == operation
            && self.guest.is_none_or(|wanted| guest == Some(wanted))
            && self
                .condition
                .as_ref()
                .is_none_or(|holds| spec.is_some_and(|spec| holds(spec)))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("operation", &self.operation)
            .field("guest", &self.guest)
            .field("conditional", &self.condition.is_some())
            .field("passes", &self.passes)
            .field("strikes", &self.strikes)
            .field("strike", &self.strike)
            .finish()
    }
}

/// The faults that wait.
#[derive(Debug, Default)]
pub(super) struct FaultScript(Vec<Fault>);

impl FaultScript {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a call; tells what strikes it.
    pub(super) fn next(
        &mut self,
        operation: Operation,
        guest: Option<GuestId>,
        spec: Option<&VmSpec>,
    ) -> Option<Strike> {
        let mut struck = None;
        for fault in self
            .0
            .iter_mut()
            .filter(|fault| fault.matches(operation, guest, spec))
        {
            if fault.passes > 0 {
                fault.passes -= 1;
            } else if struck.is_none() && fault.strikes != Some(0) {
                fault.strikes = fault.strikes.map(|left| left - 1);
                struck = Some(fault.strike);
            }
        }
        self.0.retain(|fault| fault.strikes != Some(0));
        struck
    }
}

/// The source of an error that a fault caused.
#[derive(Debug, thiserror::Error)]
pub(super) enum MockFailure {
    #[error("a fault was injected")]
    Injected,
    #[error("the host is down")]
    HostDown,
    #[error("the host has no {0} left")]
    Full(&'static str),
}

impl MockFailure {
    pub(super) fn into_error(
        self,
        operation: Operation,
        guest: Option<GuestId>,
        transient: bool,
    ) -> Error {
        let source = BoxError::from(self);
        Error::Backend {
            driver: super::DRIVER,
            operation: operation.verb(),
            guest,
            transient,
            source,
        }
    }
}

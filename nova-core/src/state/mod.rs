//! Which operation a server accepts in which state, and what becomes of it.
//!
//! [`RULES`] is the whole of it: one row for each [`Operation`]. The API admits requests by it,
//! the conductor takes task states and final states from it, and the tests walk it. The rows were
//! read off OpenStack Nova 34.0.0, from the state checks of its compute API. `docs/states.md` in the
//! repository shows them as a diagram.
//!
//! ```
//! use nova_core::state::{Caller, Operation, Outcome, ServerStatus, TaskState, VmState, admit};
//!
//! let active = ServerStatus { vm_state: VmState::Active, ..ServerStatus::default() };
//! let stop = admit(Operation::Stop, &active, Caller::User)?;
//! assert_eq!(stop.task_states(), [TaskState::PoweringOff]);
//! assert_eq!(stop.outcome(), Outcome::Becomes(VmState::Stopped));
//! # Ok::<(), nova_core::state::StateConflict>(())
//! ```

mod admit;
mod operation;
mod power_state;
mod table;
mod task_state;
mod vm_state;

pub use admit::{
    Caller, ConflictCause, HostCondition, ServerStatus, StateConflict, Transition, admit,
};
pub use operation::Operation;
pub use power_state::PowerState;
pub use table::{HostRule, Outcome, RULES, Rule, Tasks, VmStates, rule};
pub use task_state::TaskState;
pub use vm_state::VmState;

//! Asking the table.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::{HostRule, Outcome, Rule, Tasks, VmStates, rule};
use super::{Operation, PowerState, TaskState, VmState};

/// Who asks, as far as the table cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// A user of the server's project.
    User,
    /// An administrator, whom a lock does not stop.
    Admin,
}

/// Whether the server's host was seen alive lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostCondition {
    /// It reports.
    Up,
    /// It has gone silent, or was declared down.
    Down,
}

/// What the table needs to know of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerStatus {
    /// Its vm state.
    pub vm_state: VmState,
    /// The task that runs, if any.
    pub task_state: Option<TaskState>,
    /// Its power state when it was last looked at.
    pub power_state: PowerState,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether it ever finished a build.
    pub launched: bool,
    /// Its host's condition.
    pub host: HostCondition,
}

impl Default for ServerStatus {
    /// An active, running, unlocked, idle server on a host that is up.
    fn default() -> Self {
        Self {
            vm_state: VmState::Active,
            task_state: None,
            power_state: PowerState::Running,
            locked: false,
            launched: true,
            host: HostCondition::Up,
        }
    }
}

/// An operation that was admitted: the way it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    rule: &'static Rule,
    from: VmState,
}

impl Transition {
    /// The operation.
    pub fn operation(&self) -> Operation {
        self.rule.operation
    }

    /// The vm state in which it was admitted.
    pub fn from(&self) -> VmState {
        self.from
    }

    /// The task states that it goes through, in order. Empty where it sets none.
    pub fn task_states(&self) -> &'static [TaskState] {
        self.rule.path
    }

    /// The task state to set when it begins.
    pub fn first_task(&self) -> Option<TaskState> {
        self.rule.path.first().copied()
    }

    /// What the server becomes when it succeeds.
    pub fn outcome(&self) -> Outcome {
        self.rule.outcome
    }
}

/// Why a server's state refuses an operation: the attribute at fault and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub struct StateConflict {
    /// What was asked.
    pub operation: Operation,
    /// What stands against it.
    pub cause: ConflictCause,
}

/// The attribute that refuses an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "attribute", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConflictCause {
    /// The vm state.
    VmState(VmState),
    /// The task state; `None` where the operation needs a task to be running.
    TaskState(Option<TaskState>),
    /// The server is locked.
    Locked,
    /// The server never finished a build.
    NotLaunched,
    /// The host must be up and is not.
    HostDown,
    /// The host must be down and is not.
    HostUp,
}

impl ConflictCause {
    /// The attribute's name.
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::VmState(_) => "vm_state",
            Self::TaskState(_) => "task_state",
            Self::Locked => "locked",
            Self::NotLaunched => "launched_at",
            Self::HostDown | Self::HostUp => "host_status",
        }
    }

    /// The attribute's value.
    pub const fn value(self) -> &'static str {
        match self {
            Self::VmState(state) => state.as_str(),
            Self::TaskState(Some(task)) => task.as_str(),
            Self::TaskState(None) | Self::NotLaunched => "none",
            Self::Locked => "true",
            Self::HostDown => "down",
            Self::HostUp => "up",
        }
    }
}

impl fmt::Display for StateConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, cause } = self;
        match cause {
            ConflictCause::VmState(_) | ConflictCause::TaskState(_) => {
                let (attribute, value) = (cause.attribute(), cause.value());
                write!(
                    f,
                    "cannot {operation} a server while its {attribute} is {value}"
                )
            }
            ConflictCause::Locked => write!(f, "cannot {operation} a server while it is locked"),
            ConflictCause::NotLaunched => {
                write!(
                    f,
                    "cannot {operation} a server that never finished its first build"
                )
            }
            ConflictCause::HostDown => {
                write!(f, "cannot {operation} a server while its host is down")
            }
            ConflictCause::HostUp => write!(f, "cannot {operation} a server while its host is up"),
        }
    }
}

/// Whether the server accepts the operation now, and which way it then takes.
///
/// The checks are made in Nova's order: the lock, the vm state, the task state, the first
/// build, the host. [`Operation::Create`] has no server to ask about and is never accepted here.
///
/// # Errors
/// The first [`StateConflict`] found.
pub fn admit(
    operation: Operation,
    server: &ServerStatus,
    caller: Caller,
) -> Result<Transition, StateConflict> {
    let rule = rule(operation);
    match refusal(rule, server, caller) {
        Some(cause) => Err(StateConflict { operation, cause }),
        None => Ok(Transition {
            rule,
            from: server.vm_state,
        }),
    }
}

fn refusal(rule: &Rule, server: &ServerStatus, caller: Caller) -> Option<ConflictCause> {
    if rule.lockable && server.locked && caller != Caller::Admin {
        return Some(ConflictCause::Locked);
    }
    let vm_state_allows = match rule.vm_states {
        VmStates::New => false,
        VmStates::Every => true,
        VmStates::Of(states) => states.contains(&server.vm_state),
    };
    if !vm_state_allows {
        return Some(ConflictCause::VmState(server.vm_state));
    }
    let task_allows = match (rule.tasks, server.task_state) {
        (Tasks::Any, _) | (Tasks::None | Tasks::NoneOr(_), None) => true,
        (Tasks::None, Some(_)) | (Tasks::Only(_), None) => false,
        (Tasks::NoneOr(tasks) | Tasks::Only(tasks), Some(task)) => tasks.contains(&task),
    };
    if !task_allows {
        return Some(ConflictCause::TaskState(server.task_state));
    }
    if rule.launched && !server.launched {
        return Some(ConflictCause::NotLaunched);
    }
    match (rule.host, server.host) {
        (HostRule::Up, HostCondition::Down) => Some(ConflictCause::HostDown),
        (HostRule::Down, HostCondition::Up) => Some(ConflictCause::HostUp),
        _ => None,
    }
}

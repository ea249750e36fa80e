//! The table: one row for each operation.

use super::{Operation, TaskState, VmState};

/// The vm states in which an operation is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VmStates {
    /// There is no server yet.
    New,
    /// Every state.
    Every,
    /// These.
    Of(&'static [VmState]),
}

/// The task states in which an operation is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tasks {
    /// Only when no task runs.
    None,
    /// Whatever task runs.
    Any,
    /// When no task runs, or one of these.
    NoneOr(&'static [TaskState]),
    /// Only while one of these runs.
    Only(&'static [TaskState]),
}

/// What must be true of the server's host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostRule {
    /// Nothing.
    Any,
    /// It must be up.
    Up,
    /// It must be down.
    Down,
}

/// What a server is when an operation has succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// This.
    Becomes(VmState),
    /// What it was.
    Unchanged,
    /// Active, or stopped where it was stopped before the operation (or, for the end of a
    /// resize, before the resize).
    ActiveOrStopped,
}

impl Outcome {
    /// The vm state after a success, given the one before the operation began (for the end of a
    /// resize: before the resize).
    pub const fn after(self, before: VmState) -> VmState {
        match (self, before) {
            (Self::Becomes(state), _) => state,
            (Self::ActiveOrStopped, VmState::Stopped) => VmState::Stopped,
            (Self::ActiveOrStopped, _) => VmState::Active,
            (Self::Unchanged, before) => before,
        }
    }
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The operation that the row is of.
    pub operation: Operation,
    /// The vm states that allow it.
    pub vm_states: VmStates,
    /// The task states that allow it.
    pub tasks: Tasks,
    /// Whether a locked server refuses it to anyone but an administrator.
    pub lockable: bool,
    /// Whether it is refused until the server finished its first build.
    pub launched: bool,
    /// What must be true of the server's host.
    pub host: HostRule,
    /// The task states that it goes through, in order.
    pub path: &'static [TaskState],
    /// What the server is afterwards.
    pub outcome: Outcome,
}

/// The row of an operation.
pub fn rule(operation: Operation) -> &'static Rule {
    // The table is in the order of the enum, which a test checks.
    &RULES[operation as usize]
}

/// Most operations: refused when locked, refused before the first build, on any host.
const fn row(
    operation: Operation,
    vm_states: &'static [VmState],
    tasks: Tasks,
    path: &'static [TaskState],
    outcome: Outcome,
) -> Rule {
    Rule {
        operation,
        vm_states: VmStates::Of(vm_states),
        tasks,
        lockable: true,
        launched: true,
        host: HostRule::Any,
        path,
        outcome,
    }
}

const fn unlocked(rule: Rule) -> Rule {
    Rule {
        lockable: false,
        ..rule
    }
}

const fn on_host(rule: Rule, host: HostRule) -> Rule {
    Rule { host, ..rule }
}

const fn in_every_state(rule: Rule) -> Rule {
    Rule {
        vm_states: VmStates::Every,
        ..rule
    }
}

const fn before_launch(rule: Rule) -> Rule {
    Rule {
        launched: false,
        ..rule
    }
}

/// Every operation, in the order of [`Operation::ALL`].
pub const RULES: &[Rule] = {
    use Operation as O;
    use Outcome::{ActiveOrStopped, Becomes, Unchanged};
    use TaskState as T;
    use VmState::{
        Active, Deleted, Error, Paused, Rescued, Resized, Shelved, ShelvedOffloaded, SoftDeleted,
        Stopped, Suspended,
    };

    const RESIZE_PATH: &[T] = &[
        T::ResizePrep,
        T::ResizeMigrating,
        T::ResizeMigrated,
        T::ResizeFinish,
    ];
    const REBUILD_PATH: &[T] = &[
        T::Rebuilding,
        T::RebuildBlockDeviceMapping,
        T::RebuildSpawning,
    ];
    const VOLUME_STATES: &[VmState] = &[
        Active,
        Paused,
        Stopped,
        Resized,
        SoftDeleted,
        Shelved,
        ShelvedOffloaded,
    ];
    const UP_OR_HALTED: &[VmState] = &[Active, Stopped, Paused, Suspended];

    &[
        Rule {
            vm_states: VmStates::New,
            lockable: false,
            ..before_launch(row(O::Create, &[], Tasks::None, T::BUILD, Becomes(Active)))
        },
        before_launch(in_every_state(row(
            O::Delete,
            &[],
            Tasks::Any,
            &[T::Deleting],
            Becomes(Deleted),
        ))),
        in_every_state(row(
            O::SoftDelete,
            &[],
            Tasks::Any,
            &[T::SoftDeleting],
            Becomes(SoftDeleted),
        )),
        unlocked(before_launch(in_every_state(row(
            O::ForceDelete,
            &[],
            Tasks::Any,
            &[T::Deleting],
            Becomes(Deleted),
        )))),
        row(
            O::Restore,
            &[SoftDeleted],
            Tasks::None,
            &[T::Restoring],
            Becomes(Active),
        ),
        row(
            O::Start,
            &[Stopped],
            Tasks::None,
            &[T::PoweringOn],
            Becomes(Active),
        ),
        row(
            O::Stop,
            &[Active, Error],
            Tasks::None,
            &[T::PoweringOff],
            Becomes(Stopped),
        ),
        row(
            O::SoftReboot,
            &[Active],
            Tasks::None,
            &[T::Rebooting, T::RebootPending, T::RebootStarted],
            Becomes(Active),
        ),
        row(
            O::HardReboot,
            &[Active, Stopped, Paused, Suspended, Error],
            Tasks::NoneOr(&[
                T::Rebooting,
                T::RebootPending,
                T::RebootStarted,
                T::RebootingHard,
                T::RebootPendingHard,
                T::RebootStartedHard,
                T::Pausing,
                T::Unpausing,
                T::Suspending,
                T::Resuming,
            ]),
            &[T::RebootingHard, T::RebootPendingHard, T::RebootStartedHard],
            Becomes(Active),
        ),
        row(
            O::Pause,
            &[Active],
            Tasks::None,
            &[T::Pausing],
            Becomes(Paused),
        ),
        row(
            O::Unpause,
            &[Paused],
            Tasks::None,
            &[T::Unpausing],
            Becomes(Active),
        ),
        row(
            O::Suspend,
            &[Active],
            Tasks::None,
            &[T::Suspending],
            Becomes(Suspended),
        ),
        row(
            O::Resume,
            &[Suspended],
            Tasks::None,
            &[T::Resuming],
            Becomes(Active),
        ),
        row(
            O::Rescue,
            &[Active, Stopped, Error],
            Tasks::None,
            &[T::Rescuing],
            Becomes(Rescued),
        ),
        row(
            O::Unrescue,
            &[Rescued],
            Tasks::None,
            &[T::Unrescuing],
            Becomes(Active),
        ),
        row(
            O::Rebuild,
            &[Active, Stopped, Error],
            Tasks::None,
            REBUILD_PATH,
            ActiveOrStopped,
        ),
        on_host(
            row(
                O::Resize,
                &[Active, Stopped],
                Tasks::None,
                RESIZE_PATH,
                Becomes(Resized),
            ),
            HostRule::Up,
        ),
        on_host(
            row(
                O::ColdMigrate,
                &[Active, Stopped],
                Tasks::None,
                RESIZE_PATH,
                Becomes(Resized),
            ),
            HostRule::Up,
        ),
        row(
            O::ConfirmResize,
            &[Resized],
            Tasks::None,
            &[T::ResizeConfirming],
            ActiveOrStopped,
        ),
        row(
            O::RevertResize,
            &[Resized],
            Tasks::None,
            &[T::ResizeReverting],
            ActiveOrStopped,
        ),
        row(
            O::LiveMigrate,
            &[Active, Paused],
            Tasks::None,
            &[T::Migrating],
            Unchanged,
        ),
        row(
            O::ForceCompleteLiveMigration,
            &[Active],
            Tasks::Only(&[T::Migrating]),
            &[T::Migrating],
            Unchanged,
        ),
        in_every_state(row(
            O::AbortLiveMigration,
            &[],
            Tasks::Only(&[T::Migrating]),
            &[T::Migrating],
            Unchanged,
        )),
        unlocked(on_host(
            row(
                O::Evacuate,
                &[Active, Stopped, Error],
                Tasks::Any,
                REBUILD_PATH,
                ActiveOrStopped,
            ),
            HostRule::Down,
        )),
        row(
            O::Shelve,
            UP_OR_HALTED,
            Tasks::None,
            &[
                T::Shelving,
                T::ShelvingImagePendingUpload,
                T::ShelvingImageUploading,
            ],
            Becomes(Shelved),
        ),
        row(
            O::ShelveOffload,
            &[Shelved],
            Tasks::None,
            &[T::ShelvingOffloading],
            Becomes(ShelvedOffloaded),
        ),
        row(
            O::Unshelve,
            &[Shelved, ShelvedOffloaded],
            Tasks::None,
            &[T::Unshelving, T::Spawning],
            Becomes(Active),
        ),
        unlocked(row(
            O::CreateImage,
            UP_OR_HALTED,
            Tasks::None,
            &[
                T::ImageSnapshotPending,
                T::ImageSnapshot,
                T::ImagePendingUpload,
                T::ImageUploading,
            ],
            Unchanged,
        )),
        unlocked(row(
            O::Backup,
            UP_OR_HALTED,
            Tasks::None,
            &[T::ImageBackup, T::ImagePendingUpload, T::ImageUploading],
            Unchanged,
        )),
        row(
            O::SetPassword,
            &[Active],
            Tasks::None,
            &[T::UpdatingPassword],
            Unchanged,
        ),
        row(
            O::CrashDump,
            &[Active, Paused, Rescued, Resized, Error],
            Tasks::None,
            &[],
            Unchanged,
        ),
        row(O::AttachVolume, VOLUME_STATES, Tasks::None, &[], Unchanged),
        row(O::DetachVolume, VOLUME_STATES, Tasks::None, &[], Unchanged),
        row(
            O::SwapVolume,
            &[Active, Paused, Resized],
            Tasks::None,
            &[],
            Unchanged,
        ),
        row(
            O::AttachInterface,
            &[Active, Paused, Stopped],
            Tasks::None,
            &[],
            Unchanged,
        ),
        row(
            O::DetachInterface,
            &[Active, Paused, Stopped],
            Tasks::None,
            &[],
            Unchanged,
        ),
        row(
            O::ChangeMetadata,
            &[Active, Paused, Suspended, Stopped],
            Tasks::Any,
            &[],
            Unchanged,
        ),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_operation_in_order() {
        let rows: Vec<Operation> = RULES.iter().map(|rule| rule.operation).collect();
        assert_eq!(rows, Operation::ALL);
    }

    #[test]
    fn every_vm_state_can_be_left_and_reached() {
        for state in VmState::ALL {
            let left = RULES.iter().any(|rule| match rule.vm_states {
                VmStates::Of(states) => states.contains(state),
                VmStates::Every => true,
                VmStates::New => false,
            });
            assert!(left, "no operation is accepted in {state}");
            let reached = RULES
                .iter()
                .any(|rule| rule.outcome == Outcome::Becomes(*state));
            // Building is where create begins, and error is where any operation may end.
            let begins = matches!(state, VmState::Building | VmState::Error);
            assert!(reached || begins, "no operation ends in {state}");
        }
    }
}

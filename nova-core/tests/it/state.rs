//! The state table against a second, independent writing of it.

use nova_core::state::{
    Caller, ConflictCause, HostCondition, Operation, Outcome, PowerState, ServerStatus, TaskState,
    VmState, admit, rule,
};

/// One line of `state_table.txt`, in words.
struct Line {
    operation: Operation,
    vm_states: Vec<&'static str>,
    tasks: Vec<&'static str>,
    lockable: bool,
    launched: bool,
    host: &'static str,
    path: Vec<&'static str>,
    outcome: &'static str,
}

fn lines() -> Vec<Line> {
    include_str!("state_table.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [
                operation,
                vm_states,
                tasks,
                lockable,
                launched,
                host,
                path,
                outcome,
            ] = cells[..]
            else {
                panic!("a line has {} cells: {line}", cells.len());
            };
            Line {
                operation: operation.parse().unwrap(),
                vm_states: vm_states.split_whitespace().collect(),
                tasks: tasks.split_whitespace().collect(),
                lockable: lockable == "yes",
                launched: launched == "yes",
                host,
                path: path.split_whitespace().collect(),
                outcome,
            }
        })
        .collect()
}

impl Line {
    /// The name of the first attribute that refuses, in Nova's order of checking.
    fn refusal(&self, server: &ServerStatus, caller: Caller) -> Option<&'static str> {
        let vm_state_allows =
            self.vm_states == ["every"] || self.vm_states.contains(&server.vm_state.as_str());
        let task = server.task_state.map(TaskState::as_str);
        let task_allows = match (&self.tasks[..], task) {
            (["any"], _) | (["none"] | ["none", "or", ..], None) => true,
            (["none", "or", rest @ ..] | ["only", rest @ ..], Some(task)) => rest.contains(&task),
            _ => false,
        };
        let host_allows = match self.host {
            "up" => server.host == HostCondition::Up,
            "down" => server.host == HostCondition::Down,
            _ => true,
        };
        if self.lockable && server.locked && caller == Caller::User {
            Some("locked")
        } else if !vm_state_allows {
            Some("vm_state")
        } else if !task_allows {
            Some("task_state")
        } else if self.launched && !server.launched {
            Some("launched_at")
        } else if !host_allows {
            Some("host_status")
        } else {
            None
        }
    }
}

#[test]
fn every_operation_in_every_state_is_admitted_as_the_table_says() {
    let lines = lines();
    assert_eq!(lines.len(), Operation::ALL.len());
    let tasks: Vec<Option<TaskState>> = std::iter::once(None)
        .chain(TaskState::ALL.iter().copied().map(Some))
        .collect();
    let mut cases = 0;
    for line in &lines {
        for &vm_state in VmState::ALL {
            for &task_state in &tasks {
                for bits in 0..16 {
                    let server = ServerStatus {
                        vm_state,
                        task_state,
                        power_state: PowerState::Running,
                        locked: bits & 1 == 1,
                        launched: bits & 2 == 2,
                        host: if bits & 4 == 4 {
                            HostCondition::Up
                        } else {
                            HostCondition::Down
                        },
                    };
                    let caller = if bits & 8 == 8 {
                        Caller::Admin
                    } else {
                        Caller::User
                    };
                    let answer = admit(line.operation, &server, caller);
                    let found = answer.err().map(|conflict| {
                        assert_eq!(conflict.operation, line.operation);
                        conflict.cause.attribute()
                    });
                    assert_eq!(
                        found,
                        line.refusal(&server, caller),
                        "{} {server:?}",
                        line.operation
                    );
                    cases += 1;
                }
            }
        }
    }
    assert_eq!(cases, 37 * 12 * 43 * 16);
}

#[test]
fn paths_and_outcomes_are_the_tables() {
    for line in lines() {
        let rule = rule(line.operation);
        let path: Vec<&str> = rule.path.iter().map(|task| task.as_str()).collect();
        assert_eq!(path, line.path, "{}", line.operation);
        let outcome = match rule.outcome {
            Outcome::Becomes(state) => state.as_str(),
            Outcome::Unchanged => "unchanged",
            Outcome::ActiveOrStopped => "active or stopped",
        };
        assert_eq!(outcome, line.outcome, "{}", line.operation);
    }
}

#[test]
fn a_conflict_names_the_attribute_and_its_value() {
    let paused = ServerStatus {
        vm_state: VmState::Paused,
        ..ServerStatus::default()
    };
    let conflict = admit(Operation::Stop, &paused, Caller::User).unwrap_err();
    assert_eq!(conflict.cause, ConflictCause::VmState(VmState::Paused));
    assert_eq!(
        conflict.to_string(),
        "cannot stop a server while its vm_state is paused"
    );

    let locked = ServerStatus {
        locked: true,
        ..ServerStatus::default()
    };
    let conflict = admit(Operation::Stop, &locked, Caller::User).unwrap_err();
    assert_eq!(
        conflict.to_string(),
        "cannot stop a server while it is locked"
    );
    assert!(admit(Operation::Stop, &locked, Caller::Admin).is_ok());
}

#[test]
fn a_final_state_depends_on_where_the_server_was() {
    let rebuilt = rule(Operation::Rebuild).outcome;
    assert_eq!(rebuilt.after(VmState::Stopped), VmState::Stopped);
    assert_eq!(rebuilt.after(VmState::Error), VmState::Active);
    assert_eq!(
        rule(Operation::LiveMigrate).outcome.after(VmState::Paused),
        VmState::Paused
    );
    assert_eq!(
        rule(Operation::Stop).outcome.after(VmState::Error),
        VmState::Stopped
    );
}

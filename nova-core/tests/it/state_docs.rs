//! `docs/states.md` is written from the state table.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use nova_core::state::{HostRule, Outcome, RULES, Rule, Tasks, VmState, VmStates};

/// The vm states that a rule is accepted in.
fn states(rule: &Rule) -> Vec<VmState> {
    match rule.vm_states {
        VmStates::New => Vec::new(),
        VmStates::Every => VmState::ALL.to_vec(),
        VmStates::Of(states) => states.to_vec(),
    }
}

/// The arrows of the diagram: from, to, and what leads there. Operations that change nothing, or
/// are accepted everywhere, are told below it.
fn arrows() -> BTreeSet<(String, &'static str, &'static str)> {
    let mut arrows = BTreeSet::new();
    for rule in RULES {
        let name = rule.operation.as_str();
        match rule.vm_states {
            VmStates::New => {
                arrows.insert(("[*]".to_owned(), VmState::Building.as_str(), name));
            }
            VmStates::Every => {}
            VmStates::Of(states) => {
                for from in states {
                    let to = rule.outcome.after(*from);
                    if rule.outcome != Outcome::Unchanged && to != *from {
                        arrows.insert((from.as_str().to_owned(), to.as_str(), name));
                    }
                }
            }
        }
    }
    arrows
}

fn document() -> String {
    let mut text = String::from(
        "# Server states\n\n\
         Written from `nova_core::state::RULES` by `nova-core/tests/it/state_docs.rs`; `NOVA_WRITE_DOCS=1 cargo\n\
         test -p nova-core` writes it anew.\n\n\
         A build ends in `active`, or in `error`, where any failed operation may end. Operations that leave the\n\
         vm state as it is are in the table only, and so are those that every state accepts.\n\n\
         ```mermaid\nstateDiagram-v2\n",
    );
    for (from, to, name) in arrows() {
        writeln!(text, "    {from} --> {to}: {name}").unwrap();
    }
    writeln!(text, "    building --> active: built\n```\n").unwrap();
    text.push_str(
        "| operation | vm states | tasks | locked | before launch | host | task states | becomes |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for rule in RULES {
        let from = match rule.vm_states {
            VmStates::New => "(new)".to_owned(),
            VmStates::Every => "every".to_owned(),
            VmStates::Of(_) => states(rule)
                .iter()
                .map(|state| state.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        };
        let named = |tasks: &[nova_core::state::TaskState]| {
            tasks
                .iter()
                .map(|task| task.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let tasks = match rule.tasks {
            Tasks::None => "none".to_owned(),
            Tasks::Any => "any".to_owned(),
            Tasks::NoneOr(tasks) => format!("none, {}", named(tasks)),
            Tasks::Only(tasks) => format!("only {}", named(tasks)),
        };
        let path = rule
            .path
            .iter()
            .map(|task| task.as_str())
            .collect::<Vec<_>>()
            .join(" → ");
        let becomes = match rule.outcome {
            Outcome::Becomes(state) => state.as_str(),
            Outcome::Unchanged => "unchanged",
            Outcome::ActiveOrStopped => "active, or stopped where it was stopped",
        };
        writeln!(
            text,
            "| {} | {from} | {tasks} | {} | {} | {} | {path} | {becomes} |",
            rule.operation,
            if rule.lockable { "refused" } else { "accepted" },
            if rule.launched { "refused" } else { "accepted" },
            match rule.host {
                HostRule::Any => "any",
                HostRule::Up => "up",
                HostRule::Down => "down",
            },
        )
        .unwrap();
    }
    text
}

#[test]
fn the_documentation_is_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/states.md");
    if std::env::var_os("NOVA_WRITE_DOCS").is_some() {
        std::fs::write(&path, document()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        written == document(),
        "docs/states.md is not what the table says: NOVA_WRITE_DOCS=1"
    );
}

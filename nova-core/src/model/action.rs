//! What was done to a server, and how it went: Nova's instance actions.

use serde::{Deserialize, Serialize};

use super::token::token;
use crate::env::Timestamp;
use crate::id::{HostName, ProjectId, RequestId, ServerId, UserId};
use crate::state::Operation;
use crate::text_enum::text_enum;

/// One request that did something to a server. A request does one thing to one server, so the two
/// ids together name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Action {
    /// The server.
    pub server_id: ServerId,
    /// The request.
    pub request_id: RequestId,
    /// What was asked for.
    pub operation: Operation,
    /// Who asked.
    pub user_id: UserId,
    /// For which project.
    pub project_id: ProjectId,
    /// When it began.
    pub started_at: Timestamp,
    /// How it ended; `None` while it has not.
    pub outcome: Option<ActionOutcome>,
}

/// How an action ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionOutcome {
    /// When.
    pub finished_at: Timestamp,
    /// What the owner of the server is told of a failure; `None` if it ended well.
    pub message: Option<String>,
}

impl Action {
    /// An action that begins.
    pub fn begin(
        server_id: ServerId,
        request_id: RequestId,
        operation: Operation,
        user_id: UserId,
        project_id: ProjectId,
        now: Timestamp,
    ) -> Self {
        Self {
            server_id,
            request_id,
            operation,
            user_id,
            project_id,
            started_at: now,
            outcome: None,
        }
    }
}

token!(
    /// What an event is, such as `compute_prep_resize`.
    EventName, "event name", 128
);

text_enum! {
    /// How an event ended.
    pub enum EventResult: "event result" {
        /// Well.
        Success = "success",
        /// With an error.
        Error = "error",
    }
}

/// One stage of an action, on one host. A stage runs once on a host: the action, the name and the
/// host together name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ActionEvent {
    /// The server of the action.
    pub server_id: ServerId,
    /// The request of the action.
    pub request_id: RequestId,
    /// What it is.
    pub name: EventName,
    /// Where it happens; `None` where that is no compute host. For administrators.
    pub host: Option<HostName>,
    /// When it began.
    pub started_at: Timestamp,
    /// How it ended; `None` while it has not.
    pub outcome: Option<EventOutcome>,
}

/// How an event ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventOutcome {
    /// When.
    pub finished_at: Timestamp,
    /// Whether well.
    pub result: EventResult,
    /// What only an administrator is told: the chain of causes.
    pub details: Option<String>,
}

impl ActionEvent {
    /// An event that begins.
    pub fn begin(
        server_id: ServerId,
        request_id: RequestId,
        name: EventName,
        host: Option<HostName>,
        now: Timestamp,
    ) -> Self {
        Self {
            server_id,
            request_id,
            name,
            host,
            started_at: now,
            outcome: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_names_are_tokens() {
        for good in [
            "a",
            "compute__do_build_and_run_instance",
            &"x".repeat(EventName::MAX_CHARS),
        ] {
            assert_eq!(EventName::new(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "_a",
            "9",
            "Build",
            "a b",
            "a\0",
            "\u{e4}",
            &"x".repeat(129),
        ] {
            assert!(EventName::new(bad).is_err(), "{bad:?} passed");
        }
        assert!(serde_json::from_str::<EventName>("\"A\"").is_err());
        assert!("Success".parse::<EventResult>().is_err());
    }
}

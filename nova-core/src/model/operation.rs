//! Records of long operations: what a saga needs to go on after its owner died.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Generation;
use super::token::token;
use crate::env::Timestamp;
use crate::error::{Error, Result};
use crate::id::{OperationId, RequestId, RoleName, ServerId};
use crate::text_enum::text_enum;

token!(
    /// Which saga an operation runs, such as `server-build`.
    OperationKind, "operation kind", 64
);

token!(
    /// The name of a step of a saga, such as `claim-resources`.
    StepName, "operation step", 64
);

text_enum! {
    /// Where a long operation stands.
    pub enum OperationState: "operation state" {
        /// Its steps are done one after another.
        Running = "running",
        /// A step failed: what was done is undone, the last step first.
        Unwinding = "unwinding",
        /// Every step was done.
        Done = "done",
        /// Every step that was done is undone.
        Undone = "undone",
        /// It can go neither on nor back by itself: somebody must look at it.
        Stuck = "stuck",
    }
}

impl OperationState {
    /// The states that one in this state may be written with, besides its own.
    pub const fn successors(self) -> &'static [Self] {
        match self {
            Self::Running => &[Self::Unwinding, Self::Done, Self::Stuck],
            Self::Unwinding => &[Self::Undone, Self::Stuck],
            Self::Stuck => &[Self::Running, Self::Unwinding],
            Self::Done | Self::Undone => &[],
        }
    }

    /// Whether one in this state may be written with that one: its own, or a
    /// [successor](Self::successors).
    pub fn can_become(self, next: Self) -> bool {
        self == next || self.successors().contains(&next)
    }

    /// Whether nothing is left to be done.
    pub const fn is_finished(self) -> bool {
        self.successors().is_empty()
    }

    /// Whether an owner can carry on without being told how: running or unwinding.
    pub const fn is_runnable(self) -> bool {
        matches!(self, Self::Running | Self::Unwinding)
    }
}

/// What a saga keeps of itself between its steps: text of its choice, JSON as a rule.
///
/// It may hold secrets: `Debug` shows its length only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperationPayload(String);

impl OperationPayload {
    /// The most bytes of a payload.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Checks and wraps the text.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is longer than [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if text.len() > Self::MAX_BYTES {
            return Err(Error::invalid(
                "operation payload",
                format!("it is longer than {} bytes", Self::MAX_BYTES),
            ));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OperationPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OperationPayload({} bytes)", self.0.len())
    }
}

impl TryFrom<String> for OperationPayload {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<OperationPayload> for String {
    fn from(payload: OperationPayload) -> Self {
        payload.0
    }
}

/// Who works on an operation, and until when others leave it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    /// Who.
    pub owner: RoleName,
    /// Until when: from this instant on another may take it over.
    pub until: Timestamp,
}

impl Lease {
    /// Whether another may take it over.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

/// What is needed to begin a long operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewOperation {
    /// Its id, chosen by whoever creates it.
    pub id: OperationId,
    /// Which saga it runs.
    pub kind: OperationKind,
    /// The server that it is about. It need not exist, any more or yet.
    pub server_id: Option<ServerId>,
    /// The request that asked for it.
    pub request_id: RequestId,
    /// Its first step.
    pub step_name: StepName,
    /// What the saga begins with.
    pub payload: OperationPayload,
    /// Who works on it from the start; `None` leaves it to whoever acquires it.
    pub lease: Option<Lease>,
}

/// A long operation as the store keeps it. Begin one with [`begin`](Self::begin).
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::{OperationId, RequestId};
/// use nova_core::model::{NewOperation, OperationPayload, OperationRecord, OperationState};
///
/// let env = Env::system();
/// let new = NewOperation {
///     id: OperationId::generate(&env),
///     kind: "server-build".parse()?,
///     server_id: None,
///     request_id: RequestId::generate(&env),
///     step_name: "claim-resources".parse()?,
///     payload: OperationPayload::new("{}")?,
///     lease: None,
/// };
/// let record = OperationRecord::begin(new, env.now());
/// assert_eq!((record.state, record.step), (OperationState::Running, 0));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct OperationRecord {
    /// Its id.
    pub id: OperationId,
    /// Which saga it runs.
    pub kind: OperationKind,
    /// The server that it is about.
    pub server_id: Option<ServerId>,
    /// The request that asked for it.
    pub request_id: RequestId,
    /// Where it stands.
    pub state: OperationState,
    /// The current step, counted from 0: the one that is being done, or undone.
    pub step: u32,
    /// The name of the current step.
    pub step_name: StepName,
    /// What the saga keeps of itself.
    pub payload: OperationPayload,
    /// Who works on it; `None` if nobody does.
    pub lease: Option<Lease>,
    /// How often it was taken over.
    pub attempts: u32,
    /// What went wrong, for administrators.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last saved.
    pub updated_at: Timestamp,
    /// How often it was saved, taken over or released.
    pub generation: Generation,
}

impl OperationRecord {
    /// The operation as it begins: running, at step 0.
    pub fn begin(new: NewOperation, now: Timestamp) -> Self {
        Self {
            id: new.id,
            kind: new.kind,
            server_id: new.server_id,
            request_id: new.request_id,
            state: OperationState::Running,
            step: 0,
            step_name: new.step_name,
            payload: new.payload,
            lease: new.lease,
            attempts: 0,
            error: None,
            created_at: now,
            updated_at: now,
            generation: Generation::FIRST,
        }
    }

    /// Who works on it.
    pub fn owner(&self) -> Option<&RoleName> {
        self.lease.as_ref().map(|lease| &lease.owner)
    }

    /// Whether somebody works on it now, so that others must leave it alone.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease
            .as_ref()
            .is_some_and(|lease| !lease.is_expired(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_states_form_a_graph_that_ends() {
        use OperationState::{Done, Running, Stuck, Undone, Unwinding};
        let mut allowed = Vec::new();
        for from in OperationState::ALL {
            assert!(from.can_become(*from));
            assert_eq!(from.is_finished(), matches!(from, Done | Undone));
            assert!(!(from.is_finished() && from.is_runnable()));
            for to in OperationState::ALL {
                if from != to && from.can_become(*to) {
                    allowed.push((*from, *to));
                }
            }
        }
        assert_eq!(
            allowed,
            [
                (Running, Unwinding),
                (Running, Done),
                (Running, Stuck),
                (Unwinding, Undone),
                (Unwinding, Stuck),
                (Stuck, Running),
                (Stuck, Unwinding),
            ]
        );
    }

    #[test]
    fn names_and_payloads_have_bounds() {
        assert!(OperationKind::new("server-build").is_ok());
        for bad in ["", "-a", "Server", "a b", "a\n", &"x".repeat(65)] {
            assert!(OperationKind::new(bad).is_err(), "{bad:?} passed");
            assert!(StepName::new(bad).is_err(), "{bad:?} passed");
        }
        let most = "x".repeat(OperationPayload::MAX_BYTES);
        assert!(OperationPayload::new(format!("{most}x")).is_err());
        let json = serde_json::to_string(&format!("{most}x")).unwrap();
        assert!(serde_json::from_str::<OperationPayload>(&json).is_err());
        assert!(OperationPayload::new(most).is_ok());
    }

    #[test]
    fn debug_does_not_show_a_payload() {
        let payload = OperationPayload::new("s3cret").unwrap();
        assert_eq!(format!("{payload:?}"), "OperationPayload(6 bytes)");
    }

    #[test]
    fn a_lease_ends_at_its_instant() {
        let lease = Lease {
            owner: "conductor-1".parse().unwrap(),
            until: Timestamp::from_micros(5),
        };
        assert!(!lease.is_expired(Timestamp::from_micros(4)));
        assert!(lease.is_expired(Timestamp::from_micros(5)));
    }
}

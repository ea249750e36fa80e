//! Servers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Flavor, Generation, QuotaCharge, QuotaResource};
use crate::env::Timestamp;
use crate::error::{Error, Result};
use crate::id::{HostName, ImageId, ProjectId, ServerId, UserId, ZoneName};
use crate::state::{
    Caller, HostCondition, Operation, PowerState, ServerStatus, TaskState, Transition, VmState,
    admit,
};

/// The longest server name, in characters: as in Nova.
pub const MAX_NAME_CHARS: usize = 255;

/// A server's name: 1 to 255 characters, no control character, no white space at either end.
///
/// A name is for people. It is never used to find anything or to name a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerName(String);

impl ServerName {
    /// Checks and wraps the text.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is empty, too long, has a control character in it or white
    /// space around it.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let refuse = |reason: &str| Err(Error::invalid("server name", reason));
        if text.is_empty() {
            return refuse("it is empty");
        }
        // Bytes first: a 1 GB name is refused without counting its characters.
        if text.len() > MAX_NAME_CHARS * 4 || text.chars().count() > MAX_NAME_CHARS {
            return refuse("it is longer than 255 characters");
        }
        if text.chars().any(char::is_control) {
            return refuse("it has a control character in it");
        }
        if text.trim() != text {
            return refuse("it begins or ends with white space");
        }
        Ok(Self(text))
    }

    /// The text of the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ServerName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<String> for ServerName {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.0
    }
}

/// What is needed to begin a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewServer {
    /// Its id, chosen by whoever creates it.
    pub id: ServerId,
    /// Its name.
    pub name: ServerName,
    /// Its owner's project.
    pub project_id: ProjectId,
    /// Its owner.
    pub user_id: UserId,
    /// Its size, copied: a later change of the flavor does not touch the server.
    pub flavor: Flavor,
    /// What it boots from.
    pub image_id: ImageId,
    /// The zone that was asked for; `None` for any.
    pub availability_zone: Option<ZoneName>,
}

/// A server as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Its id.
    pub id: ServerId,
    /// Its name.
    pub name: ServerName,
    /// Its owner's project.
    pub project_id: ProjectId,
    /// Its owner.
    pub user_id: UserId,
    /// Its size.
    pub flavor: Flavor,
    /// What it boots from.
    pub image_id: ImageId,
    /// The zone that was asked for; `None` for any.
    pub availability_zone: Option<ZoneName>,
    /// The host that it is on, or being built on.
    pub host: Option<HostName>,
    /// Its vm state.
    pub vm_state: VmState,
    /// The task that runs.
    pub task_state: Option<TaskState>,
    /// Its power state when it was last looked at.
    pub power_state: PowerState,
    /// Whether it is locked.
    pub locked: bool,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// When its first build ended well.
    pub launched_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// How often it was written.
    pub generation: Generation,
}

impl Server {
    /// The server as it begins: building, to be scheduled, nowhere.
    pub fn begin(new: NewServer, now: Timestamp) -> Self {
        Self {
            id: new.id,
            name: new.name,
            project_id: new.project_id,
            user_id: new.user_id,
            flavor: new.flavor,
            image_id: new.image_id,
            availability_zone: new.availability_zone,
            host: None,
            vm_state: VmState::Building,
            task_state: Some(TaskState::Scheduling),
            power_state: PowerState::NoState,
            locked: false,
            created_at: now,
            updated_at: now,
            launched_at: None,
            deleted_at: None,
            generation: Generation::FIRST,
        }
    }

    /// What it is charged with in its project's quota: one instance, and the processors and memory
    /// of its flavor; nothing when it is deleted, softly too, as in Nova.
    pub fn charge(&self) -> QuotaCharge {
        if self.deleted_at.is_some() || self.vm_state == VmState::SoftDeleted {
            return QuotaCharge::none();
        }
        QuotaCharge::none()
            .plus(QuotaResource::Instances, 1)
            .plus(QuotaResource::Cores, u64::from(self.flavor.vcpus()))
            .plus(QuotaResource::Ram, self.flavor.memory().get())
    }

    /// What the state table needs to know of it.
    pub fn status(&self, host: HostCondition) -> ServerStatus {
        ServerStatus {
            vm_state: self.vm_state,
            task_state: self.task_state,
            power_state: self.power_state,
            locked: self.locked,
            launched: self.launched_at.is_some(),
            host,
        }
    }

    /// Asks the state table whether the server accepts the operation now.
    ///
    /// # Errors
    /// [`Error::Conflict`] with the attribute that refuses it.
    pub fn admit(
        &self,
        operation: Operation,
        caller: Caller,
        host: HostCondition,
    ) -> Result<Transition> {
        admit(operation, &self.status(host), caller).map_err(|conflict| Error::Conflict {
            server: self.id,
            conflict,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused() {
        for bad in [
            "",
            " a",
            "a ",
            "a\nb",
            "a\0b",
            "\u{1b}[2J",
            &"x".repeat(256),
            &"ä".repeat(256),
        ] {
            assert!(ServerName::new(bad).is_err(), "{bad:?} passed");
        }
        for good in [
            "a",
            "web 1",
            "<&,=\"'>",
            &"ä".repeat(255),
            "\u{5d0}\u{200f}",
        ] {
            assert!(ServerName::new(good).is_ok(), "{good:?} was refused");
        }
        assert!(serde_json::from_str::<ServerName>("\"a\\u0000\"").is_err());
    }
}

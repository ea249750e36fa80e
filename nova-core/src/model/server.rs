//! Servers.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{
    Description, Flavor, Generation, Hostname, Lock, Metadata, NewServer, Progress, QuotaCharge,
    QuotaResource, ServerKey, ServerName, Tags, UserData,
};
use crate::env::Timestamp;
use crate::error::{Error, Result};
use crate::id::{HostName, ImageId, ProjectId, ServerId, UserId, ZoneName};
use crate::state::{
    Caller, HostCondition, Operation, PowerState, ServerStatus, TaskState, Transition, VmState,
    admit,
};

/// A server as the store keeps it. Its `Debug` does not show the user data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// Who locked it and why; `None` while it is not locked.
    #[serde(default)]
    pub lock: Option<Lock>,
    /// What its owner keeps with it.
    #[serde(default)]
    pub metadata: Metadata,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// What its owner wrote about it.
    #[serde(default)]
    pub description: Option<Description>,
    /// What its guest is given.
    #[serde(default)]
    pub user_data: Option<UserData>,
    /// The key that its guest is to accept.
    #[serde(default)]
    pub key: Option<ServerKey>,
    /// Whether its guest gets a config drive.
    #[serde(default)]
    pub config_drive: bool,
    /// What its guest calls itself.
    pub hostname: Hostname,
    /// The address at which its owner reaches it, as the owner said (Nova's `access_ip_v4`).
    #[serde(default)]
    pub access_ip_v4: Option<Ipv4Addr>,
    /// The address at which its owner reaches it, as the owner said (Nova's `access_ip_v6`).
    #[serde(default)]
    pub access_ip_v6: Option<Ipv6Addr>,
    /// The size that it had, while a resize can be reverted.
    #[serde(default)]
    pub old_flavor: Option<Flavor>,
    /// The size that it is to get, while it is being resized.
    #[serde(default)]
    pub new_flavor: Option<Flavor>,
    /// How far the work on it is.
    #[serde(default)]
    pub progress: Progress,
    /// Whether users do not see it: the copy of a server that is moved between cells.
    #[serde(default)]
    pub hidden: bool,
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
        let hostname = new
            .hostname
            .unwrap_or_else(|| Hostname::of(&new.name, new.id));
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
            lock: None,
            metadata: new.metadata,
            tags: new.tags,
            description: new.description,
            user_data: new.user_data,
            key: new.key,
            config_drive: new.config_drive,
            hostname,
            access_ip_v4: new.access_ip_v4,
            access_ip_v6: new.access_ip_v6,
            old_flavor: None,
            new_flavor: None,
            progress: Progress::NONE,
            hidden: false,
            created_at: now,
            updated_at: now,
            launched_at: None,
            deleted_at: None,
            generation: Generation::FIRST,
        }
    }

    /// Whether it is locked.
    pub fn locked(&self) -> bool {
        self.lock.is_some()
    }

    /// What it is charged with in its project's quota: one instance, and the processors and memory
    /// of its flavor, of the larger one while it is resized; nothing when it is deleted, softly
    /// too, as in Nova.
    pub fn charge(&self) -> QuotaCharge {
        if self.deleted_at.is_some() || self.vm_state == VmState::SoftDeleted {
            return QuotaCharge::none();
        }
        let (mut cores, mut ram) = (0, 0);
        let others = self.old_flavor.iter().chain(&self.new_flavor);
        for flavor in others.chain([&self.flavor]) {
            cores = cores.max(u64::from(flavor.vcpus()));
            ram = ram.max(flavor.memory().get());
        }
        QuotaCharge::none()
            .plus(QuotaResource::Instances, 1)
            .plus(QuotaResource::Cores, cores)
            .plus(QuotaResource::Ram, ram)
    }

    /// What the state table needs to know of it.
    pub fn status(&self, host: HostCondition) -> ServerStatus {
        ServerStatus {
            vm_state: self.vm_state,
            task_state: self.task_state,
            power_state: self.power_state,
            locked: self.locked(),
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
    use crate::env::Env;
    use crate::units::{Gibibytes, Mebibytes};

    #[test]
    fn debug_does_not_show_the_user_data() {
        let env = Env::system();
        let flavor = Flavor::builder(
            "f".parse().unwrap(),
            1,
            Mebibytes::new(1),
            Gibibytes::new(1),
        );
        let new = NewServer::new(
            ServerId::generate(&env),
            "web".parse().unwrap(),
            "p".parse().unwrap(),
            "u".parse().unwrap(),
            flavor.build().unwrap(),
            ImageId::generate(&env),
        )
        .user_data(UserData::new("czNjcmV0").unwrap());
        assert!(!format!("{new:?}").contains("czNjcmV0"));
        let server = Server::begin(new, env.now());
        assert!(!format!("{server:#?}").contains("czNjcmV0"));
        let json = serde_json::to_string(&server).unwrap();
        assert_eq!(serde_json::from_str::<Server>(&json).unwrap(), server);
    }
}

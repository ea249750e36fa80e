//! Deleted servers that were put aside.

use serde::{Deserialize, Serialize};

use super::{Action, ActionEvent, BlockDevice, Fault, Migration, Server, ServerPort};
use crate::env::Timestamp;
use crate::id::ServerGroupId;

/// A deleted server as the archive keeps it, with what belonged to it.
///
/// Its console tokens are not kept: they open nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArchivedServer {
    /// The server as it was.
    pub server: Server,
    /// Its faults, in the order of their recording.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Its migrations, by creation time and then id, oldest first.
    #[serde(default)]
    pub migrations: Vec<Migration>,
    /// What was done to it, the first begun first; of one instant in the order of the request ids.
    #[serde(default)]
    pub actions: Vec<ArchivedAction>,
    /// Its disks, in the order of
    /// [`block_devices_of`](crate::repository::BlockDeviceRepository::block_devices_of).
    #[serde(default)]
    pub block_devices: Vec<BlockDevice>,
    /// Its ports, in the order of [`ports_of`](crate::repository::PortRepository::ports_of).
    #[serde(default)]
    pub ports: Vec<ServerPort>,
    /// The group that it was in.
    #[serde(default)]
    pub server_group: Option<ServerGroupId>,
    /// When it was put aside.
    pub archived_at: Timestamp,
}

/// What a request did to a server, with its stages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedAction {
    /// What was done.
    pub action: Action,
    /// The stages, the first begun first; of one instant in the order of name and then host, one
    /// without a host first.
    #[serde(default)]
    pub events: Vec<ActionEvent>,
}

impl ArchivedServer {
    /// A server that is put aside now, and to which nothing belonged.
    pub fn new(server: Server, archived_at: Timestamp) -> Self {
        Self {
            server,
            faults: Vec::new(),
            migrations: Vec::new(),
            actions: Vec::new(),
            block_devices: Vec::new(),
            ports: Vec::new(),
            server_group: None,
            archived_at,
        }
    }

    /// With these faults, in the order of their recording.
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;
    use crate::id::{ImageId, ServerId};
    use crate::model::{Flavor, NewServer};
    use crate::units::{Gibibytes, Mebibytes};

    #[test]
    fn a_record_without_what_came_later_is_read() {
        let env = Env::system();
        let (memory, disk) = (Mebibytes::new(1), Gibibytes::new(1));
        let flavor = Flavor::builder("tiny".parse().unwrap(), 1, memory, disk);
        let new = NewServer::new(
            ServerId::generate(&env),
            "web".parse().unwrap(),
            "project".parse().unwrap(),
            "user".parse().unwrap(),
            flavor.build().unwrap(),
            ImageId::generate(&env),
        );
        let archived = ArchivedServer::new(Server::begin(new, env.now()), env.now());
        let mut record = serde_json::to_value(&archived).unwrap();
        let fields = record.as_object_mut().unwrap();
        fields.retain(|name, _| name == "server" || name == "archived_at");
        assert_eq!(fields.len(), 2);
        let read: ArchivedServer = serde_json::from_value(record).unwrap();
        assert_eq!(read, archived);
    }
}

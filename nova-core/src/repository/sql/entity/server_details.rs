//! What a server's row keeps as text, because no list looks for it.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::model::{
    Description, Flavor, Hostname, Lock, LockedBy, Metadata, Progress, Server, ServerKey, Tags,
};

/// What of a server has no column of its own. What is not there has its default, so that fields
/// can be added.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    lock: Option<Lock>,
    pub(super) metadata: Metadata,
    pub(super) tags: Tags,
    pub(super) description: Option<Description>,
    pub(super) key: Option<ServerKey>,
    pub(super) config_drive: bool,
    pub(super) hostname: Option<Hostname>,
    pub(super) access_ip_v4: Option<Ipv4Addr>,
    pub(super) access_ip_v6: Option<Ipv6Addr>,
    pub(super) old_flavor: Option<Flavor>,
    pub(super) new_flavor: Option<Flavor>,
    pub(super) progress: Progress,
    pub(super) hidden: bool,
}

impl Details {
    /// Those of a server.
    pub(super) fn of(server: &Server) -> Self {
        Self {
            lock: server.lock.clone(),
            metadata: server.metadata.clone(),
            tags: server.tags.clone(),
            description: server.description.clone(),
            key: server.key.clone(),
            config_drive: server.config_drive,
            hostname: Some(server.hostname.clone()),
            access_ip_v4: server.access_ip_v4,
            access_ip_v6: server.access_ip_v6,
            old_flavor: server.old_flavor.clone(),
            new_flavor: server.new_flavor.clone(),
            progress: server.progress,
            hidden: server.hidden,
        }
    }

    /// The lock of a row with this `locked`, which alone decides whether there is one: a version
    /// that knew no details wrote only that. It knew no administrators' locks either.
    pub(super) fn lock_of(&self, locked: bool) -> Option<Lock> {
        let lock = || Lock::new(LockedBy::Owner);
        locked.then(|| self.lock.clone().unwrap_or_else(lock))
    }
}

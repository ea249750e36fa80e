//! What a server's row keeps as text, because no list looks for it.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::model::{
    Description, Flavor, Hostname, Lock, LockedBy, Metadata, Progress, Server, ServerKey, Tags,
};

/// What of a server has no column of its own. What is not there has its default, so that fields
/// can be added.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Details {
    #[serde(skip_serializing_if = "is_default")]
    lock: Option<Lock>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) metadata: Metadata,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) tags: Tags,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) description: Option<Description>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) key: Option<ServerKey>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) config_drive: bool,
    /// Only if it is not the one that the name makes.
    #[serde(skip_serializing_if = "is_default")]
    pub(super) hostname: Option<Hostname>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) access_ip_v4: Option<Ipv4Addr>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) access_ip_v6: Option<Ipv6Addr>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) old_flavor: Option<Flavor>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) new_flavor: Option<Flavor>,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) progress: Progress,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) hidden: bool,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Details {
    /// Those of a server; `None` if there is nothing to keep.
    pub(super) fn of(server: &Server) -> Option<Self> {
        let details = Self {
            lock: server.lock.clone(),
            metadata: server.metadata.clone(),
            tags: server.tags.clone(),
            description: server.description.clone(),
            key: server.key.clone(),
            config_drive: server.config_drive,
            hostname: (server.hostname != Hostname::of(&server.name, server.id))
                .then(|| server.hostname.clone()),
            access_ip_v4: server.access_ip_v4,
            access_ip_v6: server.access_ip_v6,
            old_flavor: server.old_flavor.clone(),
            new_flavor: server.new_flavor.clone(),
            progress: server.progress,
            hidden: server.hidden,
        };
        (details != Self::default()).then_some(details)
    }

    /// The lock of a row with this `locked`, which alone decides whether there is one: a version
    /// that knew no details wrote only that. It knew no administrators' locks either.
    pub(super) fn lock_of(&self, locked: bool) -> Option<Lock> {
        let lock = || Lock::new(LockedBy::Owner);
        locked.then(|| self.lock.clone().unwrap_or_else(lock))
    }
}

//! The server group of a request.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::id::{HostName, ServerId};
use nova_core::model::ServerGroupRules;
use serde::{Deserialize, Serialize};

/// A server group as the scheduler needs it: the policy, and who is where.
///
/// ```
/// use nova_core::model::ServerGroupPolicy;
/// use nova_sched::GroupRequest;
///
/// let member = "0a7e1c5e-3a53-4f7b-9d2f-7c0f2b1f9e10".parse()?;
/// let group = GroupRequest::new(ServerGroupPolicy::AntiAffinity)
///     .with_member_on(member, "node-1".parse()?);
/// assert!(group.hosts.contains(&"node-1".parse()?));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GroupRequest {
    /// The policy, and how many members one host may have.
    pub rules: ServerGroupRules,
    /// The members, those of the request among them where their ids are known.
    #[serde(default)]
    pub members: BTreeSet<ServerId>,
    /// The compute services' hosts that have members (Nova's `hosts` of the group).
    #[serde(default)]
    pub hosts: BTreeSet<HostName>,
    /// Where members are, for fleets that do not list their servers.
    #[serde(default)]
    pub places: BTreeMap<ServerId, HostName>,
}

impl GroupRequest {
    /// A group without members.
    pub fn new(rules: impl Into<ServerGroupRules>) -> Self {
        Self {
            rules: rules.into(),
            members: BTreeSet::new(),
            hosts: BTreeSet::new(),
            places: BTreeMap::new(),
        }
    }

    /// A member, wherever it is: the fleet knows, or it is not placed yet.
    #[must_use]
    pub fn with_member(mut self, server: ServerId) -> Self {
        self.members.insert(server);
        self
    }

    /// A host that has members.
    #[must_use]
    pub fn with_host(mut self, host: HostName) -> Self {
        self.hosts.insert(host);
        self
    }

    /// A member on a host.
    #[must_use]
    pub fn with_member_on(mut self, server: ServerId, host: HostName) -> Self {
        self.members.insert(server);
        self.hosts.insert(host.clone());
        self.places.insert(server, host);
        self
    }
}

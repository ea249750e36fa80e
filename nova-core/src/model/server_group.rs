//! Server groups: which servers are to be together, and which apart.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::label::check_label;
use super::{QuotaCharge, QuotaResource};
use crate::checked_text::checked_text;
use crate::env::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ProjectId, ServerGroupId, ServerId, UserId};
use crate::text_enum::text_enum;

checked_text!(
    /// A server group's name: 1 to 255 characters, no control character, no white space at either
    /// end. Two groups may have the same.
    ServerGroupName, |text| check_label("server group name", text, 1)
);

text_enum! {
    /// What a server group asks for, by Nova's names.
    pub enum ServerGroupPolicy: "server group policy" {
        /// All on one host, or not at all.
        Affinity = "affinity",
        /// Each on a host of its own, or not at all.
        AntiAffinity = "anti-affinity",
        /// On as few hosts as can be.
        SoftAffinity = "soft-affinity",
        /// On as many hosts as can be.
        SoftAntiAffinity = "soft-anti-affinity",
    }
}

/// A policy and its rule.
///
/// ```
/// use nova_core::model::{ServerGroupPolicy, ServerGroupRules};
///
/// let two_a_host = ServerGroupRules::new(ServerGroupPolicy::AntiAffinity, 2.try_into().ok())?;
/// assert_eq!(two_a_host.max_server_per_host().map(|most| most.get()), Some(2));
/// assert!(ServerGroupRules::new(ServerGroupPolicy::Affinity, 2.try_into().ok()).is_err());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct ServerGroupRules {
    policy: ServerGroupPolicy,
    max_server_per_host: Option<NonZeroU32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    policy: ServerGroupPolicy,
    #[serde(default)]
    max_server_per_host: Option<NonZeroU32>,
}

impl ServerGroupRules {
    /// A policy, and how many servers of the group one host may have: `None` for the policy's own
    /// number, which is one for anti-affinity.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is a number with another policy than
    /// [`AntiAffinity`](ServerGroupPolicy::AntiAffinity), as in Nova.
    pub fn new(policy: ServerGroupPolicy, max_server_per_host: Option<NonZeroU32>) -> Result<Self> {
        if max_server_per_host.is_some() && policy != ServerGroupPolicy::AntiAffinity {
            return Err(Error::invalid(
                "max_server_per_host",
                "only the policy anti-affinity has it",
            ));
        }
        Ok(Self {
            policy,
            max_server_per_host,
        })
    }

    /// The policy.
    pub fn policy(&self) -> ServerGroupPolicy {
        self.policy
    }

    /// How many servers of the group one host may have, if it was said.
    pub fn max_server_per_host(&self) -> Option<NonZeroU32> {
        self.max_server_per_host
    }
}

impl From<ServerGroupPolicy> for ServerGroupRules {
    fn from(policy: ServerGroupPolicy) -> Self {
        Self {
            policy,
            max_server_per_host: None,
        }
    }
}

impl TryFrom<Raw> for ServerGroupRules {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.policy, raw.max_server_per_host)
    }
}

impl From<ServerGroupRules> for Raw {
    fn from(rules: ServerGroupRules) -> Self {
        Self {
            policy: rules.policy,
            max_server_per_host: rules.max_server_per_host,
        }
    }
}

/// A group of servers with a policy. All but its members stays as it was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ServerGroup {
    /// Its id.
    pub id: ServerGroupId,
    /// Its owner's project.
    pub project_id: ProjectId,
    /// Its owner.
    pub user_id: UserId,
    /// Its name.
    pub name: ServerGroupName,
    /// What it asks for.
    pub rules: ServerGroupRules,
    /// Its servers, by id. A server is in at most one group.
    pub members: BTreeSet<ServerId>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl ServerGroup {
    /// A new group without members.
    pub fn new(
        id: ServerGroupId,
        project_id: ProjectId,
        user_id: UserId,
        name: ServerGroupName,
        rules: impl Into<ServerGroupRules>,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            project_id,
            user_id,
            name,
            rules: rules.into(),
            members: BTreeSet::new(),
            created_at: now,
        }
    }

    /// What it is charged with in its project's quota: one group, however many members it has.
    pub fn charge(&self) -> QuotaCharge {
        QuotaCharge::none().plus(QuotaResource::ServerGroups, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_anti_affinity_has_a_number() {
        let two = NonZeroU32::new(2);
        for policy in ServerGroupPolicy::ALL {
            assert!(ServerGroupRules::new(*policy, None).is_ok());
            let accepted = ServerGroupRules::new(*policy, two).is_ok();
            assert_eq!(accepted, *policy == ServerGroupPolicy::AntiAffinity);
        }
        let parse = serde_json::from_str::<ServerGroupRules>;
        assert!(parse(r#"{"policy": "anti-affinity", "max_server_per_host": 2}"#).is_ok());
        assert!(parse(r#"{"policy": "anti-affinity", "max_server_per_host": 0}"#).is_err());
        assert!(parse(r#"{"policy": "soft-affinity", "max_server_per_host": 2}"#).is_err());
        assert!(parse(r#"{"policy": "legacy"}"#).is_err());
    }

    #[test]
    fn bad_names_are_refused() {
        for bad in ["", " ", "a\0", &"x".repeat(256)] {
            assert!(ServerGroupName::new(bad).is_err(), "{bad:?} passed");
        }
    }
}

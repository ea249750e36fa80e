//! Requests that ask for less.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use nova_core::id::{AggregateId, HostName};
use nova_core::model::{HostTrait, ServerGroupRules};

use super::{PlacementRequest, same_host};

impl PlacementRequest {
    /// Without a server group.
    #[must_use]
    pub fn without_group(mut self) -> Self {
        self.group = None;
        self
    }

    /// Without a scheduler hint.
    #[must_use]
    pub fn without_hint(mut self, name: &str) -> Self {
        self.hints.remove(name);
        self
    }

    /// Neither requiring nor forbidding a trait. What extra specs and image say of it stays.
    #[must_use]
    pub fn without_trait(mut self, name: &HostTrait) -> Self {
        self.required_traits.remove(name);
        self.forbidden_traits.remove(name);
        self
    }

    /// Not asking for one of these aggregates any longer, where exactly these were asked for.
    #[must_use]
    pub fn without_member_of(mut self, any: &BTreeSet<AggregateId>) -> Self {
        self.member_of.retain(|asked| asked != any);
        self
    }

    /// Not excluding the hosts of an aggregate any longer.
    #[must_use]
    pub fn without_not_member_of(mut self, aggregate: &AggregateId) -> Self {
        self.not_member_of.remove(aggregate);
        self
    }

    /// From the resources of any node.
    #[must_use]
    pub fn without_in_tree(mut self) -> Self {
        self.in_tree = None;
        self
    }

    /// To any destination.
    #[must_use]
    pub fn without_destination(mut self) -> Self {
        self.destination = None;
        self
    }

    /// As if it had not been tried on a host. Names are compared without regard to case.
    #[must_use]
    pub fn without_tried_host(mut self, host: &HostName) -> Self {
        self.tried_hosts.retain(|tried| !same_host(tried, host));
        self
    }

    /// Without a property of the image.
    #[must_use]
    pub fn without_image_property(mut self, name: &str) -> Self {
        if let Some(image) = &mut self.image {
            image.properties.remove(name);
        }
        self
    }

    /// With room for more members of its group on one host; of another policy than anti-affinity
    /// nothing changes.
    pub(crate) fn with_max_server_per_host(mut self, most: NonZeroU32) -> Self {
        if let Some(group) = &mut self.group {
            let policy = group.rules.policy();
            if let Ok(rules) = ServerGroupRules::new(policy, Some(most)) {
                Arc::make_mut(group).rules = rules;
            }
        }
        self
    }
}

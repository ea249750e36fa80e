//! What is asked of the scheduler.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::id::{HostName, ZoneName};
use nova_core::model::{Flavor, ResourceClass, Resources};
use serde::{Deserialize, Serialize};

/// A wish for one server, or for several of the same size.
///
/// ```
/// use nova_core::model::{ResourceClass, Resources};
/// use nova_sched::PlacementRequest;
///
/// let size = Resources::new().with(ResourceClass::Vcpu, 2).with(ResourceClass::MemoryMb, 4096);
/// let request = PlacementRequest::new(size)
///     .with_count(3)
///     .with_zone("az1".parse()?)
///     .with_extra_spec("capabilities:gpu", ">= 1");
/// assert_eq!(request.count(), 3);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacementRequest {
    resources: Resources,
    #[serde(default = "default_count")]
    count: u32,
    #[serde(default)]
    zone: Option<ZoneName>,
    #[serde(default)]
    extra_specs: BTreeMap<String, String>,
    #[serde(default)]
    ignore_hosts: BTreeSet<HostName>,
    #[serde(default)]
    force_hosts: BTreeSet<HostName>,
    #[serde(default)]
    filter_forced_hosts: bool,
    #[serde(default = "default_alternates")]
    alternates: u32,
}

fn default_count() -> u32 {
    1
}

fn default_alternates() -> u32 {
    PlacementRequest::DEFAULT_ALTERNATES
}

impl PlacementRequest {
    /// How many alternates a plan names for each server: Nova's `max_attempts` of 3, less the
    /// first attempt.
    pub const DEFAULT_ALTERNATES: u32 = 2;

    /// One server that holds these resources.
    pub fn new(resources: Resources) -> Self {
        Self {
            resources,
            count: default_count(),
            zone: None,
            extra_specs: BTreeMap::new(),
            ignore_hosts: BTreeSet::new(),
            force_hosts: BTreeSet::new(),
            filter_forced_hosts: false,
            alternates: default_alternates(),
        }
    }

    /// One server of a flavor: its resources and its extra specs.
    pub fn for_flavor(flavor: &Flavor) -> Self {
        let mut request = Self::new(flavor.resources());
        request.extra_specs = flavor.extra_specs().clone();
        request
    }

    /// So many servers, all of them or none. A plan for no server is placed and empty.
    #[must_use]
    pub fn with_count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Only in this availability zone.
    #[must_use]
    pub fn with_zone(mut self, zone: ZoneName) -> Self {
        self.zone = Some(zone);
        self
    }

    /// So much of a class for each server.
    #[must_use]
    pub fn with_resource(mut self, class: ResourceClass, amount: u64) -> Self {
        self.resources.set(class, amount);
        self
    }

    /// An extra spec, as flavors have them.
    #[must_use]
    pub fn with_extra_spec(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra_specs.insert(key.into(), value.into());
        self
    }

    /// Without an extra spec.
    #[must_use]
    pub fn without_extra_spec(mut self, key: &str) -> Self {
        self.extra_specs.remove(key);
        self
    }

    /// Not on this host. Names are compared without regard to case, as in Nova.
    #[must_use]
    pub fn with_ignored_host(mut self, host: HostName) -> Self {
        self.ignore_hosts.insert(host);
        self
    }

    /// Not excluding this host any longer.
    #[must_use]
    pub fn without_ignored_host(mut self, host: &HostName) -> Self {
        self.ignore_hosts
            .retain(|ignored| !same_host(ignored, host));
        self
    }

    /// Only on this host, or on another one that is forced. Names are compared without regard to
    /// case, as in Nova.
    ///
    /// Forced hosts are not filtered (see
    /// [`with_filtered_forced_hosts`](Self::with_filtered_forced_hosts)), but they are held to
    /// what Nova asks of Placement: resources and zone (see [`Stage`](crate::Stage)).
    #[must_use]
    pub fn with_forced_host(mut self, host: HostName) -> Self {
        self.force_hosts.insert(host);
        self
    }

    /// Whether forced hosts are filtered as well: Nova's hint `_nova_check_type`.
    #[must_use]
    pub fn with_filtered_forced_hosts(mut self, filtered: bool) -> Self {
        self.filter_forced_hosts = filtered;
        self
    }

    /// How many alternates to name for each server.
    #[must_use]
    pub fn with_alternates(mut self, alternates: u32) -> Self {
        self.alternates = alternates;
        self
    }

    /// What each server holds on its host.
    pub fn resources(&self) -> &Resources {
        &self.resources
    }

    /// How many servers.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The availability zone, if one is asked for.
    pub fn zone(&self) -> Option<&ZoneName> {
        self.zone.as_ref()
    }

    /// The extra specs.
    pub fn extra_specs(&self) -> &BTreeMap<String, String> {
        &self.extra_specs
    }

    /// The hosts that are excluded.
    pub fn ignore_hosts(&self) -> &BTreeSet<HostName> {
        &self.ignore_hosts
    }

    /// The hosts that are forced; any host will do if there is none.
    pub fn force_hosts(&self) -> &BTreeSet<HostName> {
        &self.force_hosts
    }

    /// How many alternates are named for each server.
    pub fn alternates(&self) -> u32 {
        self.alternates
    }

    /// Whether filters of [`Stage::Filter`](crate::Stage::Filter) are run.
    pub(crate) fn is_filtered(&self) -> bool {
        self.force_hosts.is_empty() || self.filter_forced_hosts
    }

    pub(crate) fn ignores(&self, host: &HostName) -> bool {
        self.ignore_hosts
            .iter()
            .any(|ignored| same_host(ignored, host))
    }

    pub(crate) fn allows(&self, host: &HostName) -> bool {
        self.force_hosts.is_empty()
            || self
                .force_hosts
                .iter()
                .any(|forced| same_host(forced, host))
    }
}

fn same_host(one: &HostName, other: &HostName) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    one.eq_ignore_ascii_case(other)
        || (!one.is_ascii() && one.to_lowercase() == other.to_lowercase())
}

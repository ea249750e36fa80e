//! What is asked of the scheduler.

mod without;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nova_core::id::{AggregateId, HostName, ProjectId, ServerId, ZoneName};
use nova_core::model::{Flavor, HostTrait, ResourceClass, Resources};
use serde::{Deserialize, Serialize};

use super::groups::{self, GroupKey};
use super::hardware::HardwareRequest;
use super::{Destination, Fulfilment, GroupRequest, RequestImage};
use crate::fleet::{Fleet, ServerShape, ServerSize};

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
    #[serde(default)]
    size: Option<ServerSize>,
    #[serde(default = "default_count", deserialize_with = "read_count")]
    count: u32,
    #[serde(default)]
    fulfilment: Fulfilment,
    #[serde(default)]
    servers: Vec<ServerId>,
    #[serde(default)]
    project: Option<ProjectId>,
    #[serde(default)]
    flavor: Option<String>,
    #[serde(default)]
    image: Option<RequestImage>,
    #[serde(default)]
    priority: i32,
    #[serde(default)]
    zone: Option<ZoneName>,
    #[serde(default)]
    extra_specs: BTreeMap<String, String>,
    #[serde(default)]
    required_traits: BTreeSet<HostTrait>,
    #[serde(default)]
    forbidden_traits: BTreeSet<HostTrait>,
    #[serde(default)]
    member_of: Vec<BTreeSet<AggregateId>>,
    #[serde(default)]
    not_member_of: BTreeSet<AggregateId>,
    #[serde(default)]
    in_tree: Option<HostName>,
    #[serde(default)]
    group: Option<Arc<GroupRequest>>,
    #[serde(default)]
    pub(super) hardware: HardwareRequest,
    #[serde(default)]
    hints: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    destination: Option<Destination>,
    #[serde(default)]
    tried_hosts: BTreeSet<HostName>,
    #[serde(default)]
    ignore_hosts: BTreeSet<HostName>,
    #[serde(default)]
    force_hosts: BTreeSet<HostName>,
    #[serde(default)]
    force_nodes: BTreeSet<HostName>,
    #[serde(default)]
    filter_forced_hosts: bool,
    #[serde(default)]
    rebuild: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    alternates: Option<u32>,
}

fn read_count<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let count = u32::deserialize(deserializer)?;
    if count <= PlacementRequest::MAX_COUNT {
        return Ok(count);
    }
    let most = PlacementRequest::MAX_COUNT;
    let problem = format!("a count of {count} servers is more than {most}");
    Err(serde::de::Error::custom(problem))
}

fn default_count() -> u32 {
    1
}

impl PlacementRequest {
    /// The most servers of one request. A plan for more fails
    /// ([`Explanation::failure`](crate::Explanation::failure)), and a request that was written down
    /// is not read.
    pub const MAX_COUNT: u32 = 10_000;

    /// One server that holds these resources.
    pub fn new(resources: Resources) -> Self {
        Self {
            resources,
            size: None,
            count: default_count(),
            fulfilment: Fulfilment::default(),
            servers: Vec::new(),
            project: None,
            flavor: None,
            image: None,
            priority: 0,
            zone: None,
            extra_specs: BTreeMap::new(),
            required_traits: BTreeSet::new(),
            forbidden_traits: BTreeSet::new(),
            member_of: Vec::new(),
            not_member_of: BTreeSet::new(),
            in_tree: None,
            group: None,
            hardware: HardwareRequest::default(),
            hints: BTreeMap::new(),
            destination: None,
            tried_hosts: BTreeSet::new(),
            ignore_hosts: BTreeSet::new(),
            force_hosts: BTreeSet::new(),
            force_nodes: BTreeSet::new(),
            filter_forced_hosts: false,
            rebuild: false,
            alternates: None,
        }
    }

    /// One server of a flavor: its name, its resources and its extra specs, of which those that
    /// name resources count instead of the flavor (see [`with_extra_spec`](Self::with_extra_spec)).
    pub fn for_flavor(flavor: &Flavor) -> Self {
        let mut request = Self::new(flavor.resources());
        request.size = Some(ServerSize::of_flavor(flavor));
        request.flavor = Some(flavor.id().to_string());
        request.extra_specs = flavor.extra_specs().clone();
        groups::override_amounts(&mut request.resources, &request.extra_specs);
        request
    }

    /// So many servers: all of them or none, unless
    /// [`with_fulfilment`](Self::with_fulfilment) says otherwise. A plan for no server is placed
    /// and empty.
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

    /// These resources for each server, and no others.
    #[must_use]
    pub fn with_resources(mut self, resources: Resources) -> Self {
        self.resources = resources;
        self
    }

    /// An extra spec, as flavors have them.
    ///
    /// `resources:CLASS` puts its amount in the place of what is asked for of the class; zero takes
    /// the class away. `resources1:CLASS` and the like name groups that Placement may take from
    /// different providers: a host is one provider, so their amounts are added up.
    ///
    /// ```
    /// use nova_core::model::{ResourceClass, Resources};
    /// use nova_sched::PlacementRequest;
    ///
    /// let request = PlacementRequest::new(Resources::new().with(ResourceClass::Vcpu, 2))
    ///     .with_extra_spec("resources:VCPU", "4")
    ///     .with_extra_spec("resources1:VGPU", "1");
    /// let wanted = Resources::new().with(ResourceClass::Vcpu, 4).with(ResourceClass::Vgpu, 1);
    /// assert_eq!(*request.resources(), wanted);
    /// ```
    #[must_use]
    pub fn with_extra_spec(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let key = key.into();
        let names_resources = matches!(GroupKey::read(&key), Some(GroupKey::Resource { .. }));
        self.extra_specs.insert(key, value.into());
        if names_resources {
            groups::override_amounts(&mut self.resources, &self.extra_specs);
        }
        self
    }

    /// Without an extra spec. What it said of resources stays.
    #[must_use]
    pub fn without_extra_spec(mut self, key: &str) -> Self {
        self.extra_specs.remove(key);
        self
    }

    /// What is to happen where not all servers fit.
    #[must_use]
    pub fn with_fulfilment(mut self, fulfilment: Fulfilment) -> Self {
        self.fulfilment = fulfilment;
        self
    }

    /// The ids of the servers, in order. A plan notes each on the host that it gets. Those that are
    /// members of the request's group must be among the group's, as they are in Nova when it
    /// schedules; servers without an id count as members.
    #[must_use]
    pub fn with_servers(mut self, servers: impl IntoIterator<Item = ServerId>) -> Self {
        self.servers = servers.into_iter().collect();
        self
    }

    /// What weighers count as taken by each server, where that does not follow from the resources
    /// ([`ServerSize::of_resources`]).
    #[must_use]
    pub fn with_size(mut self, size: ServerSize) -> Self {
        self.size = Some(size);
        self
    }

    /// The project that asks.
    #[must_use]
    pub fn with_project(mut self, project: ProjectId) -> Self {
        self.project = Some(project);
        self
    }

    /// The name of the flavor.
    #[must_use]
    pub fn with_flavor(mut self, name: impl Into<String>) -> Self {
        self.flavor = Some(name.into());
        self
    }

    /// The image that the servers boot from.
    #[must_use]
    pub fn with_image(mut self, image: RequestImage) -> Self {
        self.image = Some(image);
        self
    }

    /// How much the servers count for when room is made: they may push out those of lower
    /// priority, where somebody plans for that.
    #[must_use]
    pub fn with_priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Only on hosts with this trait, besides those that extra specs and image ask for.
    #[must_use]
    pub fn with_required_trait(mut self, name: HostTrait) -> Self {
        self.required_traits.insert(name);
        self
    }

    /// Only on hosts without this trait, besides those that extra specs and image forbid.
    #[must_use]
    pub fn with_forbidden_trait(mut self, name: HostTrait) -> Self {
        self.forbidden_traits.insert(name);
        self
    }

    /// Only on hosts of at least one of these aggregates. Said several times, all must hold
    /// (Placement's `member_of`).
    #[must_use]
    pub fn with_member_of(mut self, any: impl IntoIterator<Item = AggregateId>) -> Self {
        self.member_of.push(any.into_iter().collect());
        self
    }

    /// Not on hosts of this aggregate (Placement's `member_of=!`).
    #[must_use]
    pub fn with_not_member_of(mut self, aggregate: AggregateId) -> Self {
        self.not_member_of.insert(aggregate);
        self
    }

    /// Only from the resources of this node (Placement's `in_tree`).
    #[must_use]
    pub fn with_in_tree(mut self, node: HostName) -> Self {
        self.in_tree = Some(node);
        self
    }

    /// As a member of this server group.
    #[must_use]
    pub fn with_group(mut self, group: GroupRequest) -> Self {
        self.group = Some(Arc::new(group));
        self
    }

    /// A scheduler hint, as the user wrote it. Hints that a filter cannot make sense of refuse
    /// hosts as [`Reason::Malformed`](crate::Reason::Malformed).
    #[must_use]
    pub fn with_hint<V: Into<String>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.hints.insert(name.into(), values);
        self
    }

    /// On the host of any of these servers (the hint `same_host`).
    #[must_use]
    pub fn with_same_host(self, servers: impl IntoIterator<Item = ServerId>) -> Self {
        self.with_hint("same_host", servers.into_iter().map(|id| id.to_string()))
    }

    /// On no host of any of these servers (the hint `different_host`).
    #[must_use]
    pub fn with_different_host(self, servers: impl IntoIterator<Item = ServerId>) -> Self {
        self.with_hint(
            "different_host",
            servers.into_iter().map(|id| id.to_string()),
        )
    }

    /// To this destination.
    #[must_use]
    pub fn with_destination(mut self, destination: Destination) -> Self {
        self.destination = Some(destination);
        self
    }

    /// A host where it was tried already, for [`RetryFilter`](crate::filters::RetryFilter).
    #[must_use]
    pub fn with_tried_host(mut self, host: HostName) -> Self {
        self.tried_hosts.insert(host);
        self
    }

    /// Only on this node, or on another one that is forced: by its exact name.
    #[must_use]
    pub fn with_forced_node(mut self, node: HostName) -> Self {
        self.force_nodes.insert(node);
        self
    }

    /// Whether the servers stay where they are and only get another image: then only the filters
    /// that look at images are run ([`Filter::run_on_rebuild`](crate::Filter::run_on_rebuild)).
    #[must_use]
    pub fn with_rebuild(mut self, rebuild: bool) -> Self {
        self.rebuild = rebuild;
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

    /// How many alternates to name for each server, whatever the scheduler would name by
    /// [itself](crate::SchedulerBuilder::max_attempts).
    #[must_use]
    pub fn with_alternates(mut self, alternates: u32) -> Self {
        self.alternates = Some(alternates);
        self
    }

    /// What each server holds on its host.
    pub fn resources(&self) -> &Resources {
        &self.resources
    }

    /// What weighers count as taken by each server.
    pub fn size(&self) -> ServerSize {
        self.size
            .unwrap_or_else(|| ServerSize::of_resources(&self.resources))
    }

    /// What is to happen where not all servers fit.
    pub fn fulfilment(&self) -> Fulfilment {
        self.fulfilment
    }

    /// How many servers must fit: all, or one where as many as fit will do.
    pub fn least(&self) -> u32 {
        match self.fulfilment {
            Fulfilment::AllOrNothing => self.count,
            Fulfilment::AsManyAsFit => self.count.min(1),
        }
    }

    /// The ids of the servers, as far as they were given.
    pub fn servers(&self) -> &[ServerId] {
        &self.servers
    }

    /// The project that asks.
    pub fn project(&self) -> Option<&ProjectId> {
        self.project.as_ref()
    }

    /// The name of the flavor.
    pub fn flavor(&self) -> Option<&str> {
        self.flavor.as_deref()
    }

    /// The image.
    pub fn image(&self) -> Option<&RequestImage> {
        self.image.as_ref()
    }

    /// How much the servers count for when room is made.
    pub fn priority(&self) -> i32 {
        self.priority
    }

    /// Traits that hosts must have, besides those of extra specs and image.
    pub fn required_traits(&self) -> &BTreeSet<HostTrait> {
        &self.required_traits
    }

    /// Traits that hosts must not have, besides those of extra specs and image.
    pub fn forbidden_traits(&self) -> &BTreeSet<HostTrait> {
        &self.forbidden_traits
    }

    /// Sets of aggregates of each of which a host must be in one.
    pub fn member_of(&self) -> &[BTreeSet<AggregateId>] {
        &self.member_of
    }

    /// Aggregates that a host must not be in.
    pub fn not_member_of(&self) -> &BTreeSet<AggregateId> {
        &self.not_member_of
    }

    /// The node whose resources are wanted.
    pub fn in_tree(&self) -> Option<&HostName> {
        self.in_tree.as_ref()
    }

    /// The server group.
    pub fn group(&self) -> Option<&GroupRequest> {
        self.group.as_deref()
    }

    /// All scheduler hints.
    pub fn hints(&self) -> &BTreeMap<String, Vec<String>> {
        &self.hints
    }

    /// The values of a scheduler hint; none if it was not given.
    pub fn hint(&self, name: &str) -> &[String] {
        self.hints.get(name).map_or(&[], Vec::as_slice)
    }

    /// The destination that is asked for.
    pub fn destination(&self) -> Option<&Destination> {
        self.destination.as_ref()
    }

    /// The hosts where it was tried already.
    pub fn tried_hosts(&self) -> &BTreeSet<HostName> {
        &self.tried_hosts
    }

    /// The nodes that are forced; any will do if there is none.
    pub fn force_nodes(&self) -> &BTreeSet<HostName> {
        &self.force_nodes
    }

    /// Whether the servers stay and only get another image.
    pub fn is_rebuild(&self) -> bool {
        self.rebuild
    }

    /// What the servers will be on their hosts.
    pub fn shape(&self) -> ServerShape {
        let mut shape = ServerShape::new(self.resources.clone())
            .with_size(self.size())
            .with_priority(self.priority);
        shape.flavor.clone_from(&self.flavor);
        shape.project.clone_from(&self.project);
        if let Some(image) = &self.image {
            shape.image_properties.clone_from(&image.properties);
        }
        shape
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

    /// How many alternates are named for each server; one less than the scheduler's
    /// [`max_attempts`](crate::Scheduler::max_attempts) if it is not said.
    pub fn alternates(&self) -> Option<u32> {
        self.alternates
    }

    /// Whether filters of [`Stage::Filter`](crate::Stage::Filter) are run.
    pub(crate) fn is_filtered(&self) -> bool {
        let forced = !self.force_hosts.is_empty() || !self.force_nodes.is_empty();
        !forced || self.filter_forced_hosts || self.rebuild
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

    /// A server went from one host to another, or nowhere, and may be of the group.
    pub(crate) fn note_move(
        &mut self,
        server: &ServerId,
        from: &HostName,
        to: Option<&HostName>,
        fleet: &Fleet,
    ) {
        if let Some(group) = &mut self.group
            && group.members.contains(server)
        {
            Arc::make_mut(group).note_move(server, from, to, fleet);
        }
    }

    /// One more member of the group.
    pub(crate) fn note_group_member(&mut self, server: ServerId) {
        if let Some(group) = &mut self.group {
            Arc::make_mut(group).members.insert(server);
        }
    }

    /// A member of the group was put onto a host: Nova appends the host to the group's.
    pub(crate) fn note_group_host(&mut self, host: &HostName) {
        if let Some(group) = &mut self.group {
            Arc::make_mut(group).hosts.insert(host.clone());
        }
    }
}

fn same_host(one: &HostName, other: &HostName) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    one.eq_ignore_ascii_case(other)
        || (!one.is_ascii() && one.to_lowercase() == other.to_lowercase())
}

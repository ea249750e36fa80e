//! What differs between two plans.

use std::fmt;

use nova_core::id::{HostName, ServerId};
use nova_core::model::Resources;
use serde::{Deserialize, Serialize};

use super::{Placement, Plan};

/// A value that differs: what it is in the one plan, and what in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Changed<T> {
    /// In the first plan.
    pub from: T,
    /// In the second.
    pub to: T,
}

impl<T: PartialEq> Changed<T> {
    fn between(from: T, to: T) -> Option<Self> {
        (from != to).then_some(Self { from, to })
    }
}

/// What differs between two plans: the decisions, not the reasons for them. What is equal is
/// `None`, or not listed.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass, Resources};
/// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
///
/// let node = |name: &str, memory| {
///     Ok::<_, nova_core::Error>(
///         HostState::new(name.parse()?, "az1".parse()?)
///             .with_inventory(ResourceClass::MemoryMb, Inventory::new(memory, 0, 1.0)?),
///     )
/// };
/// let fleet = Fleet::builder().host(node("node-1", 8192)?).host(node("node-2", 4096)?).build();
/// let request = PlacementRequest::new(Resources::new().with(ResourceClass::MemoryMb, 1024));
/// let scheduler = Scheduler::default();
///
/// let today = scheduler.plan(&fleet, &request);
/// let without = scheduler.plan(&fleet.without_host(&"node-1".parse()?), &request);
/// let diff = today.diff(&without);
/// assert!(!diff.same_hosts());
/// let host = diff.servers[0].host.as_ref().expect("it goes elsewhere");
/// assert_eq!(host.to.as_ref().map(|host| host.as_str()), Some("node-2"));
/// assert!(diff.to_string().contains("server 1: node-1 -> node-2"));
/// assert!(today.diff(&today).is_empty());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanDiff {
    /// The generation of the fleet that was read.
    pub generation: Option<Changed<u64>>,
    /// How many servers were asked for.
    pub count: Option<Changed<u32>>,
    /// For how many of them a host was found.
    pub fits: Option<Changed<u32>>,
    /// What each server holds.
    pub resources: Option<Changed<Resources>>,
    /// Whether the requests differ in anything else.
    pub request: bool,
    /// The servers that are placed otherwise, in order.
    pub servers: Vec<ServerDiff>,
}

/// What differs for one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ServerDiff {
    /// Which of the servers, from 1.
    pub server: u32,
    /// Its id, if both requests give the same.
    pub id: Option<ServerId>,
    /// Its host; `None` on a side where it has none.
    pub host: Option<Changed<Option<HostName>>>,
    /// The host's weight; `None` on a side where it has no host.
    pub weight: Option<Changed<Option<f64>>>,
    /// The alternates, best first.
    pub alternates: Option<Changed<Vec<HostName>>>,
}

impl PlanDiff {
    pub(super) fn between(one: &Plan, other: &Plan) -> Self {
        let (from, to) = (one.request(), other.request());
        let resources = Changed::between(from.resources(), to.resources());
        let alike = from
            .clone()
            .with_count(to.count())
            .with_resources(to.resources().clone());
        let most = one.placements().len().max(other.placements().len());
        let servers = (0..most).filter_map(|place| ServerDiff::at(place, one, other));
        Self {
            generation: Changed::between(one.generation(), other.generation()),
            count: Changed::between(from.count(), to.count()),
            fits: Changed::between(one.explain().fits, other.explain().fits),
            resources: resources.map(|changed| Changed {
                from: changed.from.clone(),
                to: changed.to.clone(),
            }),
            request: alike != *to,
            servers: servers.collect(),
        }
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether every server has the same host in both plans, or none in both.
    pub fn same_hosts(&self) -> bool {
        self.moved().next().is_none()
    }

    /// The servers that have another host, or have one in one plan only.
    pub fn moved(&self) -> impl Iterator<Item = &ServerDiff> {
        self.servers.iter().filter(|server| server.host.is_some())
    }
}

impl ServerDiff {
    fn at(place: usize, one: &Plan, other: &Plan) -> Option<Self> {
        let (from, to) = (one.placements().get(place), other.placements().get(place));
        let host = |placement: Option<&Placement>| placement.map(|placed| placed.host.clone());
        let weight = |placement: Option<&Placement>| placement.map(|placed| placed.weight);
        let alternates = |placement: Option<&Placement>| {
            placement.map_or_else(Vec::new, |placed| placed.alternates.clone())
        };
        let id = |plan: &Plan| plan.request().servers().get(place).copied();
        let diff = Self {
            server: u32::try_from(place).unwrap_or(u32::MAX).saturating_add(1),
            id: id(one).filter(|server| id(other) == Some(*server)),
            host: Changed::between(host(from), host(to)),
            weight: Changed::between(weight(from), weight(to)),
            alternates: Changed::between(alternates(from), alternates(to)),
        };
        let differs = diff.host.is_some() || diff.weight.is_some() || diff.alternates.is_some();
        differs.then_some(diff)
    }
}

impl fmt::Display for PlanDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("no difference\n");
        }
        if let Some(Changed { from, to }) = &self.generation {
            writeln!(f, "fleet generation: {from} -> {to}")?;
        }
        if let Some(Changed { from, to }) = &self.count {
            writeln!(f, "servers asked for: {from} -> {to}")?;
        }
        if let Some(Changed { from, to }) = &self.resources {
            writeln!(f, "resources of each: {from} -> {to}")?;
        }
        if self.request {
            writeln!(f, "the requests differ otherwise")?;
        }
        if let Some(Changed { from, to }) = &self.fits {
            writeln!(f, "servers that fit: {from} -> {to}")?;
        }
        self.servers.iter().try_for_each(|server| server.fmt(f))
    }
}

impl fmt::Display for ServerDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {}", self.server)?;
        if let Some(id) = &self.id {
            write!(f, " ({id})")?;
        }
        let mut separator = ": ";
        if let Some(Changed { from, to }) = &self.host {
            write!(f, "{separator}{} -> {}", Host(from), Host(to))?;
            separator = ", ";
        }
        if let Some(Changed { from, to }) = &self.weight {
            write!(f, "{separator}weight {} -> {}", Weight(*from), Weight(*to))?;
            separator = ", ";
        }
        if let Some(Changed { from, to }) = &self.alternates {
            write!(f, "{separator}alternates {} -> {}", Hosts(from), Hosts(to))?;
        }
        writeln!(f)
    }
}

struct Host<'a>(&'a Option<HostName>);

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(host) => host.fmt(f),
            None => f.write_str("no host"),
        }
    }
}

struct Weight(Option<f64>);

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(weight) => write!(f, "{weight:.3}"),
            None => f.write_str("none"),
        }
    }
}

struct Hosts<'a>(&'a [HostName]);

impl fmt::Display for Hosts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (place, host) in self.0.iter().enumerate() {
            let separator = if place == 0 { "" } else { "+" };
            write!(f, "{separator}{host}")?;
        }
        Ok(())
    }
}

//! The fleet with the servers of a trace on it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use nova_core::id::{HostName, ServerId};
use nova_core::model::{Resources, ServerGroupPolicy};
use nova_core::uuid::Uuid;

use super::cell_ledger::CellLedger;
use super::{FaultDomainFilter, Trace, TraceFlavor, TraceGroup, TraceServer};
use crate::error::{Error, Result};
use crate::fleet::{Fleet, HostIndex, HostView, PlacedServer, ServerShape};
use crate::request::{GroupRequest, PlacementRequest};
use crate::scheduler::Scheduler;

/// A fleet, and where the servers of a trace are.
pub(super) struct Cluster<'a> {
    trace: &'a Trace,
    fleet: Fleet,
    homes: Vec<Option<HostIndex>>,
    /// One per flavor: what most servers ask for.
    templates: Vec<PlacementRequest>,
    /// One per flavor: what its servers are on their hosts.
    shapes: Vec<Arc<ServerShape>>,
    groups: Vec<GroupState<'a>>,
    cells: CellLedger,
}

/// Where the servers of a group are.
pub(super) struct GroupState<'a> {
    group: &'a TraceGroup,
    /// How many are on each host.
    hosts: BTreeMap<HostIndex, u32>,
    /// How many of each fault domain are in each rack.
    racks: BTreeMap<String, BTreeMap<u32, u32>>,
    /// What the scheduler is told, if the group has rules.
    request: Option<GroupRequest>,
}

impl<'a> Cluster<'a> {
    pub(super) fn new(trace: &'a Trace, fleet: Fleet) -> Self {
        let template = |flavor: &TraceFlavor| {
            let request = PlacementRequest::new(flavor.resources.clone())
                .with_flavor(flavor.name.clone())
                .with_alternates(0);
            // The trace's builder saw to it that they can be had.
            match flavor.numa() {
                Ok(Some(cells)) => request.with_numa(cells),
                Ok(None) | Err(_) => request,
            }
        };
        let templates: Vec<PlacementRequest> = trace.flavors().iter().map(template).collect();
        let shapes = templates.iter().map(|template| Arc::new(template.shape()));
        let group = |group: &'a TraceGroup| GroupState {
            group,
            hosts: BTreeMap::new(),
            racks: BTreeMap::new(),
            request: group.rules.map(GroupRequest::new),
        };
        Self {
            trace,
            fleet,
            homes: vec![None; trace.len()],
            shapes: shapes.collect(),
            templates,
            groups: trace.groups().iter().map(group).collect(),
            cells: CellLedger::default(),
        }
    }

    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    pub(super) fn home(&self, server: usize) -> Option<HostIndex> {
        self.homes.get(server).copied().flatten()
    }

    /// What a server holds on its host.
    pub(super) fn resources(&self, server: usize) -> &Resources {
        self.template(server).resources()
    }

    /// What the servers of the trace hold of NUMA cells.
    pub(super) fn cells(&self) -> &CellLedger {
        &self.cells
    }

    /// Whether a server got NUMA cells.
    pub(super) fn has_cells(&self, server: usize) -> bool {
        let placed = |host| self.fleet.host(host).placed();
        let mut servers = self.home(server).into_iter().flat_map(placed);
        let id = server_id(server);
        servers.any(|placed| {
            let claim = placed.hardware.as_deref();
            placed.id == id && claim.is_some_and(|claim| claim.numa.is_some())
        })
    }

    /// Whether a server asks for NUMA cells.
    pub(super) fn wants_cells(&self, server: usize) -> bool {
        self.template(server).numa().is_some()
    }

    pub(super) fn group_of(&self, server: usize) -> Option<&GroupState<'a>> {
        self.groups.get(self.server(server).group?.get())
    }

    /// What is asked of the scheduler for a server.
    pub(super) fn request(&self, server: usize) -> Cow<'_, PlacementRequest> {
        let template = self.template(server);
        let asked = self.server(server);
        if asked.zone.is_none() && asked.group.is_none() {
            return Cow::Borrowed(template);
        }
        let mut request = template.clone();
        if let Some(zone) = &asked.zone {
            request = request.with_zone(zone.clone());
        }
        let Some(group) = self.group_of(server) else {
            return Cow::Owned(request);
        };
        if let Some(group) = &group.request {
            let id = server_id(server);
            request = request
                .with_servers([id])
                .with_group(group.clone().with_member(id));
        }
        if let Some(domain) = asked.fault_domain {
            let others = group.racks_of_others(domain);
            if !others.is_empty() {
                request = request.with_extra_spec(FaultDomainFilter::EXTRA_SPEC, others.join(","));
            }
        }
        Cow::Owned(request)
    }

    /// Puts a server onto a host, and onto the NUMA cells that the scheduler found for it there.
    /// It is on none: each is placed once.
    pub(super) fn place(
        &mut self,
        server: usize,
        host: &HostName,
        scheduler: &Scheduler,
    ) -> Result<HostIndex> {
        let unknown = || Error::UnknownHost { host: host.clone() };
        let index = self.fleet.index_of(host).ok_or_else(unknown)?;
        let shape = self.shapes[self.server(server).flavor.get()].clone();
        let claim = scheduler.hardware_for(self.template(server), &self.fleet.host(index));
        self.cells.add(index, &claim);
        let placed = PlacedServer::new(server_id(server), shape).with_hardware(claim);
        self.fleet.place(host, placed)?;
        if let Some(home) = self.homes.get_mut(server) {
            *home = Some(index);
        }
        self.count(server, index, |count| count + 1);
        Ok(index)
    }

    /// Takes a server away; the host that it was on.
    pub(super) fn remove(&mut self, server: usize) -> Option<HostIndex> {
        let host = self.homes.get_mut(server)?.take()?;
        // The server is there: it was placed, and no host is taken away.
        let (_, gone) = self.fleet.remove_server(&server_id(server)).ok()?;
        if let Some(claim) = &gone.hardware {
            self.cells.subtract(host, claim);
        }
        self.count(server, host, |count| count.saturating_sub(1));
        Some(host)
    }

    fn count(&mut self, server: usize, host: HostIndex, change: impl Fn(u32) -> u32) {
        let asked = self.server(server);
        let (view, Some(group)) = (self.fleet.host(host), asked.group) else {
            return;
        };
        let Some(group) = self.groups.get_mut(group.get()) else {
            return;
        };
        let members = group.hosts.entry(host).or_default();
        *members = change(*members);
        let left = *members;
        if left == 0 {
            group.hosts.remove(&host);
        }
        if let Some(request) = &mut group.request {
            let id = server_id(server);
            let name = view.service_host();
            // A server that was taken away is on no host any more.
            if view.fleet().host_of(&id).is_some() {
                request.members.insert(id);
                request.hosts.insert(name.clone());
            } else {
                request.members.remove(&id);
                if left == 0 {
                    request.hosts.remove(name);
                }
            }
        }
        if let Some(domain) = asked.fault_domain {
            let rack = FaultDomainFilter::rack(&view).to_owned();
            let domains = group.racks.entry(rack).or_default();
            let members = domains.entry(domain).or_default();
            *members = change(*members);
            if *members == 0 {
                domains.remove(&domain);
            }
        }
    }

    /// The servers of a trace name flavors of the same trace: its builder saw to that.
    fn template(&self, server: usize) -> &PlacementRequest {
        &self.templates[self.server(server).flavor.get()]
    }

    fn server(&self, server: usize) -> &'a TraceServer {
        &self.trace.servers()[server]
    }
}

impl GroupState<'_> {
    pub(super) fn name(&self) -> &str {
        &self.group.name
    }

    /// Whether the group's rules allow the servers that are on a host now.
    pub(super) fn rules_hold(&self, host: HostIndex) -> bool {
        let Some(rules) = self.group.rules else {
            return true;
        };
        match rules.policy() {
            ServerGroupPolicy::Affinity => self.hosts.len() <= 1,
            ServerGroupPolicy::AntiAffinity => {
                let most = rules.max_server_per_host().map_or(1, |most| most.get());
                self.hosts.get(&host).is_none_or(|count| *count <= most)
            }
            ServerGroupPolicy::SoftAffinity | ServerGroupPolicy::SoftAntiAffinity => true,
        }
    }

    /// Whether the rack of a host holds no more than one fault domain of the group.
    pub(super) fn domains_hold(&self, host: &HostView<'_>) -> bool {
        self.racks
            .get(FaultDomainFilter::rack(host))
            .is_none_or(|domains| domains.len() <= 1)
    }

    fn racks_of_others(&self, domain: u32) -> Vec<&str> {
        let others = self
            .racks
            .iter()
            .filter(|(_, domains)| domains.keys().any(|other| *other != domain));
        others.map(|(rack, _)| rack.as_str()).collect()
    }
}

/// Servers of a trace have no ids of their own: they are counted, from a number that no other id
/// is near.
fn server_id(server: usize) -> ServerId {
    const FIRST: u128 = 0x7265_706c_6179_8000_8000 << 48;
    let number = u128::try_from(server).unwrap_or(u128::MAX);
    ServerId::from_uuid(Uuid::from_u128(FIRST.saturating_add(number)))
}

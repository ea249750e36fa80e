//! What servers ask of the host that they are moved to.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::id::{HostName, ServerId};

use crate::fleet::{Fleet, PlacedServer};
use crate::numa::NumaRequest;
use crate::request::{GroupRequest, PlacementRequest, RequestImage};

/// What servers ask of the host that they are moved to.
///
/// Of a server that nothing was said of, the fleet knows the [shape](crate::ServerShape): it asks
/// for its resources, with its flavor, project and image properties, in the zone where it is, and
/// for NUMA cells like those that it is on. The extra specs, hints and traits that it was built
/// with are unknown, so give the request itself ([`with_request`](Self::with_request)) where those
/// matter; a server that holds PCI devices is not moved without. One that asks for cells or devices
/// is only moved to a host that has them for it, also where the scheduler has no filter that looks
/// at them. Groups are kept by
/// [`with_group`](Self::with_group).
///
/// ```
/// use nova_core::model::{ResourceClass, Resources, ServerGroupPolicy};
/// use nova_sched::moves::Wishes;
/// use nova_sched::{GroupRequest, PlacementRequest};
///
/// let (one, other) = (
///     "00000000-0000-4000-8000-000000000001".parse()?,
///     "00000000-0000-4000-8000-000000000002".parse()?,
/// );
/// let apart = GroupRequest::new(ServerGroupPolicy::AntiAffinity)
///     .with_member(one)
///     .with_member(other);
/// let gpu = PlacementRequest::new(Resources::new()).with_extra_spec("capabilities:gpu", ">= 1");
/// let wishes = Wishes::new().with_group(apart).with_request(one, gpu);
/// # let _ = (wishes, ResourceClass::Vcpu);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    requests: BTreeMap<ServerId, PlacementRequest>,
    groups: Vec<GroupRequest>,
    /// Where in `groups` each member's is.
    group_of: BTreeMap<ServerId, usize>,
}

impl Wishes {
    /// Nothing is known but what the fleet knows.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a server was built with. Its count and its resources are those of the server that is
    /// there, whatever the request says.
    #[must_use]
    pub fn with_request(mut self, server: ServerId, request: PlacementRequest) -> Self {
        self.requests.insert(server, request);
        self
    }

    /// A group whose members keep its rules. It names all its members; where they are, the fleet
    /// knows better than the group. A server is in one group: the last that names it.
    #[must_use]
    pub fn with_group(mut self, group: GroupRequest) -> Self {
        for member in &group.members {
            self.group_of.insert(*member, self.groups.len());
        }
        self.groups.push(group);
        self
    }

    /// What a server asks of its next host, with its group as the fleet has it now.
    pub fn request(&self, fleet: &Fleet, server: &PlacedServer) -> PlacementRequest {
        let shape = &server.shape;
        let request = match self.requests.get(&server.id) {
            Some(request) => request.clone().with_resources(shape.resources.clone()),
            None => {
                let mut request = PlacementRequest::new(shape.resources.clone());
                if let Some(flavor) = &shape.flavor {
                    request = request.with_flavor(flavor.clone());
                }
                if let Some(project) = &shape.project {
                    request = request.with_project(project.clone());
                }
                if !shape.image_properties.is_empty() {
                    let mut image = RequestImage::default();
                    image.properties.clone_from(&shape.image_properties);
                    request = request.with_image(image);
                }
                let held = server.hardware.as_ref();
                let cells = held.and_then(|held| held.numa.as_ref());
                if let Some(cells) = cells.and_then(|cells| NumaRequest::repeating(cells).ok()) {
                    request = request.with_numa(cells);
                }
                match fleet.host_of(&server.id) {
                    Some(host) => request.with_zone(fleet.host(host).zone().clone()),
                    None => request,
                }
            }
        };
        let request = request
            .with_size(shape.size)
            .with_priority(shape.priority)
            .with_count(1)
            .with_servers([server.id])
            .with_alternates(0);
        let group = self.group_of.get(&server.id);
        match group.and_then(|place| self.groups.get(*place)) {
            Some(group) => request.with_group(group.without_places_of(&server.id, fleet)),
            None => match request.group() {
                Some(group) => {
                    let group = group.without_places_of(&server.id, fleet);
                    request.with_group(group)
                }
                None => request,
            },
        }
    }

    /// Whether a server may ask for something else than others of its shape: more is known of it,
    /// or it holds parts of its host of its own.
    pub(crate) fn are_own(&self, server: &PlacedServer) -> bool {
        self.requests.contains_key(&server.id)
            || self.group_of.contains_key(&server.id)
            || server.hardware.is_some()
    }

    /// Whether a server may be moved, as far as it is known what it asks for.
    pub(crate) fn may_move(&self, server: &PlacedServer) -> bool {
        let known = || match server.hardware.as_ref() {
            None => true,
            Some(held) => {
                let cells = held.numa.as_ref();
                self.requests.contains_key(&server.id)
                    || (held.pci.is_none()
                        && cells.is_none_or(|cells| NumaRequest::repeating(cells).is_ok()))
            }
        };
        server.shape.movable && known()
    }
}

impl GroupRequest {
    /// The group with its members where the fleet has them now, seen by one that is to be moved:
    /// where that one is does not count.
    fn without_places_of(&self, leaving: &ServerId, fleet: &Fleet) -> Self {
        let mut group = self.clone();
        group.places.remove(leaving);
        let mut known: BTreeSet<HostName> = BTreeSet::new();
        let mut any = false;
        for member in &self.members {
            let host = match fleet.host_of(member) {
                Some(host) => Some(fleet.host(host).service_host()),
                None => self.places.get(member),
            };
            any |= host.is_some();
            if let Some(host) = host.filter(|_| member != leaving) {
                known.insert(host.clone());
            }
            if fleet.host_of(member).is_some() {
                group.places.remove(member);
            }
        }
        if any {
            group.hosts = known;
        }
        group
    }

    /// The group as a member sees it that leaves a host while servers of the request, `new`, are
    /// given room: they belong to it, wherever the fleet has them.
    pub(crate) fn seen_leaving(
        &self,
        leaving: &ServerId,
        from: &HostName,
        new: &[ServerId],
        fleet: &Fleet,
    ) -> Self {
        let mut group = self.clone();
        let placed = new.iter().filter(|server| fleet.host_of(server).is_some());
        group.members.extend(placed);
        let mut group = group.without_places_of(leaving, fleet);
        // Hosts that nobody is known to be on count as well.
        group
            .hosts
            .extend(self.hosts.iter().filter(|host| *host != from).cloned());
        group
    }

    /// A member went from one host to another, or nowhere.
    pub(crate) fn note_move(
        &mut self,
        server: &ServerId,
        from: &HostName,
        to: Option<&HostName>,
        fleet: &Fleet,
    ) {
        self.places.remove(server);
        let stays = |member: &ServerId| match fleet.host_of(member) {
            Some(host) => fleet.host(host).service_host() == from,
            None => self.places.get(member) == Some(from),
        };
        if !self.members.iter().any(stays) {
            self.hosts.remove(from);
        }
        match to {
            Some(to) => {
                self.hosts.insert(to.clone());
            }
            None => {
                self.members.remove(server);
            }
        }
    }
}

//! The table of servers, with the orders in which it is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, ProjectId, ServerId};
use crate::model::{Server, ServerName, Tag};
use crate::repository::{ServerFilter, ServerSort, ServerSortKey, SortDirection};

/// The servers, deleted ones included.
#[derive(Default)]
pub(super) struct Servers {
    by_id: BTreeMap<ServerId, Server>,
    all: Orders,
    by_project: BTreeMap<ProjectId, Orders>,
    by_host: BTreeMap<HostName, Orders>,
    by_tag: BTreeMap<Tag, BTreeSet<ServerId>>,
    deletions: BTreeSet<(Timestamp, ServerId)>,
}

/// Servers in each order.
#[derive(Default)]
struct Orders {
    created: BTreeSet<Place>,
    updated: BTreeSet<Place>,
    name: BTreeSet<Place>,
}

/// A server's place in an order.
type Place = (Key, ServerId);

/// What an order is by. One set holds keys of one variant only.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Time(Timestamp),
    Name(ServerName),
}

fn place(server: &Server, key: ServerSortKey) -> Place {
    let key = match key {
        ServerSortKey::CreatedAt => Key::Time(server.created_at),
        ServerSortKey::UpdatedAt => Key::Time(server.updated_at),
        ServerSortKey::Name => Key::Name(server.name.clone()),
    };
    (key, server.id)
}

impl Orders {
    fn of(&self, key: ServerSortKey) -> &BTreeSet<Place> {
        match key {
            ServerSortKey::CreatedAt => &self.created,
            ServerSortKey::UpdatedAt => &self.updated,
            ServerSortKey::Name => &self.name,
        }
    }

    fn insert(&mut self, server: &Server) {
        self.created.insert(place(server, ServerSortKey::CreatedAt));
        self.updated.insert(place(server, ServerSortKey::UpdatedAt));
        self.name.insert(place(server, ServerSortKey::Name));
    }

    fn remove(&mut self, server: &Server) {
        self.created
            .remove(&place(server, ServerSortKey::CreatedAt));
        self.updated
            .remove(&place(server, ServerSortKey::UpdatedAt));
        self.name.remove(&place(server, ServerSortKey::Name));
    }

    fn is_empty(&self) -> bool {
        self.created.is_empty()
    }
}

impl Servers {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is such a server.
    pub(super) fn contains(&self, id: ServerId) -> bool {
        self.by_id.contains_key(&id)
    }

    /// The server.
    pub(super) fn get(&self, id: ServerId) -> Result<&Server> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::Server, id))
    }

    /// Adds a server, or puts it in the place of the one with its id.
    pub(super) fn put(&mut self, server: Server) {
        self.remove(server.id);
        self.all.insert(&server);
        self.by_project
            .entry(server.project_id.clone())
            .or_default()
            .insert(&server);
        if let Some(host) = &server.host {
            self.by_host
                .entry(host.clone())
                .or_default()
                .insert(&server);
        }
        for tag in server.tags.iter() {
            self.by_tag
                .entry(tag.clone())
                .or_default()
                .insert(server.id);
        }
        if let Some(deleted_at) = server.deleted_at {
            self.deletions.insert((deleted_at, server.id));
        }
        self.by_id.insert(server.id, server);
    }

    /// Removes a server and returns it.
    pub(super) fn remove(&mut self, id: ServerId) -> Option<Server> {
        let server = self.by_id.remove(&id)?;
        self.all.remove(&server);
        if let Some(orders) = self.by_project.get_mut(&server.project_id) {
            orders.remove(&server);
            if orders.is_empty() {
                self.by_project.remove(&server.project_id);
            }
        }
        if let Some(host) = &server.host
            && let Some(orders) = self.by_host.get_mut(host)
        {
            orders.remove(&server);
            if orders.is_empty() {
                self.by_host.remove(host);
            }
        }
        for tag in server.tags.iter() {
            if let Some(servers) = self.by_tag.get_mut(tag) {
                servers.remove(&id);
                if servers.is_empty() {
                    self.by_tag.remove(tag);
                }
            }
        }
        if let Some(deleted_at) = server.deleted_at {
            self.deletions.remove(&(deleted_at, id));
        }
        Some(server)
    }

    /// Those of a project, deleted ones included.
    pub(super) fn of_project(&self, project: &ProjectId) -> impl Iterator<Item = &Server> {
        let orders = self.by_project.get(project).into_iter();
        orders.flat_map(|orders| {
            orders
                .created
                .iter()
                .filter_map(|(_, id)| self.by_id.get(id))
        })
    }

    /// Those deleted before that time, the longest deleted first.
    pub(super) fn deleted_before(&self, before: Timestamp) -> impl Iterator<Item = ServerId> {
        self.deletions
            .iter()
            .take_while(move |(deleted_at, _)| *deleted_at < before)
            .map(|(_, id)| *id)
    }

    /// Those that the filter lets through, in order, after the marker.
    pub(super) fn listed<'a>(
        &'a self,
        filter: &'a ServerFilter,
        sort: ServerSort,
        marker: Option<ServerId>,
    ) -> Result<Box<dyn Iterator<Item = &'a Server> + 'a>> {
        let marker = marker
            .map(|id| Ok(place(self.get(id)?, sort.key)))
            .transpose()?;
        let ids = match self.candidates(filter) {
            Some(few) => self.put_in_order(&few, sort, marker.as_ref()),
            None => self.in_order(filter, sort, marker),
        };
        Ok(Box::new(
            ids.filter_map(|id| self.by_id.get(&id))
                .filter(|server| filter.matches(server)),
        ))
    }

    /// The servers that the filter names, or that have one of its tags, the rarest.
    fn candidates(&self, filter: &ServerFilter) -> Option<Vec<ServerId>> {
        if let Some(ids) = &filter.ids {
            return Some(ids.iter().copied().collect());
        }
        let tagged = |tag| self.by_tag.get(tag);
        if filter.tags.iter().any(|tag| tagged(tag).is_none()) {
            return Some(Vec::new());
        }
        let rarest = filter
            .tags
            .iter()
            .filter_map(tagged)
            .min_by_key(|s| s.len());
        rarest.map(|servers| servers.iter().copied().collect())
    }

    fn put_in_order(
        &self,
        ids: &[ServerId],
        sort: ServerSort,
        marker: Option<&Place>,
    ) -> Box<dyn Iterator<Item = ServerId>> {
        let servers = ids.iter().filter_map(|id| self.by_id.get(id));
        let mut places: Vec<Place> = servers.map(|server| place(server, sort.key)).collect();
        places.sort_unstable();
        match sort.direction {
            SortDirection::Ascending => places.retain(|p| marker.is_none_or(|m| p > m)),
            SortDirection::Descending => {
                places.reverse();
                places.retain(|p| marker.is_none_or(|m| p < m));
            }
        }
        Box::new(places.into_iter().map(|(_, id)| id))
    }

    /// Walks the order of the host, of the project, or of all servers.
    fn in_order(
        &self,
        filter: &ServerFilter,
        sort: ServerSort,
        marker: Option<Place>,
    ) -> Box<dyn Iterator<Item = ServerId> + '_> {
        let orders = match (&filter.host, &filter.project) {
            (Some(host), _) => self.by_host.get(host),
            (None, Some(project)) => self.by_project.get(project),
            (None, None) => Some(&self.all),
        };
        let Some(orders) = orders else {
            return Box::new(std::iter::empty());
        };
        let after = marker.map_or(Bound::Unbounded, Bound::Excluded);
        let order = orders.of(sort.key);
        match sort.direction {
            SortDirection::Ascending => {
                Box::new(order.range((after, Bound::Unbounded)).map(|(_, id)| *id))
            }
            SortDirection::Descending => Box::new(
                order
                    .range((Bound::Unbounded, after))
                    .rev()
                    .map(|(_, id)| *id),
            ),
        }
    }
}

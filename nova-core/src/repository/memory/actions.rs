//! Actions and their events in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, RequestId, ServerId};
use crate::model::{Action, ActionEvent, ActionOutcome, ArchivedAction, EventName, EventOutcome};
use crate::repository::{ActionRepository, Page, PageRequest};

/// The actions of each server.
pub(super) type Actions = BTreeMap<ServerId, OfServer>;

/// The actions of one server, with the order in which they are read.
#[derive(Default)]
pub(super) struct OfServer {
    by_request: BTreeMap<RequestId, Entry>,
    by_start: BTreeSet<(Timestamp, RequestId)>,
}

struct Entry {
    action: Action,
    events: BTreeMap<(EventName, Option<HostName>), ActionEvent>,
}

impl OfServer {
    /// All of them, the first begun first.
    pub(super) fn archived(&self) -> Vec<ArchivedAction> {
        let requests = self.by_start.iter().map(|(_, request)| request);
        let entries = requests.filter_map(|request| self.by_request.get(request));
        entries.map(Entry::archived).collect()
    }
}

impl Entry {
    fn archived(&self) -> ArchivedAction {
        let mut events: Vec<ActionEvent> = self.events.values().cloned().collect();
        // The sort is stable: of one instant, the first by name and host stays first.
        events.sort_by_key(|event| event.started_at);
        ArchivedAction {
            action: self.action.clone(),
            events,
        }
    }
}

#[async_trait]
impl ActionRepository for MemoryStore {
    async fn action_begin(&self, action: &Action) -> Result<Action> {
        let mut tables = self.tables();
        if !tables.servers.contains(action.server_id) {
            return Err(Error::not_found(ObjectKind::Server, action.server_id));
        }
        let of_server = tables.actions.entry(action.server_id).or_default();
        let key = (action.started_at, action.request_id.clone());
        let entry = of_server
            .by_request
            .entry(action.request_id.clone())
            .or_insert_with(|| {
                of_server.by_start.insert(key);
                Entry {
                    action: action.clone(),
                    events: BTreeMap::new(),
                }
            });
        Ok(entry.action.clone())
    }

    async fn action_finish(
        &self,
        server: ServerId,
        request: &RequestId,
        outcome: &ActionOutcome,
    ) -> Result<Action> {
        let actions = &mut self.tables().actions;
        let action = &mut entry_mut(actions, server, request)?.action;
        action.outcome.get_or_insert_with(|| outcome.clone());
        Ok(action.clone())
    }

    async fn action_get(&self, server: ServerId, request: &RequestId) -> Result<Action> {
        Ok(entry(&self.tables().actions, server, request)?
            .action
            .clone())
    }

    async fn actions_of(
        &self,
        server: ServerId,
        page: &PageRequest<RequestId>,
    ) -> Result<Page<Action, RequestId>> {
        let actions = &self.tables().actions;
        let end = match page.marker() {
            Some(marker) => {
                let started_at = entry(actions, server, marker)?.action.started_at;
                Bound::Excluded((started_at, marker.clone()))
            }
            None => Bound::Unbounded,
        };
        let newest = actions.get(&server).into_iter().flat_map(|of_server| {
            of_server
                .by_start
                .range((Bound::Unbounded, end.clone()))
                .rev()
                .filter_map(|(_, request)| of_server.by_request.get(request))
                .map(|entry| &entry.action)
        });
        Ok(cut(newest, page.limit(), |action| {
            action.request_id.clone()
        }))
    }

    async fn action_event_begin(&self, event: &ActionEvent) -> Result<ActionEvent> {
        let actions = &mut self.tables().actions;
        let entry = entry_mut(actions, event.server_id, &event.request_id)?;
        let key = (event.name.clone(), event.host.clone());
        Ok(entry
            .events
            .entry(key)
            .or_insert_with(|| event.clone())
            .clone())
    }

    async fn action_event_finish(
        &self,
        server: ServerId,
        request: &RequestId,
        name: &EventName,
        host: Option<&HostName>,
        outcome: &EventOutcome,
    ) -> Result<ActionEvent> {
        let missing = || Error::not_found(ObjectKind::Action, format!("{request}/{name}"));
        let actions = &mut self.tables().actions;
        let entry = entry_mut(actions, server, request).map_err(|_| missing())?;
        let event = entry.events.get_mut(&(name.clone(), host.cloned()));
        let event = event.ok_or_else(missing)?;
        event.outcome.get_or_insert_with(|| outcome.clone());
        Ok(event.clone())
    }

    async fn action_events_of(
        &self,
        server: ServerId,
        request: &RequestId,
        limit: u32,
    ) -> Result<Vec<ActionEvent>> {
        let mut newest: Vec<ActionEvent> = match entry(&self.tables().actions, server, request) {
            Ok(entry) => entry.events.values().rev().cloned().collect(),
            Err(_) => Vec::new(),
        };
        // The sort is stable: of one instant, the last by name and host stays first.
        newest.sort_by_key(|event| std::cmp::Reverse(event.started_at));
        newest.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(newest)
    }
}

fn entry<'a>(actions: &'a Actions, server: ServerId, request: &RequestId) -> Result<&'a Entry> {
    let of_server = actions.get(&server);
    let entry = of_server.and_then(|of_server| of_server.by_request.get(request));
    entry.ok_or_else(|| Error::not_found(ObjectKind::Action, request))
}

fn entry_mut<'a>(
    actions: &'a mut Actions,
    server: ServerId,
    request: &RequestId,
) -> Result<&'a mut Entry> {
    let of_server = actions.get_mut(&server);
    let entry = of_server.and_then(|of_server| of_server.by_request.get_mut(request));
    entry.ok_or_else(|| Error::not_found(ObjectKind::Action, request))
}

//! What belongs to servers and goes into their records. Its rows go with the servers'.

use std::collections::BTreeMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use super::entity::server_group_member as member;
use super::entity::{action, action_event, block_device, fault, migration, port};
use super::op::Op;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::{RequestId, ServerGroupId, ServerId};
use crate::model::{
    Action, ActionEvent, ArchivedAction, ArchivedServer, BlockDevice, Fault, Migration, Server,
    ServerPort,
};
use crate::repository::clash::{sort_block_devices, sort_ports};

/// What belongs to servers, by server.
pub(super) struct Children {
    faults: BTreeMap<ServerId, Vec<Fault>>,
    migrations: BTreeMap<ServerId, Vec<Migration>>,
    actions: BTreeMap<ServerId, Vec<Action>>,
    events: BTreeMap<(ServerId, RequestId), Vec<ActionEvent>>,
    block_devices: BTreeMap<ServerId, Vec<BlockDevice>>,
    ports: BTreeMap<ServerId, Vec<ServerPort>>,
    groups: BTreeMap<ServerId, ServerGroupId>,
}

impl Children {
    /// Reads what belongs to the servers, whose rows must be locked: nothing is added then. What
    /// may be written meanwhile is locked too, so that no write is lost with the row.
    pub(super) async fn read(db: &impl ConnectionTrait, servers: &[Uuid], op: Op) -> Result<Self> {
        let ids = || servers.iter().copied();
        let faults = fault::Entity::find()
            .filter(fault::Column::ServerId.is_in(ids()))
            .order_by_asc(fault::Column::Id);
        let migrations = migration::Entity::find()
            .filter(migration::Column::ServerId.is_in(ids()))
            .order_by_asc(migration::Column::CreatedAt)
            .order_by_asc(migration::Column::Id)
            .lock_exclusive();
        let actions = action::Entity::find()
            .filter(action::Column::ServerId.is_in(ids()))
            .order_by_asc(action::Column::StartedAt)
            .order_by_asc(action::Column::RequestId)
            .lock_exclusive();
        let events = action_event::Entity::find()
            .filter(action_event::Column::ServerId.is_in(ids()))
            .order_by_asc(action_event::Column::StartedAt)
            .order_by_asc(action_event::Column::Name)
            .order_by_asc(action_event::Column::Host)
            .lock_exclusive();
        let devices = block_device::Entity::find()
            .filter(block_device::Column::ServerId.is_in(ids()))
            .lock_exclusive();
        let ports = port::Entity::find()
            .filter(port::Column::ServerId.is_in(ids()))
            .lock_exclusive();
        let members = member::Entity::find().filter(member::Column::ServerId.is_in(ids()));

        let faults = rows(db, faults, fault::Model::into_fault, op).await?;
        let migrations = rows(db, migrations, migration::Model::into_migration, op).await?;
        let actions = rows(db, actions, action::Model::into_action, op).await?;
        let events = rows(db, events, action_event::Model::into_event, op).await?;
        let devices = rows(db, devices, block_device::Model::into_block_device, op).await?;
        let ports = rows(db, ports, port::Model::into_port, op).await?;
        let members = members.all(db).await.map_err(|error| op.failed(error))?;
        let group = |row: member::Model| {
            let server = ServerId::from_uuid(row.server_id);
            (server, ServerGroupId::from_uuid(row.group_id))
        };
        Ok(Self {
            faults: sorted(faults, |fault| fault.server_id),
            migrations: sorted(migrations, |migration| migration.server_id),
            actions: sorted(actions, |action| action.server_id),
            events: sorted(events, |event| (event.server_id, event.request_id.clone())),
            block_devices: sorted(devices, BlockDevice::server_id),
            ports: sorted(ports, ServerPort::server_id),
            groups: members.into_iter().map(group).collect(),
        })
    }

    /// The record of a server. What belongs to it is taken out.
    pub(super) fn join(&mut self, server: Server, now: Timestamp) -> ArchivedServer {
        let id = server.id;
        let mut archived = ArchivedServer::new(server, now);
        archived.faults = self.faults.remove(&id).unwrap_or_default();
        archived.migrations = self.migrations.remove(&id).unwrap_or_default();
        for action in self.actions.remove(&id).unwrap_or_default() {
            let events = self.events.remove(&(id, action.request_id.clone()));
            archived.actions.push(ArchivedAction {
                action,
                events: events.unwrap_or_default(),
            });
        }
        archived.block_devices = self.block_devices.remove(&id).unwrap_or_default();
        sort_block_devices(&mut archived.block_devices);
        archived.ports = self.ports.remove(&id).unwrap_or_default();
        sort_ports(&mut archived.ports);
        archived.server_group = self.groups.remove(&id);
        archived
    }
}

/// The objects of the rows.
async fn rows<E: EntityTrait, T>(
    db: &impl ConnectionTrait,
    select: Select<E>,
    read: fn(E::Model) -> Result<T, BoxError>,
    op: Op,
) -> Result<Vec<T>> {
    let rows: Result<Vec<E::Model>, DbErr> = select.all(db).await;
    let rows = rows.map_err(|error| op.failed(error))?.into_iter();
    rows.map(|row| read(row).map_err(|error| op.corrupt(error)))
        .collect()
}

/// The objects by key, in their order.
fn sorted<K: Ord, T>(objects: Vec<T>, key: impl Fn(&T) -> K) -> BTreeMap<K, Vec<T>> {
    let mut sorted: BTreeMap<K, Vec<T>> = BTreeMap::new();
    for object in objects {
        sorted.entry(key(&object)).or_default().push(object);
    }
    sorted
}

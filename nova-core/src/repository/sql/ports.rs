//! Network ports in SQL.

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::entity::port::{Column, Entity, row};
use super::op::{Op, is_taken};
use super::server_list::cut;
use super::server_lock::lock_server;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{NetworkId, PortId, ServerId};
use crate::model::ServerPort;
use crate::repository::clash::{check_port_count, mac_taken, sort_ports};
use crate::repository::{Page, PageRequest, PortRepository};

#[async_trait]
impl PortRepository for SqlStore {
    async fn port_attach(&self, port: &ServerPort) -> Result<()> {
        let op = self.op("attach a port");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = attach(&transaction.db, port, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn port_get(&self, id: PortId) -> Result<ServerPort> {
        load(&self.db, id, self.op("read a port")).await
    }

    async fn ports_of(&self, server: ServerId) -> Result<Vec<ServerPort>> {
        let op = self.op("list ports");
        let rows = Entity::find()
            .filter(Column::ServerId.eq(*server.as_uuid()))
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let ports = rows
            .into_iter()
            .map(|row| row.into_port().map_err(|e| op.corrupt(e)));
        let mut ports: Vec<ServerPort> = ports.collect::<Result<_>>()?;
        sort_ports(&mut ports);
        Ok(ports)
    }

    async fn port_list_by_network(
        &self,
        network: NetworkId,
        page: &PageRequest<PortId>,
    ) -> Result<Page<ServerPort, PortId>> {
        let op = self.op("list ports");
        let mut select = Entity::find().filter(Column::NetworkId.eq(*network.as_uuid()));
        if let Some(marker) = page.marker() {
            select = select.filter(Column::Id.gt(*marker.as_uuid()));
        }
        let rows = select
            .order_by_asc(Column::Id)
            .limit(u64::from(page.limit()) + 1)
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let ports = rows
            .into_iter()
            .map(|row| row.into_port().map_err(|e| op.corrupt(e)));
        cut(ports, page.limit(), ServerPort::id)
    }

    async fn port_update(&self, port: &ServerPort) -> Result<ServerPort> {
        let op = self.op("write a port");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = update(&transaction.db, port, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn port_detach(&self, server: ServerId, port: PortId) -> Result<bool> {
        let op = self.op("detach a port");
        let delete = Entity::delete_many()
            .filter(Column::Id.eq(*port.as_uuid()))
            .filter(Column::ServerId.eq(*server.as_uuid()));
        self.retried(|| async {
            let _turn = self.turn().await;
            let deleted = delete.clone().exec(&self.db).await;
            Ok(deleted.map_err(|error| op.failed(error))?.rows_affected > 0)
        })
        .await
    }
}

async fn attach(db: &impl ConnectionTrait, port: &ServerPort, op: Op) -> Result<()> {
    let server = port.server_id();
    if !lock_server(db, server, op).await? {
        return Err(Error::not_found(ObjectKind::Server, server));
    }
    match load(db, port.id(), op).await {
        Ok(_) => return Err(Error::already_exists(ObjectKind::Port, port.id())),
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    check_mac(db, port, op).await?;
    let held: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::ServerId.eq(*server.as_uuid()))
        .into_tuple()
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    check_port_count(held.len())?;
    Entity::insert(row(port)?)
        .exec_without_returning(db)
        .await
        .map_err(|error| failed(error, op))?;
    Ok(())
}

async fn update(db: &impl ConnectionTrait, port: &ServerPort, op: Op) -> Result<ServerPort> {
    let held = load(db, port.id(), op).await?;
    if held.generation() != port.generation() {
        return Err(Error::stale(ObjectKind::Port, port.id(), port.generation()));
    }
    let written = held.written(port);
    check_mac(db, &written, op).await?;
    let done = Entity::update_many()
        .set(row(&written)?)
        .filter(Column::Id.eq(*port.id().as_uuid()))
        .filter(Column::ServerId.eq(*held.server_id().as_uuid()))
        .filter(Column::Generation.eq(port.generation().get().cast_signed()))
        .exec(db)
        .await
        .map_err(|error| failed(error, op))?;
    if done.rows_affected == 0 {
        // Written or detached since it was read.
        return Err(op.interrupted());
    }
    Ok(written)
}

/// Refuses a MAC address that another port of the network has.
async fn check_mac(db: &impl ConnectionTrait, port: &ServerPort, op: Op) -> Result<()> {
    let holder: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::NetworkId.eq(*port.network_id().as_uuid()))
        .filter(Column::Mac.eq(port.mac().to_string()))
        .into_tuple()
        .one(db)
        .await
        .map_err(|error| op.failed(error))?;
    match holder {
        Some(id) if id != *port.id().as_uuid() => Err(mac_taken(port)),
        _ => Ok(()),
    }
}

async fn load(db: &impl ConnectionTrait, id: PortId, op: Op) -> Result<ServerPort> {
    let found = Entity::find_by_id(*id.as_uuid()).one(db).await;
    match found.map_err(|error| op.failed(error))? {
        Some(row) => row.into_port().map_err(|error| op.corrupt(error)),
        None => Err(Error::not_found(ObjectKind::Port, id)),
    }
}

/// A key that was free a moment ago is taken: whoever runs again sees by whom.
fn failed(error: DbErr, op: Op) -> Error {
    if is_taken(&error) {
        return op.interrupted();
    }
    op.failed(error)
}

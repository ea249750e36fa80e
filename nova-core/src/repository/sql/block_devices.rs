//! Block devices in SQL.

use async_trait::async_trait;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::block_device::{Column, Entity, row};
use super::op::{Op, is_taken};
use super::server_list::cut;
use super::server_lock::lock_server;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{BlockDeviceId, ServerId, VolumeId};
use crate::model::BlockDevice;
use crate::repository::clash::{check_block_device, check_block_device_count, sort_block_devices};
use crate::repository::{BlockDeviceRepository, Page, PageRequest};

#[async_trait]
impl BlockDeviceRepository for SqlStore {
    async fn block_device_create(&self, device: &BlockDevice) -> Result<()> {
        let op = self.op("create a block device");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = create(&transaction.db, device, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn block_device_get(&self, id: BlockDeviceId) -> Result<BlockDevice> {
        load(&self.db, id, self.op("read a block device")).await
    }

    async fn block_devices_of(&self, server: ServerId) -> Result<Vec<BlockDevice>> {
        let mut devices = of(&self.db, server, self.op("list block devices")).await?;
        sort_block_devices(&mut devices);
        Ok(devices)
    }

    async fn block_device_list_by_volume(
        &self,
        volume: VolumeId,
        page: &PageRequest<BlockDeviceId>,
    ) -> Result<Page<BlockDevice, BlockDeviceId>> {
        let op = self.op("list block devices");
        let mut select = Entity::find().filter(Column::VolumeId.eq(*volume.as_uuid()));
        if let Some(marker) = page.marker() {
            select = select.filter(Column::Id.gt(*marker.as_uuid()));
        }
        let rows = select
            .order_by_asc(Column::Id)
            .limit(u64::from(page.limit()) + 1)
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let devices = rows
            .into_iter()
            .map(|row| row.into_block_device().map_err(|e| op.corrupt(e)));
        cut(devices, page.limit(), BlockDevice::id)
    }

    async fn block_device_update(&self, device: &BlockDevice) -> Result<BlockDevice> {
        let op = self.op("write a block device");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = update(&transaction.db, device, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn block_device_delete(&self, id: BlockDeviceId) -> Result<bool> {
        let op = self.op("delete a block device");
        self.retried(|| async {
            let _turn = self.turn().await;
            let deleted = Entity::delete_by_id(*id.as_uuid()).exec(&self.db).await;
            Ok(deleted.map_err(|error| op.failed(error))?.rows_affected > 0)
        })
        .await
    }
}

async fn create(db: &impl ConnectionTrait, device: &BlockDevice, op: Op) -> Result<()> {
    if !lock_server(db, device.server_id(), op).await? {
        return Err(Error::not_found(ObjectKind::Server, device.server_id()));
    }
    match load(db, device.id(), op).await {
        Ok(_) => return Err(Error::already_exists(ObjectKind::BlockDevice, device.id())),
        Err(error) if error.is_not_found() => {}
        Err(error) => return Err(error),
    }
    let held = of(db, device.server_id(), op).await?;
    check_block_device(device, &held)?;
    check_block_device_count(held.len())?;
    let insert = Entity::insert(row(device));
    insert
        .exec_without_returning(db)
        .await
        .map_err(|error| failed(error, op))?;
    Ok(())
}

async fn update(db: &impl ConnectionTrait, device: &BlockDevice, op: Op) -> Result<BlockDevice> {
    // Its server never changes, so it may be read before the lock.
    let server = load(db, device.id(), op).await?.server_id();
    if !lock_server(db, server, op).await? {
        return Err(Error::not_found(ObjectKind::BlockDevice, device.id()));
    }
    let held = load(db, device.id(), op).await?;
    if held.generation() != device.generation() {
        return Err(Error::stale(
            ObjectKind::BlockDevice,
            device.id(),
            device.generation(),
        ));
    }
    let written = held.written(device);
    check_block_device(&written, &of(db, server, op).await?)?;
    let done = Entity::update_many()
        .set(row(&written))
        .filter(Column::Id.eq(*device.id().as_uuid()))
        .filter(Column::Generation.eq(device.generation().get().cast_signed()))
        .exec(db)
        .await
        .map_err(|error| failed(error, op))?;
    match done.rows_affected {
        // Deleted since it was read.
        0 => Err(Error::not_found(ObjectKind::BlockDevice, device.id())),
        _ => Ok(written),
    }
}

async fn load(db: &impl ConnectionTrait, id: BlockDeviceId, op: Op) -> Result<BlockDevice> {
    let found = Entity::find_by_id(*id.as_uuid()).one(db).await;
    match found.map_err(|error| op.failed(error))? {
        Some(row) => row.into_block_device().map_err(|error| op.corrupt(error)),
        None => Err(Error::not_found(ObjectKind::BlockDevice, id)),
    }
}

async fn of(db: &impl ConnectionTrait, server: ServerId, op: Op) -> Result<Vec<BlockDevice>> {
    let rows = Entity::find()
        .filter(Column::ServerId.eq(*server.as_uuid()))
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    rows.into_iter()
        .map(|row| row.into_block_device().map_err(|e| op.corrupt(e)))
        .collect()
}

/// A key that was free a moment ago is taken: whoever runs again sees by whom.
fn failed(error: DbErr, op: Op) -> Error {
    if is_taken(&error) {
        return op.interrupted();
    }
    op.failed(error)
}

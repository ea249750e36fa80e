//! Block devices in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{BlockDeviceId, ServerId, VolumeId};
use crate::model::BlockDevice;
use crate::repository::clash::{check_block_device, check_block_device_count, sort_block_devices};
use crate::repository::{BlockDeviceRepository, Page, PageRequest};

/// The table of block devices, with the orders in which it is read.
#[derive(Default)]
pub(super) struct BlockDevices {
    by_id: BTreeMap<BlockDeviceId, BlockDevice>,
    by_server: BTreeSet<(ServerId, BlockDeviceId)>,
    by_volume: BTreeSet<(VolumeId, BlockDeviceId)>,
}

impl BlockDevices {
    /// Removes those of a server.
    pub(super) fn remove_of(&mut self, server: ServerId) {
        for device in self.of(server) {
            self.remove(device.id());
        }
    }

    /// Those of a server, by id.
    pub(super) fn of(&self, server: ServerId) -> Vec<BlockDevice> {
        let least = (server, BlockDeviceId::from_uuid(uuid::Uuid::nil()));
        self.by_server
            .range(least..)
            .take_while(|(of, _)| *of == server)
            .filter_map(|(_, id)| self.by_id.get(id).cloned())
            .collect()
    }

    fn get(&self, id: BlockDeviceId) -> Result<&BlockDevice> {
        self.by_id
            .get(&id)
            .ok_or_else(|| Error::not_found(ObjectKind::BlockDevice, id))
    }

    fn insert(&mut self, device: BlockDevice) {
        self.remove(device.id());
        self.by_server.insert((device.server_id(), device.id()));
        if let Some(volume) = device.volume_id() {
            self.by_volume.insert((volume, device.id()));
        }
        self.by_id.insert(device.id(), device);
    }

    fn remove(&mut self, id: BlockDeviceId) -> bool {
        let Some(device) = self.by_id.remove(&id) else {
            return false;
        };
        self.by_server.remove(&(device.server_id(), id));
        if let Some(volume) = device.volume_id() {
            self.by_volume.remove(&(volume, id));
        }
        true
    }
}

#[async_trait]
impl BlockDeviceRepository for MemoryStore {
    async fn block_device_create(&self, device: &BlockDevice) -> Result<()> {
        let mut tables = self.tables();
        if !tables.servers.contains(device.server_id()) {
            return Err(Error::not_found(ObjectKind::Server, device.server_id()));
        }
        let devices = &mut tables.block_devices;
        if devices.by_id.contains_key(&device.id()) {
            return Err(Error::already_exists(ObjectKind::BlockDevice, device.id()));
        }
        let held = devices.of(device.server_id());
        check_block_device(device, &held)?;
        check_block_device_count(held.len())?;
        devices.insert(device.clone());
        Ok(())
    }

    async fn block_device_get(&self, id: BlockDeviceId) -> Result<BlockDevice> {
        self.tables().block_devices.get(id).cloned()
    }

    async fn block_devices_of(&self, server: ServerId) -> Result<Vec<BlockDevice>> {
        let mut devices = self.tables().block_devices.of(server);
        sort_block_devices(&mut devices);
        Ok(devices)
    }

    async fn block_device_list_by_volume(
        &self,
        volume: VolumeId,
        page: &PageRequest<BlockDeviceId>,
    ) -> Result<Page<BlockDevice, BlockDeviceId>> {
        let devices = &self.tables().block_devices;
        let start = match page.marker() {
            Some(marker) => Bound::Excluded((volume, *marker)),
            None => Bound::Included((volume, BlockDeviceId::from_uuid(uuid::Uuid::nil()))),
        };
        let after = devices
            .by_volume
            .range((start, Bound::Unbounded))
            .take_while(|(of, _)| *of == volume)
            .filter_map(|(_, id)| devices.by_id.get(id));
        Ok(cut(after, page.limit(), BlockDevice::id))
    }

    async fn block_device_update(&self, device: &BlockDevice) -> Result<BlockDevice> {
        let devices = &mut self.tables().block_devices;
        let held = devices.get(device.id())?;
        if held.generation() != device.generation() {
            return Err(Error::stale(
                ObjectKind::BlockDevice,
                device.id(),
                device.generation(),
            ));
        }
        let written = held.written(device);
        check_block_device(&written, &devices.of(written.server_id()))?;
        devices.insert(written.clone());
        Ok(written)
    }

    async fn block_device_delete(&self, id: BlockDeviceId) -> Result<bool> {
        Ok(self.tables().block_devices.remove(id))
    }
}

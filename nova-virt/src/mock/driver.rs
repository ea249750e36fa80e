//! The mock as a hypervisor.

use async_trait::async_trait;

use super::hypervisor::Shared;
use super::progress::{Progress, record};
use super::{MockHypervisor, Operation, power, spawn};
use crate::error::{Error, Result};
use crate::event::Events;
use crate::guest::{Guest, GuestId};
use crate::hypervisor::{
    ConsoleLog, DestroyOptions, Hypervisor, Pause, PowerOff, Reboot, SpawnOptions,
};
use crate::inventory::HostInventory;
use crate::spec::VmSpec;

#[async_trait]
impl Hypervisor for MockHypervisor {
    fn driver(&self) -> &'static str {
        super::DRIVER
    }

    async fn inventory(&self) -> Result<HostInventory> {
        let shared = &*self.shared;
        record(shared, Operation::Inventory, None, async {
            Progress::begin(shared, Operation::Inventory, None, None)
                .await?
                .complete()
                .await?;
            Ok(shared.config.inventory.clone())
        })
        .await
    }

    async fn spawn(&self, spec: &VmSpec, options: &SpawnOptions) -> Result<Guest> {
        let work = spawn::spawn(&self.shared, spec, options);
        record(&self.shared, Operation::Spawn, Some(spec.id), work).await
    }

    async fn destroy(&self, id: GuestId, _options: &DestroyOptions) -> Result<()> {
        let work = spawn::destroy(&self.shared, id);
        record(&self.shared, Operation::Destroy, Some(id), work).await
    }

    async fn power_on(&self, id: GuestId) -> Result<()> {
        let work = power::power_on(&self.shared, id);
        record(&self.shared, Operation::PowerOn, Some(id), work).await
    }

    async fn power_off(&self, id: GuestId, mode: PowerOff) -> Result<()> {
        let work = power::power_off(&self.shared, id, mode);
        record(&self.shared, Operation::PowerOff, Some(id), work).await
    }

    async fn reboot(&self, id: GuestId, mode: Reboot) -> Result<()> {
        let work = power::reboot(&self.shared, id, mode);
        record(&self.shared, Operation::Reboot, Some(id), work).await
    }

    async fn list(&self) -> Result<Vec<Guest>> {
        let shared = &*self.shared;
        record(shared, Operation::List, None, async {
            let mut progress = Progress::begin(shared, Operation::List, None, None).await?;
            progress.complete().await?;
            progress.change(|host| Ok(host.guests.values().map(|g| g.describe()).collect()))
        })
        .await
    }

    async fn inspect(&self, id: GuestId) -> Result<Guest> {
        let shared = &*self.shared;
        record(shared, Operation::Inspect, Some(id), async {
            let mut progress = Progress::begin(shared, Operation::Inspect, Some(id), None).await?;
            progress.complete().await?;
            progress.change(|host| match host.guests.get(&id) {
                Some(guest) => Ok(guest.describe()),
                None => Err(Error::NotFound { guest: id }),
            })
        })
        .await
    }

    fn events(&self) -> Events {
        self.shared.subscribe()
    }

    fn pause(&self) -> Option<&dyn Pause> {
        self.shared.config.pause.then_some(&*self.shared)
    }

    fn console_log(&self) -> Option<&dyn ConsoleLog> {
        self.shared.config.console_log.then_some(&*self.shared)
    }
}

// The groups are reached by accessor alone: a handle does not have their methods, so a mock that
// was built without a group cannot be asked for it.
#[async_trait]
impl Pause for Shared {
    async fn pause(&self, id: GuestId) -> Result<()> {
        let work = power::pause(self, id);
        record(self, Operation::Pause, Some(id), work).await
    }

    async fn unpause(&self, id: GuestId) -> Result<()> {
        let work = power::unpause(self, id);
        record(self, Operation::Unpause, Some(id), work).await
    }
}

#[async_trait]
impl ConsoleLog for Shared {
    async fn console_log(&self, id: GuestId, max_bytes: usize) -> Result<Vec<u8>> {
        record(self, Operation::ConsoleLog, Some(id), async {
            let mut progress = Progress::begin(self, Operation::ConsoleLog, Some(id), None).await?;
            progress.complete().await?;
            progress.change(|host| match host.guests.get(&id) {
                Some(guest) => Ok(guest.console_end(max_bytes)),
                None => Err(Error::NotFound { guest: id }),
            })
        })
        .await
    }
}

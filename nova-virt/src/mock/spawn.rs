//! Making guests and ending them.

use super::fault::MockFailure;
use super::hypervisor::Shared;
use super::progress::Progress;
use super::state::{HostState, MockGuest};
use super::{Operation, power};
use crate::error::{Error, Result};
use crate::event::EventKind;
use crate::guest::{Guest, GuestId};
use crate::hypervisor::SpawnOptions;
use crate::image::{ImageError, MemoryImages, verify_base};
use crate::spec::{BaseImage, VmSpec};

pub(super) async fn spawn(shared: &Shared, spec: &VmSpec, options: &SpawnOptions) -> Result<Guest> {
    spec.validate()?;
    let _lock = shared.locks.lock(spec.id).await;
    let mut progress = Progress::begin(shared, Operation::Spawn, Some(spec.id), Some(spec)).await?;
    if let Some(guest) = progress.change(|host| find_equal(host, spec))? {
        return Ok(guest);
    }
    verify_bases(spec).await?;
    progress.change(|host| {
        check_capacity(shared, host, spec)?;
        let disks = spec.disks.iter().enumerate();
        host.disks
            .extend(disks.map(|(place, disk)| ((spec.id, place), disk.size)));
        Ok(())
    })?;
    let mut undo = RemoveDisks {
        shared,
        guest: Some(spec.id),
    };
    progress.complete().await?;
    let guest = progress.change(|host| {
        let mut guest = MockGuest::new(spec.clone());
        if options.start {
            power::start(shared, &shared.behaviour(host, spec.id), &mut guest);
        }
        let described = guest.describe();
        host.guests.insert(spec.id, guest);
        Ok(described)
    })?;
    undo.guest = None;
    Ok(guest)
}

pub(super) async fn destroy(shared: &Shared, id: GuestId) -> Result<()> {
    let _lock = shared.locks.lock(id).await;
    let mut progress = Progress::begin(shared, Operation::Destroy, Some(id), None).await?;
    progress.complete().await?;
    progress.change(|host| {
        if host.guests.remove(&id).is_some() {
            shared.tell(id, EventKind::Destroyed);
        }
        host.remove_disks(id);
        Ok(())
    })
}

fn find_equal(host: &HostState, spec: &VmSpec) -> Result<Option<Guest>> {
    match host.guests.get(&spec.id) {
        None => Ok(None),
        Some(guest) if guest.spec == *spec => Ok(Some(guest.describe())),
        Some(_) => Err(Error::AlreadyExists { guest: spec.id }),
    }
}

/// Checks the bases as a driver that opens them would.
async fn verify_bases(spec: &VmSpec) -> Result<()> {
    for disk in &spec.disks {
        let Some(base) = &disk.base else { continue };
        match MemoryImages::virtual_size(&base.path) {
            Some(virtual_size) if virtual_size > disk.size => {
                return Err(ImageError::TooLarge {
                    virtual_size,
                    limit: disk.size,
                }
                .into());
            }
            Some(_) => {}
            None => verify_file(spec.id, base.clone(), disk.size).await?,
        }
    }
    Ok(())
}

async fn verify_file(
    guest: GuestId,
    base: BaseImage,
    limit: nova_core::units::Bytes,
) -> Result<()> {
    match tokio::task::spawn_blocking(move || verify_base(&base, limit)).await {
        Ok(verified) => Ok(verified.map(|_| ())?),
        Err(source) => Err(Error::Backend {
            driver: super::DRIVER,
            operation: Operation::Spawn.verb(),
            guest: Some(guest),
            transient: false,
            source: source.into(),
        }),
    }
}

fn check_capacity(shared: &Shared, host: &HostState, spec: &VmSpec) -> Result<()> {
    if !shared.config.strict_capacity {
        return Ok(());
    }
    let inventory = &shared.config.inventory;
    let with_new = || host.guests.values().map(|guest| &guest.spec).chain([spec]);
    // Every size was validated: no number of guests that fits into memory overflows 128 bits.
    let vcpus: u128 = with_new().map(|spec| u128::from(spec.vcpus)).sum();
    let memory: u128 = with_new().map(|spec| u128::from(spec.memory.get())).sum();
    let disks = with_new().flat_map(|spec| &spec.disks);
    let disk: u128 = disks.map(|disk| u128::from(disk.size.get())).sum();
    let missing = if vcpus > u128::from(inventory.vcpus) {
        "processors"
    } else if memory > u128::from(inventory.memory.get()) {
        "memory"
    } else if disk > u128::from(inventory.disk.get()) << 30 {
        "disk space"
    } else {
        return Ok(());
    };
    Err(MockFailure::Full(missing).into_error(Operation::Spawn, Some(spec.id), false))
}

/// Removes the disks of a guest that did not come to be.
struct RemoveDisks<'a> {
    shared: &'a Shared,
    guest: Option<GuestId>,
}

impl Drop for RemoveDisks<'_> {
    fn drop(&mut self) {
        if let Some(guest) = self.guest {
            self.shared.state().remove_disks(guest);
        }
    }
}

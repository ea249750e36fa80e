//! Making guests.

use std::sync::Arc;

use nova_core::state::PowerState;

use super::error::QemuError;
use super::host::Host;
use super::machine::Machine;
use super::record::{Record, Wanted};
use super::registry::Held;
use super::{launch, leftovers, place};
use crate::error::{Error, Result};
use crate::event::EventKind;
use crate::guest::Guest;
use crate::host::{blocking, overlay};
use crate::hypervisor::SpawnOptions;
use crate::spec::VmSpec;

const OPERATION: &str = "spawn";

/// [`Hypervisor::spawn`](crate::Hypervisor::spawn).
///
/// All is done in a directory of another name, the start included: the renaming of it makes the
/// guest. Whatever is found under the other name is undone.
pub(super) async fn spawn(
    host: Arc<Host>,
    held: Held,
    spec: VmSpec,
    options: SpawnOptions,
) -> Result<Guest> {
    let id = spec.id;
    let failed = |error: QemuError| error.during(OPERATION, Some(id));
    if let Some(machine) = held.find() {
        let same = machine.spec == spec;
        return if same {
            Ok(machine.view.guest())
        } else {
            Err(Error::AlreadyExists { guest: id })
        };
    }
    let checked = spec.clone();
    blocking::run(move || overlay::verify_bases(&checked))
        .await
        .map_err(|error| failed(error.into()))??;
    leftovers::clear(&host, id, false).await.map_err(failed)?;
    refuse_damaged(&host, &spec).await.map_err(failed)?;

    match make(&host, spec, options.start).await {
        Ok(machine) => {
            let guest = machine.view.guest();
            held.put(Arc::new(machine));
            Ok(guest)
        }
        Err(error) => {
            if let Err(error) = leftovers::clear(&host, id, false).await {
                // The next spawn, destroy or driver tries again; nobody takes it for a guest.
                tracing::warn!(guest = %id, error = &error as &dyn std::error::Error, "a failed spawn left files");
            }
            Err(failed(error))
        }
    }
}

/// A guest whose record cannot be read is not known, and must not be written over.
async fn refuse_damaged(host: &Host, spec: &VmSpec) -> Result<(), QemuError> {
    let directory = host.root.guest(spec.id);
    if !directory.exists() {
        return Ok(());
    }
    let record = Record::new(directory.clone());
    let source = match blocking::run(move || record.load()).await? {
        Err(error) => Box::from(QemuError::from(error)),
        Ok(_) => "it was not there when the driver began".into(),
    };
    Err(QemuError::DamagedRecord {
        file: directory,
        source,
    })
}

async fn make(host: &Host, spec: VmSpec, start: bool) -> Result<Machine, QemuError> {
    let unfinished = host.root.unfinished(spec.id);
    let wanted = if start { Wanted::Running } else { Wanted::Off };
    let (directory, saved) = (unfinished.clone(), spec.clone());
    blocking::run(move || {
        place::make_directory(&directory).map_err(QemuError::io("make the guest's directory"))?;
        let record = Record::new(directory);
        record.save_spec(&saved)?;
        record.save_state(wanted)?;
        Ok::<_, QemuError>(())
    })
    .await??;
    let qemu_img = &host.installation.qemu_img;
    overlay::create(qemu_img, &spec, &unfinished, host.config.image_deadline).await?;

    let started = if start {
        Some(launch::launch(host, &spec, &unfinished).await?)
    } else {
        None
    };
    let directory = host.root.guest(spec.id);
    if let Err(error) = host.root.rename(unfinished, directory.clone()).await {
        if let Some((instance, _)) = started {
            instance.process.end(host.config.stop_deadline).await?;
        }
        return Err(error);
    }

    let record = Arc::new(Record::new(directory));
    let machine = Machine::new(host, spec, record, PowerState::Shutdown);
    if let Some((instance, events)) = started {
        machine.view.happened(EventKind::Started);
        machine.watch(host, instance, Some(events));
    }
    Ok(machine)
}

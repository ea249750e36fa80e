//! Making guests.

use std::sync::Arc;

use nova_core::state::PowerState;

use super::domain::{self, Owner};
use super::error::LibvirtError;
use super::host::Host;
use super::mark::Mark;
use super::place::Entry;
use super::record::{Record, Seen};
use super::registry::Held;
use super::view::{Asked, View};
use super::{leftovers, text};
use crate::error::{Error, Result};
use crate::guest::{Guest, GuestId};
use crate::host::{blocking, overlay};
use crate::hypervisor::SpawnOptions;
use crate::spec::VmSpec;

/// [`Hypervisor::spawn`](crate::Hypervisor::spawn).
///
/// All is done in a directory that is marked as unfinished, the start included: the removal of the
/// mark makes the guest. Whatever is found with a mark is undone. The specification was validated.
pub(super) async fn spawn(
    host: Arc<Host>,
    held: Held,
    spec: VmSpec,
    options: SpawnOptions,
) -> Result<Guest> {
    let id = spec.id;
    let failed = |error: LibvirtError| error.during("spawn", Some(id));
    if let Some(view) = held.find() {
        return if view.spec == spec {
            Ok(view.guest())
        } else {
            Err(Error::AlreadyExists { guest: id })
        };
    }
    refuse_unspeakable(&spec)?;
    let checked = spec.clone();
    blocking::run(move || overlay::verify_bases(&checked))
        .await
        .map_err(|error| failed(error.into()))??;
    refuse_damaged(&host, id).await.map_err(failed)?;
    leftovers::clear(&host, id).await.map_err(failed)?;
    if owner(&host, id).await.map_err(failed)? != Owner::Nobody {
        return Err(Error::AlreadyExists { guest: id });
    }

    match make(&host, &held, spec, options.start).await {
        Ok(view) => Ok(view.guest()),
        Err(error) => {
            if let Some(view) = held.find() {
                view.ask(Asked::Destroyed);
            }
            held.take();
            if let Err(error) = leftovers::clear(&host, id).await {
                // The next spawn, destroy or driver tries again; nobody takes it for a guest.
                tracing::warn!(guest = %id, error = &error as &dyn std::error::Error, "a failed spawn left something");
            }
            Err(failed(error))
        }
    }
}

/// The path of an image is part of the domain's description.
fn refuse_unspeakable(spec: &VmSpec) -> Result<()> {
    let bases = spec.disks.iter().filter_map(|disk| disk.base.as_ref());
    let mut paths = bases.filter_map(|base| base.path.to_str());
    if paths.all(text::survives) {
        return Ok(());
    }
    Err(Error::invalid(
        "disk base",
        "its path has characters that libvirt cannot keep",
    ))
}

/// A guest whose record could not be read is not known, and must not be written over.
async fn refuse_damaged(host: &Arc<Host>, id: GuestId) -> std::result::Result<(), LibvirtError> {
    let keeper = Arc::clone(host);
    let entry = blocking::run(move || keeper.place.entry(id))
        .await?
        .map_err(LibvirtError::io("look into a guest's directory"))?;
    let Some(Entry::Guest(_)) = entry else {
        return Ok(());
    };
    let directory = host.place.guest(id);
    let record = Record::new(directory.clone());
    let source = match blocking::run(move || record.load()).await? {
        Err(error) => Box::from(LibvirtError::from(error)),
        Ok(_) => "it was not there when the driver began".into(),
    };
    Err(LibvirtError::DamagedRecord {
        file: directory,
        source,
    })
}

async fn owner(host: &Arc<Host>, id: GuestId) -> std::result::Result<Owner, LibvirtError> {
    let marked = Arc::clone(host);
    let deadline = host.config.command_deadline;
    host.link
        .call("look for the guest's domain", deadline, move |connect| {
            domain::owner(connect, id, &Mark::new(marked.place.text()))
        })
        .await
}

async fn make(
    host: &Arc<Host>,
    held: &Held,
    spec: VmSpec,
    start: bool,
) -> std::result::Result<Arc<View>, LibvirtError> {
    let id = spec.id;
    let description = host.describe(&spec)?;
    let (keeper, saved) = (Arc::clone(host), spec.clone());
    let record = Arc::new(
        blocking::run(move || {
            let directory = keeper
                .place
                .make(id)
                .map_err(LibvirtError::io("make the guest's directory"))?;
            let record = Record::new(directory);
            record.save_spec(&saved)?;
            record.save_state(Seen::Off)?;
            Ok::<_, LibvirtError>(record)
        })
        .await??,
    );
    let deadline = host.config.image_deadline;
    overlay::create(&host.qemu_img, &spec, record.directory(), deadline).await?;

    let events = host.events.clone();
    let view = View::new(spec, record, PowerState::Shutdown, false, events);
    let view = Arc::new(view);
    if start {
        // Where the watcher finds it: news of the start are on their way before it has ended.
        held.put(Arc::clone(&view));
        host.start(&view).await?;
    } else {
        let deadline = host.config.command_deadline;
        host.link
            .call("define the guest's domain", deadline, move |connect| {
                domain::define(connect, &description)
            })
            .await?;
    }
    let keeper = Arc::clone(host);
    blocking::run(move || keeper.place.finish(id))
        .await?
        .map_err(LibvirtError::io("finish the guest's directory"))?;
    view.set_whole();
    held.put(Arc::clone(&view));
    Ok(view)
}

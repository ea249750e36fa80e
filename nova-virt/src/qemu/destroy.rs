//! Removing guests.

use std::sync::Arc;

use super::error::QemuError;
use super::host::Host;
use super::instance::Asked;
use super::leftovers;
use super::machine::Machine;
use super::registry::Held;
use crate::error::Result;
use crate::event::EventKind;
use crate::hypervisor::DestroyOptions;

/// [`Hypervisor::destroy`](crate::Hypervisor::destroy).
///
/// The renaming of its directory ends the guest; from then on it is only ever removed, by whoever
/// comes next if not by this.
pub(super) async fn destroy(host: Arc<Host>, held: Held, _options: DestroyOptions) -> Result<()> {
    let id = held.id();
    let failed = |error: QemuError| error.during("destroy", Some(id));
    let gone = match held.find() {
        Some(machine) => {
            leftovers::clear(&host, id, false).await.map_err(failed)?;
            let (from, to) = (host.root.guest(id), host.root.doomed(id));
            host.root.rename(from, to).await.map_err(failed)?;
            let ended = end(&host, &machine).await;
            // The guest is no more, even if what it leaves could not be removed yet.
            held.take();
            ended.map_err(failed)?;
            leftovers::remove_directory(host.root.doomed(id))
                .await
                .map_err(failed)?;
            true
        }
        None => leftovers::clear(&host, id, true).await.map_err(failed)?,
    };
    if gone {
        host.events.send(id, EventKind::Destroyed);
    }
    Ok(())
}

/// Ends the guest's process and waits until it is gone.
async fn end(host: &Host, machine: &Machine) -> Result<(), QemuError> {
    let Some(instance) = machine.instance() else {
        return Ok(());
    };
    instance.ask(Asked::Destroyed);
    instance.process.kill()?;
    tokio::time::timeout(host.config.stop_deadline, instance.concluded())
        .await
        .map_err(|_| QemuError::Unkillable {
            pid: instance.process.pid(),
        })
}

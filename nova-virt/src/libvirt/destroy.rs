//! Removing guests.

use std::sync::Arc;

use super::error::LibvirtError;
use super::host::Host;
use super::leftovers;
use super::registry::Held;
use super::view::Asked;
use crate::error::Result;
use crate::event::EventKind;
use crate::host::blocking;
use crate::hypervisor::DestroyOptions;

/// [`Hypervisor::destroy`](crate::Hypervisor::destroy).
///
/// The renaming of its directory ends the guest; from then on it is only ever removed, by whoever
/// comes next if not by this.
pub(super) async fn destroy(host: Arc<Host>, held: Held, _options: DestroyOptions) -> Result<()> {
    let id = held.id();
    let failed = |error: LibvirtError| error.during("destroy", Some(id));
    let known = held.find();
    if let Some(view) = &known {
        let keeper = Arc::clone(&host);
        blocking::run(move || keeper.place.doom(id))
            .await
            .map_err(LibvirtError::from)
            .and_then(|doomed| doomed.map_err(LibvirtError::io("rename a guest's directory")))
            .map_err(failed)?;
        view.ask(Asked::Destroyed);
        // The guest is no more, even if what it leaves cannot be removed yet.
        held.take();
    }
    let removed = leftovers::clear(&host, id).await.map_err(failed)?;
    if removed || known.is_some() {
        host.events.send(id, EventKind::Destroyed);
    }
    Ok(())
}

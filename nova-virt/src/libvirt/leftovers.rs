//! Removing what there is of a guest: its domain and its files.

use std::sync::Arc;

use super::error::LibvirtError;
use super::host::Host;
use super::mark::Mark;
use super::{blocking, domain};
use crate::guest::GuestId;

/// Ends and forgets the guest's domain, removes its directory, and says whether there was
/// anything. A domain with the guest's id that is not this driver's is left alone.
pub(super) async fn clear(host: &Arc<Host>, id: GuestId) -> Result<bool, LibvirtError> {
    let marked = Arc::clone(host);
    let deadline = host.config.command_deadline;
    let domain = host
        .link
        .call("remove the guest's domain", deadline, move |connect| {
            domain::remove(connect, id, &Mark::new(marked.place.text()))
        })
        .await?;
    let keeper = Arc::clone(host);
    let files = blocking::run(move || keeper.place.remove(id))
        .await?
        .map_err(LibvirtError::io("remove a guest's directory"))?;
    Ok(domain || files)
}

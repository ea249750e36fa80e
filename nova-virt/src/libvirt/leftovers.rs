//! Removing what there is of a guest: its domain and its files.

use std::sync::Arc;

use super::domain;
use super::error::LibvirtError;
use super::host::Host;
use super::mark::Mark;
use super::place::Place;
use crate::guest::GuestId;
use crate::host::{blocking, process};

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
    end_tools(host, id).await?;
    let keeper = Arc::clone(host);
    let files = blocking::run(move || keeper.place.remove(id))
        .await?
        .map_err(LibvirtError::io("remove a guest's directory"))?;
    Ok(domain || files)
}

/// Ends the programs that were making its disks when their driver died.
async fn end_tools(host: &Arc<Host>, id: GuestId) -> Result<(), LibvirtError> {
    let keeper = Arc::clone(host);
    let tools = blocking::run(move || {
        let names = Place::names(id);
        if names
            .iter()
            .all(|name| !keeper.place.path().join(name).exists())
        {
            return Ok(Vec::new());
        }
        process::find(keeper.place.path(), |name, words| {
            let makes_its_disk =
                names.iter().any(|its| name == its.as_str()) && process::makes_disk(words);
            makes_its_disk.then_some(())
        })
    });
    let tools = tools
        .await?
        .map_err(LibvirtError::io("look for processes"))?;
    for (_, (), tool) in tools {
        tool.end(host.config.command_deadline).await?;
    }
    Ok(())
}

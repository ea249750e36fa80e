//! Finding again what another driver left: guests, running or not, and what was not made or
//! removed to the end.

use std::collections::BTreeMap;
use std::sync::Arc;

use nova_core::state::PowerState;

use super::change::{Found, Reason};
use super::error::LibvirtError;
use super::host::Host;
use super::place::Entry;
use super::record::{Record, Seen};
use super::view::View;
use super::{domain, leftovers};
use crate::guest::GuestId;
use crate::host::blocking;

/// Finds everything in the driver's directory. Nothing is told: it is as it was.
pub(super) async fn rediscover(host: &Arc<Host>) -> Result<(), LibvirtError> {
    let looking = Arc::clone(host);
    let entries = blocking::run(move || looking.place.entries())
        .await?
        .map_err(LibvirtError::io("list the guests' directory"))?;
    let deadline = host.config.command_deadline;
    let domains = host
        .link
        .call("find all guests", deadline, domain::find_all)
        .await?;
    let domains: BTreeMap<GuestId, Option<Found>> = domains.into_iter().collect();
    for entry in entries {
        match entry {
            Entry::Leftover(id) => {
                if let Err(error) = leftovers::clear(host, id).await {
                    // It stays what it is, and in nobody's way.
                    tracing::warn!(guest = %id, error = &error as &dyn std::error::Error, "what was left was not removed");
                }
            }
            Entry::Guest(id) => match find_guest(host, id, domains.get(&id).copied()).await {
                Ok(view) => host.registry.hold(id).await.put(Arc::new(view)),
                Err(error) => {
                    tracing::error!(guest = %id, error = &error as &dyn std::error::Error, "a guest's directory is left alone");
                }
            },
        }
    }
    Ok(())
}

/// One guest. Its domain may be gone: it is defined anew when the guest is started.
async fn find_guest(
    host: &Host,
    id: GuestId,
    found: Option<Option<Found>>,
) -> Result<View, LibvirtError> {
    let record = Arc::new(Record::new(host.place.guest(id)));
    let reading = Arc::clone(&record);
    let (spec, seen) = blocking::run(move || reading.load()).await??;
    if spec.id != id {
        let source = "it is of another guest".into();
        return Err(LibvirtError::DamagedRecord {
            file: record.directory().to_path_buf(),
            source,
        });
    }
    let power = power(found.unwrap_or(Some(Found::Off(Reason::Unknown))), seen);
    let now = match power {
        PowerState::Running | PowerState::Paused => Seen::Running,
        PowerState::Crashed => Seen::Crashed,
        _ => Seen::Off,
    };
    if now != seen {
        let writing = Arc::clone(&record);
        blocking::run(move || writing.save_state(now)).await??;
    }
    Ok(View::new(spec, record, power, true, host.events.clone()))
}

/// What libvirt knows, and where it does not, what was seen last.
fn power(found: Option<Found>, seen: Seen) -> PowerState {
    match found {
        Some(Found::Running | Found::GoingDown) => PowerState::Running,
        Some(Found::Paused) => PowerState::Paused,
        Some(Found::Off(Reason::Shutdown | Reason::Ended)) => PowerState::Shutdown,
        Some(Found::Off(Reason::Failed)) => PowerState::Crashed,
        Some(Found::Off(Reason::Unknown)) | None => seen.without_domain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libvirt_remembers_counts_before_what_was_seen() {
        let off = |reason| Some(Found::Off(reason));
        let shutdown = power(off(Reason::Shutdown), Seen::Running);
        assert_eq!(shutdown, PowerState::Shutdown);
        assert_eq!(power(off(Reason::Failed), Seen::Off), PowerState::Crashed);
        assert_eq!(power(off(Reason::Unknown), Seen::Off), PowerState::Shutdown);
        for seen in [Seen::Running, Seen::Crashed] {
            assert_eq!(power(off(Reason::Unknown), seen), PowerState::Crashed);
        }
        assert_eq!(power(Some(Found::Paused), Seen::Off), PowerState::Paused);
    }
}

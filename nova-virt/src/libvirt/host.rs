//! What the driver's parts share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::config::LibvirtConfig;
use super::error::LibvirtError;
use super::link::Link;
use super::place::Place;
use super::registry::Registry;
use super::view::{Now, View};
use super::{description, domain};
use crate::event::EventSender;
use crate::spec::VmSpec;

/// How long news of what libvirt did are waited for before somebody looks.
const LOOK_AFTER: Duration = Duration::from_secs(2);

/// A driver's belongings. Operations hold it until they are done, so that no other driver begins
/// in the same place before.
#[derive(Debug)]
pub(super) struct Host {
    /// How it was set up.
    pub(super) config: LibvirtConfig,
    /// The tool for disk images.
    pub(super) qemu_img: PathBuf,
    /// The connection. Given up before the place is.
    pub(super) link: Link,
    /// What belongs to the guests.
    pub(super) place: Place,
    /// The guests.
    pub(super) registry: Arc<Registry>,
    /// Where events are told.
    pub(super) events: EventSender,
}

impl Host {
    /// The description of the guest's domain.
    pub(super) fn describe(&self, spec: &VmSpec) -> Result<String, LibvirtError> {
        description::describe(
            spec,
            self.config.domain_type,
            self.place.text(),
            &self.place.guest(spec.id),
        )
    }

    /// Starts a guest that does not run. Its domain is defined anew for that: it is what the
    /// specification says, whatever somebody made of it meanwhile.
    pub(super) async fn start(&self, view: &View) -> Result<(), LibvirtError> {
        let before = view.now().starts;
        let description = self.describe(&view.spec)?;
        let deadline = self.config.start_deadline;
        self.link
            .call("start the guest", deadline, move |connect| {
                domain::start(connect, &description)
            })
            .await?;
        self.settled(view, "tell of the guest's start", |now| now.starts > before)
            .await?;
        Ok(())
    }

    /// Waits until the watcher has heard of what libvirt did.
    pub(super) async fn settled(
        &self,
        view: &View,
        what: &'static str,
        so: impl Fn(Now) -> bool,
    ) -> Result<Now, LibvirtError> {
        let after = self.config.command_deadline;
        let until = Instant::now() + after;
        loop {
            let next = (Instant::now() + LOOK_AFTER).min(until);
            if let Ok(now) = tokio::time::timeout_at(next, view.until(&so)).await {
                return Ok(now);
            }
            if next == until {
                return Err(LibvirtError::TimedOut { what, after });
            }
            self.link.look(view.spec.id);
        }
    }
}

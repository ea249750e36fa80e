//! A guest as the driver works on it: one operation at a time.

use std::sync::Arc;

use nova_core::state::PowerState;

use super::blocking;
use super::error::QemuError;
use super::host::Host;
use super::instance::{Instance, Watched};
use super::record::{Record, Wanted};
use super::view::View;
use super::{launch, watch};
use crate::event::EventKind;
use crate::spec::VmSpec;

/// A guest.
#[derive(Debug)]
pub(super) struct Machine {
    /// What it was made from.
    pub(super) spec: VmSpec,
    /// What is on disk.
    pub(super) record: Arc<Record>,
    /// What is seen from outside.
    pub(super) view: Arc<View>,
    /// The qemu that runs for it, or ran last.
    pub(super) watched: Option<Watched>,
}

impl Machine {
    /// A guest without a process.
    pub(super) fn new(host: &Host, spec: VmSpec, record: Arc<Record>, power: PowerState) -> Self {
        let view = View::new(spec.id, spec.name.clone(), power, host.events.clone());
        Self {
            spec,
            record,
            view: Arc::new(view),
            watched: None,
        }
    }

    /// The qemu that runs for it.
    pub(super) fn instance(&self) -> Option<&Arc<Instance>> {
        self.watched
            .as_ref()
            .map(|watched| &watched.instance)
            .filter(|instance| !instance.is_concluded())
    }

    /// Writes down whether it is to run.
    pub(super) async fn want(&self, wanted: Wanted) -> Result<(), QemuError> {
        let record = Arc::clone(&self.record);
        blocking::run(move || record.save_wanted(wanted)).await?
    }

    /// Starts a guest that has no process, and tells of it. If that fails, it is what it was.
    pub(super) async fn start(&mut self, host: &Host) -> Result<(), QemuError> {
        let before = match self.view.power() {
            PowerState::Crashed => Wanted::Crashed,
            _ => Wanted::Off,
        };
        self.want(Wanted::Running).await?;
        match launch::launch(host, &self.spec, self.record.directory()).await {
            Ok((instance, events)) => {
                self.view.happened(EventKind::Started);
                self.watched = Some(watch::start(host, self, instance, Some(events)));
                Ok(())
            }
            Err(error) => {
                if let Err(error) = self.want(before).await {
                    tracing::warn!(guest = %self.spec.id, error = &error as &dyn std::error::Error, "a failed start stays written down");
                }
                Err(error)
            }
        }
    }
}

//! A guest as the driver works on it: one operation at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nova_core::state::PowerState;

use super::error::QemuError;
use super::host::Host;
use super::instance::{Instance, Watched};
use super::qmp::EventReader;
use super::record::{Record, Wanted};
use super::view::View;
use super::{launch, watch};
use crate::event::EventKind;
use crate::host::blocking;
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
    watched: Mutex<Option<Watched>>,
}

impl Machine {
    /// A guest without a process.
    pub(super) fn new(host: &Host, spec: VmSpec, record: Arc<Record>, power: PowerState) -> Self {
        let view = View::new(spec.id, spec.name.clone(), power, host.events.clone());
        Self {
            spec,
            record,
            view: Arc::new(view),
            watched: Mutex::new(None),
        }
    }

    /// The qemu that runs for it.
    pub(super) fn instance(&self) -> Option<Arc<Instance>> {
        self.watched()
            .as_ref()
            .map(|watched| Arc::clone(&watched.instance))
            .filter(|instance| !instance.is_concluded())
    }

    /// Watches the qemu that runs for it from now on.
    pub(super) fn watch(&self, host: &Host, instance: Instance, events: Option<EventReader>) {
        let watched = watch::start(host, self, instance, events);
        *self.watched() = Some(watched);
    }

    /// A poisoned lock here holds a whole value: it is set at once.
    fn watched(&self) -> MutexGuard<'_, Option<Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down whether it is to run.
    pub(super) async fn want(&self, wanted: Wanted) -> Result<(), QemuError> {
        let record = Arc::clone(&self.record);
        Ok(blocking::run(move || record.save_state(wanted)).await??)
    }

    /// Starts a guest that has no process, and tells of it. If that fails, it is what it was.
    pub(super) async fn start(&self, host: &Host) -> Result<(), QemuError> {
        let before = match self.view.power() {
            PowerState::Crashed => Wanted::Crashed,
            _ => Wanted::Off,
        };
        self.want(Wanted::Running).await?;
        match launch::launch(host, &self.spec, self.record.directory()).await {
            Ok((instance, events)) => {
                self.view.happened(EventKind::Started);
                self.watch(host, instance, Some(events));
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

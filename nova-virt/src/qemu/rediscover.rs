//! Finding again what another driver left: guests, with or without a process, and what was not
//! made or removed to the end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use nova_core::state::PowerState;

use super::error::QemuError;
use super::host::Host;
use super::instance::{self, Instance};
use super::leftovers;
use super::machine::Machine;
use super::place::Entry;
use super::process::{self, Workers};
use super::qmp::{Client, Cont, EventReader, QmpError, QueryStatus, RunState};
use super::record::{Record, Wanted};
use crate::guest::GuestId;
use crate::host::blocking;
use crate::host::process::Process;

/// How many guests are looked at side by side.
const SIDE_BY_SIDE: usize = 16;

/// How long a monitor may take to answer. One that does not is tried again later; the guest is
/// known until then, its power state is not.
const PATIENCE: Duration = Duration::from_secs(3);

/// Finds everything in the root.
pub(super) async fn rediscover(host: &Arc<Host>) -> Result<(), QemuError> {
    let looking = Arc::clone(host);
    let (entries, processes) = blocking::run(move || {
        let entries = looking
            .root
            .entries()
            .map_err(QemuError::io("list the guests' directory"))?;
        let processes =
            process::find(looking.root.path()).map_err(QemuError::io("look for processes"))?;
        Ok::<_, QemuError>((entries, processes))
    })
    .await??;
    let mut processes: BTreeMap<OsString, Workers> = processes;

    let mut guests = Vec::new();
    for entry in entries {
        match entry {
            Entry::Leftover(directory) => {
                let workers = processes
                    .remove(leftovers::name(&directory))
                    .unwrap_or_default();
                let removed =
                    leftovers::remove(&directory, workers, host.config.stop_deadline).await;
                if let Err(error) = removed {
                    // It stays what it is, and in nobody's way.
                    tracing::warn!(directory = %directory.display(), error = &error as &dyn std::error::Error, "what was left was not removed");
                }
            }
            Entry::Guest(id) => {
                let workers = processes.remove(leftovers::name(&host.root.guest(id)));
                guests.push((id, workers.and_then(|workers| workers.qemu)));
            }
        }
    }
    let guests = futures::stream::iter(guests).map(|(id, process)| async move {
        match find_guest(host, id, process).await {
            Ok(machine) => host.registry.hold(id).await.put(Arc::new(machine)),
            Err(error) => {
                tracing::error!(guest = %id, error = &error as &dyn std::error::Error, "a guest's directory is left alone");
            }
        }
    });
    guests.buffer_unordered(SIDE_BY_SIDE).collect::<()>().await;
    Ok(())
}

async fn find_guest(
    host: &Host,
    id: GuestId,
    process: Option<Process>,
) -> Result<Machine, QemuError> {
    let record = Arc::new(Record::new(host.root.guest(id)));
    let reading = Arc::clone(&record);
    let (spec, wanted) = blocking::run(move || reading.load()).await??;
    if spec.id != id {
        let source = "it is of another guest".into();
        return Err(QemuError::DamagedRecord {
            file: record.directory().to_path_buf(),
            source,
        });
    }
    let machine = Machine::new(host, spec, record, wanted.without_process());
    match (process, wanted) {
        (Some(process), Wanted::Running) => adopt(host, &machine, process).await?,
        // A power-off was cut short, and is finished.
        (Some(process), Wanted::Off | Wanted::Crashed) => {
            process.end(host.config.stop_deadline).await?
        }
        (None, Wanted::Running) => machine.want(Wanted::Crashed).await?,
        (None, Wanted::Off | Wanted::Crashed) => {}
    }
    Ok(machine)
}

/// Takes over a process that is to run.
async fn adopt(host: &Host, machine: &Machine, process: Process) -> Result<(), QemuError> {
    let greeting = async {
        let (client, events) =
            instance::connect(machine.record.directory(), host.config.command_deadline).await?;
        let state = state(&client).await?;
        Ok::<_, QmpError>((client, events, state))
    };
    let (client, events, state): (Option<Client>, Option<EventReader>, Option<RunState>) =
        match tokio::time::timeout(PATIENCE, greeting).await {
            Ok(Ok((client, events, state))) => (Some(client), Some(events), Some(state)),
            Ok(Err(_)) | Err(_) => (None, None, None),
        };
    let (power, end) = match state {
        Some(RunState::Running) => (PowerState::Running, None),
        Some(RunState::Halted | RunState::Prelaunch) => (PowerState::Paused, None),
        None => (PowerState::NoState, None),
        // It powered itself off while nobody watched.
        Some(RunState::Shutdown) => (PowerState::Shutdown, Some(Wanted::Off)),
        Some(RunState::InternalError | RunState::GuestPanicked) => {
            (PowerState::Crashed, Some(Wanted::Crashed))
        }
    };
    if let Some(wanted) = end {
        machine.want(wanted).await?;
        process.end(host.config.stop_deadline).await?;
        machine.view.found(power);
        return Ok(());
    }
    machine.view.found(power);
    machine.watch(host, Instance::new(process, client), events);
    Ok(())
}

/// What the machine is doing; one that was made and not started yet is started.
async fn state(client: &Client) -> Result<RunState, QmpError> {
    let state = client.execute(&QueryStatus {}).await?.status;
    if state == RunState::Prelaunch {
        client.execute(&Cont {}).await?;
        return Ok(client.execute(&QueryStatus {}).await?.status);
    }
    Ok(state)
}

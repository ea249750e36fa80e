//! Watching the domains: what libvirt tells becomes events.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::change::{Found, Heard, Reason};
use super::domain;
use super::error::LibvirtError;
use super::host::Host;
use super::record::Seen;
use super::view::View;
use crate::event::EventKind;
use crate::guest::GuestId;
use crate::host::place::SERIAL_LOG;
use crate::host::{blocking, console};

/// How often all domains are looked at, in case that something was not told. It also finds a lost
/// connection, and opens it again.
const SURVEY_EVERY: Duration = Duration::from_secs(15);

/// How often the logs are looked at.
const TRIM_EVERY: Duration = Duration::from_secs(5);

/// What there is to do.
enum Work {
    Hear(Heard),
    Survey,
    Trim,
}

/// Works until the driver is gone. It alone changes the guests' power states, so that they change,
/// and events are told, in one order.
pub(super) async fn watch(host: Weak<Host>, mut heard: UnboundedReceiver<Heard>) {
    let begin = Instant::now();
    let mut survey = interval_at(begin + SURVEY_EVERY, SURVEY_EVERY);
    let mut trim = interval_at(begin + TRIM_EVERY, TRIM_EVERY);
    survey.set_missed_tick_behavior(MissedTickBehavior::Delay);
    trim.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let work = tokio::select! {
            biased;
            heard = heard.recv() => match heard {
                Some(heard) => Work::Hear(heard),
                None => return,
            },
            _ = survey.tick() => Work::Survey,
            _ = trim.tick() => Work::Trim,
        };
        let Some(host) = host.upgrade() else { return };
        match work {
            Work::Hear(Heard::Change(id, change)) => {
                if let Some(view) = host.registry.find(id)
                    && let Some(kind) = view.judge(change)
                {
                    happened(&view, kind).await;
                }
            }
            Work::Hear(Heard::Look(id)) => told(look(&host, id).await),
            Work::Hear(Heard::Reconnected) | Work::Survey => told(look_at_all(&host).await),
            Work::Trim => trim_logs(&host).await,
        }
    }
}

fn told(looked: Result<(), LibvirtError>) {
    if let Err(error) = looked {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "libvirt's domains were not looked at"
        );
    }
}

/// Looks at one guest.
async fn look(host: &Host, id: GuestId) -> Result<(), LibvirtError> {
    let Some(view) = host.registry.find(id) else {
        return Ok(());
    };
    let deadline = host.config.command_deadline;
    let find = move |connect: &_| domain::find(connect, id);
    let found = host.link.call("find a guest", deadline, find).await?;
    found_to_be(&view, found).await;
    Ok(())
}

/// Looks at every guest.
async fn look_at_all(host: &Host) -> Result<(), LibvirtError> {
    let views = host.registry.all();
    let deadline = host.config.command_deadline;
    let found = host
        .link
        .call("find all guests", deadline, domain::find_all)
        .await?;
    let found: BTreeMap<GuestId, Option<Found>> = found.into_iter().collect();
    for view in views {
        let found = found.get(&view.spec.id).copied();
        found_to_be(&view, found.unwrap_or(Some(Found::Off(Reason::Unknown)))).await;
    }
    Ok(())
}

async fn found_to_be(view: &View, found: Option<Found>) {
    for change in found.map_or(&[][..], Found::changes) {
        if let Some(kind) = view.judge(*change) {
            happened(view, kind).await;
        }
    }
}

/// Writes down what happened and tells it.
async fn happened(view: &View, kind: EventKind) {
    if let Some(seen) = Seen::after(kind) {
        let record = Arc::clone(&view.record);
        let written = blocking::run(move || record.save_state(seen)).await;
        if let Err(error) = written.and_then(|written| written) {
            tracing::warn!(guest = %view.spec.id, error = &error as &dyn std::error::Error, "a guest's state was not written down");
        }
    }
    view.happened(kind);
}

async fn trim_logs(host: &Arc<Host>) {
    let keep = host.config.console_limit.get();
    let views = host.registry.all();
    let trimmed = blocking::run(move || {
        for view in views {
            let log = view.record.directory().join(SERIAL_LOG);
            if let Err(error) = console::trim(&log, keep) {
                tracing::debug!(guest = %view.spec.id, %error, "a guest's console log was not trimmed");
            }
        }
    });
    // What could not be done now is done later.
    let _ = trimmed.await;
}

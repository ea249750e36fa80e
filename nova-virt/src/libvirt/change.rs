//! What libvirt tells of a domain.

use virt::domain::{DomainShutoffReason, DomainState, DomainStateReason, DomainStateReasonEnum};
use virt::enumutil::Enum;
use virt::sys;

use crate::guest::GuestId;

/// What the watcher is told, in the order of happening.
#[derive(Debug)]
pub(super) enum Heard {
    /// Something happened to a domain, which need not be one of ours.
    Change(GuestId, Change),
    /// Somebody wants to know how things stand with the guest.
    Look(GuestId),
    /// The connection was lost and is there again: whatever happened in between was not told.
    Reconnected,
}

/// Something that happened to a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// It was started.
    Started,
    /// Its processors were halted.
    Paused,
    /// Its processors go on.
    Resumed,
    /// It was reset.
    Reset,
    /// It is going to stop.
    GoingDown(Whose),
    /// It stopped.
    Stopped(Reason),
}

/// Whose doing it is that a guest goes down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// The guest's own; or the answer to a power button.
    Guest,
    /// The host's: its process was asked to end.
    Host,
}

/// Why a domain does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The guest shut down.
    Shutdown,
    /// Somebody ended it.
    Ended,
    /// It failed.
    Failed,
    /// libvirt does not remember.
    Unknown,
}

/// How a domain was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// It runs.
    Running,
    /// It is halted.
    Paused,
    /// It is about to stop.
    GoingDown,
    /// It does not run.
    Off(Reason),
}

impl Change {
    /// From a lifecycle event; `None` if it is no news here.
    pub(super) fn from_lifecycle(event: u32, detail: u32) -> Option<Self> {
        match event {
            sys::VIR_DOMAIN_EVENT_STARTED => Some(Self::Started),
            sys::VIR_DOMAIN_EVENT_SUSPENDED => match detail {
                // QEMU halts a guest that went down; it is not paused.
                sys::VIR_DOMAIN_EVENT_SUSPENDED_GUEST_SHUTDOWN => None,
                _ => Some(Self::Paused),
            },
            sys::VIR_DOMAIN_EVENT_PMSUSPENDED => Some(Self::Paused),
            sys::VIR_DOMAIN_EVENT_RESUMED => Some(Self::Resumed),
            sys::VIR_DOMAIN_EVENT_SHUTDOWN => Some(Self::GoingDown(match detail {
                sys::VIR_DOMAIN_EVENT_SHUTDOWN_HOST => Whose::Host,
                _ => Whose::Guest,
            })),
            sys::VIR_DOMAIN_EVENT_STOPPED => Some(Self::Stopped(match detail {
                sys::VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN => Reason::Shutdown,
                sys::VIR_DOMAIN_EVENT_STOPPED_CRASHED | sys::VIR_DOMAIN_EVENT_STOPPED_FAILED => {
                    Reason::Failed
                }
                _ => Reason::Ended,
            })),
            _ => None,
        }
    }
}

impl Found {
    /// From a domain's state; `None` if libvirt does not know it.
    pub(super) fn from_state(state: DomainState, reason: DomainStateReasonEnum) -> Option<Self> {
        match state {
            DomainState::Running | DomainState::Blocked => Some(Self::Running),
            DomainState::Paused | DomainState::PMSuspended => Some(Self::Paused),
            DomainState::Shutdown => Some(Self::GoingDown),
            DomainState::Shutoff => Some(Self::Off(why(reason))),
            DomainState::Crashed => Some(Self::Off(Reason::Failed)),
            DomainState::NoState => None,
        }
    }

    /// What must have happened for it to be so. What had happened already is no news.
    pub(super) fn changes(self) -> &'static [Change] {
        match self {
            Self::Running => &[Change::Started, Change::Resumed],
            Self::Paused => &[Change::Started, Change::Paused],
            Self::GoingDown => &[],
            Self::Off(Reason::Shutdown) => &[Change::Stopped(Reason::Shutdown)],
            Self::Off(Reason::Ended) => &[Change::Stopped(Reason::Ended)],
            Self::Off(Reason::Failed) => &[Change::Stopped(Reason::Failed)],
            Self::Off(Reason::Unknown) => &[Change::Stopped(Reason::Unknown)],
        }
    }
}

fn why(reason: DomainStateReasonEnum) -> Reason {
    let Enum::Known(DomainStateReason::Shutoff(Enum::Known(reason))) = reason else {
        return Reason::Unknown;
    };
    match reason {
        DomainShutoffReason::Shutdown => Reason::Shutdown,
        DomainShutoffReason::Destroyed
        | DomainShutoffReason::Migrated
        | DomainShutoffReason::Saved
        | DomainShutoffReason::FromSnapshot => Reason::Ended,
        DomainShutoffReason::Crashed | DomainShutoffReason::Failed => Reason::Failed,
        DomainShutoffReason::Unknown | DomainShutoffReason::Daemon => Reason::Unknown,
    }
}

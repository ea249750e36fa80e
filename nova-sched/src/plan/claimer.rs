//! Claims while a plan is made.

use crate::fleet::{HostIndex, HostView};

/// Who is told of every step of a plan, and claims each server's host while the plan is made, as
/// Nova's scheduler does: a host whose claim is refused is passed over, and the next one is tried.
///
/// [`Scheduler::plan_claiming`](crate::Scheduler::plan_claiming) calls it. Servers count from 0.
pub trait Claimer {
    /// The hosts that weigh as much as the best, before they are shuffled.
    fn shuffled(&mut self, _server: u32, _among: &[HostIndex]) {}

    /// The best hosts, before one of them is drawn and put in front. There may be only one.
    fn drawn(&mut self, _server: u32, _among: &[HostIndex]) {}

    /// The hosts that the server may choose from, best first. After the last of several servers
    /// they are sorted once more, for the alternates.
    fn sorted(&mut self, _server: u32, _hosts: &[HostIndex]) {}

    /// Whether there is anything to claim on a host (in Nova, an allocation candidate). A host
    /// without is passed over in silence, and is no alternate. The default is yes.
    fn offers(&mut self, _host: &HostView<'_>) -> bool {
        true
    }

    /// Claims a host for a server; `false` where it is refused. The default grants it.
    fn claim(&mut self, _server: u32, _host: &HostView<'_>) -> bool {
        true
    }

    /// The host as it is with the server on it.
    fn consumed(&mut self, _server: u32, _host: &HostView<'_>) {}

    /// The request failed after all: the claim of this server is to be undone. Nova does not undo
    /// the claims of a request that fails because something cannot be evaluated.
    fn undo(&mut self, _server: u32) {}
}

/// Grants every claim and remembers none: what a plan that claims nothing is made with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unclaimed;

impl Claimer for Unclaimed {}

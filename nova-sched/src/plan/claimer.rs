//! Claims while a plan is made.

use crate::fleet::{HostIndex, HostView};

/// Who is told of every step of a plan, and claims each server's host while the plan is made, as
/// Nova's scheduler does: a host whose claim is refused is passed over, and the next one is tried.
///
/// [`Scheduler::plan_claiming`](crate::Scheduler::plan_claiming) calls it. Servers count from 0.
pub trait Claimer {
    /// The hosts that the server may choose from, best first.
    fn sorted(&mut self, _server: u32, _hosts: &[HostIndex]) {}

    /// Claims a host for a server; `false` where it is refused. The default grants it.
    fn claim(&mut self, _server: u32, _host: &HostView<'_>) -> bool {
        true
    }

    /// The host as it is with the server on it.
    fn consumed(&mut self, _server: u32, _host: &HostView<'_>) {}

    /// The request failed after all: the claim of this server is to be undone.
    fn undo(&mut self, _server: u32) {}
}

/// Grants every claim and remembers none: what a plan that claims nothing is made with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unclaimed;

impl Claimer for Unclaimed {}

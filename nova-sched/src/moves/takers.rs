//! Which hosts take a server. What the planners of moves need of the scheduler is here.

use nova_core::id::{HostName, ServerId};
use nova_core::model::Resources;

use super::ServerMove;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostIndex};
use crate::plan::ranking::{Ranking, best_first};
use crate::plan::{Detail, filtering};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

/// The move of a server to a host that takes it.
pub(crate) fn moved(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
    server: &ServerId,
    from: &HostName,
    to: HostIndex,
) -> ServerMove {
    let to = fleet.host(to);
    let claim = scheduler.hardware_for(request, &to);
    ServerMove::new(*server, from, to.name()).with_hardware(claim)
}

/// Whether there is room on a host for everything, whatever the scheduler's filters look at.
pub(crate) fn fits(fleet: &Fleet, host: HostIndex, resources: &Resources) -> bool {
    resources
        .iter()
        .all(|(class, wanted)| wanted == 0 || fleet.amounts(host, class).fits(wanted))
}

/// Whether a host has the NUMA cells and PCI devices that are asked for.
fn equips(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
    host: HostIndex,
) -> bool {
    let (cells, devices) = (request.numa().is_some(), !request.pci().is_empty());
    if !cells && !devices {
        return true;
    }
    let claim = scheduler.hardware_for(request, &fleet.host(host));
    (!cells || claim.numa.is_some()) && (!devices || claim.pci.is_some())
}

/// Whether one host passes the lists and the filters, and has the room.
pub(crate) fn takes(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
    host: HostIndex,
) -> bool {
    if !fits(fleet, host, request.resources()) {
        return false;
    }
    let mut only = Candidates::none(fleet.len());
    only.insert(host);
    let filtered = filtering::run(scheduler, fleet, request, only, true, Detail::Off);
    filtered.failure.is_none() && filtered.left.contains(host)
}

/// The hosts that may pass once servers are gone: the lists and all filters that
/// [ignore servers](crate::Filter::ignores_servers) let them pass.
pub(crate) fn possible(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
) -> Candidates {
    let mut left = filtering::listed(fleet, request);
    let filters = scheduler.filters_for(request);
    for filter in filters.filter(|filter| filter.ignores_servers(request)) {
        filter.sweep(request, fleet, &mut left);
    }
    left
}

/// The hosts that pass the lists and the filters, and have the room, NUMA cells and PCI devices
/// among it whether a filter looks at them or not: what is moved keeps what it has. None if a
/// filter fails the whole request.
pub(crate) fn all(scheduler: &Scheduler, fleet: &Fleet, request: &PlacementRequest) -> Candidates {
    let filtered = scheduler.filtered(fleet, request, true);
    let mut left = filtered.unwrap_or_else(|_| Candidates::none(fleet.len()));
    left.retain(|host| {
        fits(fleet, host, request.resources()) && equips(scheduler, fleet, request, host)
    });
    left
}

/// The best of them by the weighers, best first, but for the one where it is; no lots are drawn.
pub(crate) fn best(
    scheduler: &Scheduler,
    fleet: &Fleet,
    request: &PlacementRequest,
    but: HostIndex,
    limit: usize,
) -> Vec<HostIndex> {
    let mut takers = all(scheduler, fleet, request);
    takers.remove(but);
    let ranking = Ranking::new(scheduler, fleet, request, takers.iter().collect(), false);
    best_first(&ranking.totals, limit)
        .into_iter()
        .filter_map(|place| ranking.hosts.get(place).copied())
        .collect()
}

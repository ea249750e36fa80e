//! Several servers of one request, where nothing but the host that took the last one changed.
//!
//! Filters and weighers that look at one host only say the same of every other host again, so only
//! that host is asked. Its new weight moves it to another place; where the scale of a weigher hung
//! on it, the weights of all hosts are reckoned again. The outcome is that of asking and sorting
//! all hosts anew, bit for bit.

use std::cmp::Ordering;

use super::ranking::{Part, by_weight, draw};
use crate::fleet::{Fleet, HostIndex};
use crate::random::Lots;
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;
use crate::weighers::{Scale, Scores, Weigher};

/// How the hosts stand after the last server was placed.
pub(super) struct Standing {
    /// Best first, as the last server found them.
    order: Vec<HostIndex>,
    /// By row.
    totals: Vec<f64>,
    /// One for each weigher; empty where a host is alone and not weighed.
    columns: Vec<Weighed>,
}

/// What one weigher says of every host that is left, by row.
struct Weighed {
    raw: Vec<f64>,
    multipliers: Vec<f64>,
    lower_bound: Option<f64>,
    scale: Scale,
    /// It says the same of every host, without being asked for each.
    same: Option<f64>,
    /// It adds nothing to any host's weight.
    idle: bool,
}

/// Whether nothing that a request's filters and weighers say of a host hangs on other hosts.
pub(super) fn is_local(scheduler: &Scheduler, fleet: &Fleet, request: &PlacementRequest) -> bool {
    // What is local may look at the servers of all nodes of a host's compute service.
    if fleet.has_shared_services() {
        return false;
    }
    let mut filters = scheduler.filters_for(request);
    filters.all(|filter| filter.run_once_per_request() || filter.is_local(request))
        && scheduler
            .weighers()
            .all(|weigher| weigher.is_local(request))
}

impl Standing {
    /// The hosts that the first server may choose from, in the order of the fleet.
    pub(super) fn new(
        scheduler: &Scheduler,
        fleet: &Fleet,
        request: &PlacementRequest,
        hosts: Vec<HostIndex>,
    ) -> Self {
        let mut standing = Self {
            order: hosts,
            totals: vec![0.0; fleet.len()],
            columns: Vec::new(),
        };
        standing.weigh_all(scheduler, fleet, request);
        standing
    }

    /// The hosts, best first.
    pub(super) fn order(&self) -> &[HostIndex] {
        &self.order
    }

    /// The weight of a host that is left. One host alone is not weighed.
    pub(super) fn weight(&self, host: HostIndex) -> f64 {
        self.totals.get(host.get()).copied().unwrap_or(0.0)
    }

    /// Draws the lots, as for a single server.
    pub(super) fn draw(&mut self, scheduler: &Scheduler, lots: &mut Lots) {
        let totals = &self.totals;
        draw(
            &mut self.order,
            |host| totals[host.get()],
            scheduler,
            lots,
            |_| {},
        );
    }

    /// Takes in what a server on `host` changed.
    pub(super) fn update(
        &mut self,
        scheduler: &Scheduler,
        fleet: &Fleet,
        request: &PlacementRequest,
        host: HostIndex,
    ) {
        let Some(place) = self.order.iter().position(|other| *other == host) else {
            return;
        };
        let view = fleet.host(host);
        let passes = scheduler
            .filters_for(request)
            .all(|filter| filter.run_once_per_request() || filter.check(request, &view).is_pass());
        if !passes {
            self.order.remove(place);
        }
        if self.order.len() <= 1 || !self.still_same(scheduler, fleet, request) {
            self.weigh_all(scheduler, fleet, request);
            return;
        }
        let mut rescaled = false;
        for (weighed, weigher) in self.columns.iter_mut().zip(scheduler.weighers()) {
            if weighed.same.is_none() {
                let now = passes.then(|| weigher.weigh(request, &view));
                let changed = weighed.change(host, now, &self.order);
                rescaled |= changed && !weighed.idle;
            }
        }
        if rescaled {
            self.reckon_all();
        } else if passes {
            self.move_to_its_place(host, place);
        }
    }

    /// Whether the weighers that said the same of every host do so still.
    fn still_same(&self, scheduler: &Scheduler, fleet: &Fleet, request: &PlacementRequest) -> bool {
        let mut columns = self.columns.iter().zip(scheduler.weighers());
        columns.all(|(weighed, weigher)| match weighed.same {
            None => true,
            Some(before) => matches!(
                weigher.scores(request, fleet),
                Scores::Same(now) if now.total_cmp(&before) == Ordering::Equal
            ),
        })
    }

    /// Asks every weigher about every host that is left.
    fn weigh_all(&mut self, scheduler: &Scheduler, fleet: &Fleet, request: &PlacementRequest) {
        self.columns.clear();
        if self.order.len() > 1 {
            for weigher in scheduler.weighers() {
                let part = Part::of(weigher, fleet, request, &self.order, Vec::new());
                let weighed = Weighed::of(weigher, &part, &self.order, fleet.len());
                self.columns.push(weighed);
            }
        }
        self.reckon_all();
    }

    /// Reckons every total and sorts. Sorting is stable: equal hosts keep their order.
    fn reckon_all(&mut self) {
        for host in &self.order {
            self.totals[host.get()] = 0.0;
        }
        for weighed in self.columns.iter().filter(|weighed| !weighed.idle) {
            for host in &self.order {
                self.totals[host.get()] += weighed.weight(*host);
            }
        }
        let totals = &self.totals;
        self.order
            .sort_by(|one, other| by_weight(totals[other.get()], totals[one.get()]));
    }

    /// Moves one host to where its new weight belongs; equal hosts keep their order.
    fn move_to_its_place(&mut self, host: HostIndex, place: usize) {
        let columns = self.columns.iter().filter(|weighed| !weighed.idle);
        let total = columns.fold(0.0, |total, weighed| total + weighed.weight(host));
        self.totals[host.get()] = total;
        self.order.remove(place);
        let totals = &self.totals;
        let compare = |other: &HostIndex| by_weight(totals[other.get()], total);
        let first = self
            .order
            .partition_point(|other| compare(other) == Ordering::Greater);
        let last = self
            .order
            .partition_point(|other| compare(other) != Ordering::Less);
        self.order.insert(place.clamp(first, last), host);
    }
}

impl Weighed {
    fn of(weigher: &dyn Weigher, part: &Part, hosts: &[HostIndex], rows: usize) -> Self {
        let mut raw = vec![0.0; rows];
        let mut multipliers = vec![0.0; rows];
        for (place, host) in hosts.iter().enumerate() {
            raw[host.get()] = part.raw(place);
            multipliers[host.get()] = part.multiplier(place);
        }
        Self {
            raw,
            multipliers,
            lower_bound: weigher.lower_bound(),
            scale: part.scale(),
            same: part.same(),
            idle: part.is_idle(),
        }
    }

    fn weight(&self, host: HostIndex) -> f64 {
        let row = host.get();
        self.multipliers[row] * self.scale.normalise(self.raw[row])
    }

    /// Takes in the raw weight of one host, or that it is out; whether the scale is another now.
    fn change(&mut self, host: HostIndex, now: Option<f64>, left: &[HostIndex]) -> bool {
        let Some(raw) = self.raw.get_mut(host.get()) else {
            return false;
        };
        let before = *raw;
        if let Some(now) = now {
            if now.total_cmp(&before) == Ordering::Equal {
                return false;
            }
            *raw = now;
        }
        if !self.scale.hangs_on(before) && now.is_none_or(|now| self.scale.holds(now)) {
            return false;
        }
        let rows = left.iter().map(|host| self.raw[host.get()]);
        let scale = Scale::over(rows, self.lower_bound);
        let other = scale != self.scale;
        self.scale = scale;
        other
    }
}

//! Figures that are kept up to date with each claim and release.

use std::time::Duration;

use nova_core::model::{ResourceClass, Resources};

use super::{Occupancy, Trace};
use crate::fleet::{Fleet, HostIndex};

const CLASSES: [ResourceClass; 3] = [
    ResourceClass::Vcpu,
    ResourceClass::MemoryMb,
    ResourceClass::DiskGb,
];

/// The sums over the hosts, and the means over time.
pub(super) struct Tally {
    /// The flavors of the trace, without those that fit only where another one does.
    smallest: Vec<Resources>,
    capacity: [u64; 3],
    hosts: Vec<HostFigures>,
    sum: HostFigures,
    /// Servers that the fleet began with.
    initial: u64,
    now: Duration,
    /// Each figure times seconds.
    area: Occupancy,
    peak: (u64, Occupancy),
}

/// What one host adds to the sums.
#[derive(Clone, Copy, Default)]
struct HostFigures {
    servers: u64,
    used: [u64; 3],
    free: [u64; 3],
    stranded: [u64; 2],
    /// Processors that the host offers, if it has a server.
    in_use: u64,
    empty: u64,
}

impl Tally {
    pub(super) fn new(trace: &Trace, fleet: &Fleet) -> Self {
        let mut tally = Self {
            smallest: smallest(trace),
            capacity: [0; 3],
            hosts: vec![HostFigures::default(); fleet.len()],
            sum: HostFigures::default(),
            initial: 0,
            now: Duration::ZERO,
            area: Occupancy::default(),
            peak: (0, Occupancy::default()),
        };
        for host in fleet.hosts() {
            for (sum, class) in tally.capacity.iter_mut().zip(&CLASSES) {
                *sum = sum.saturating_add(host.amounts(class).capacity);
            }
            tally.update(fleet, host.index());
        }
        tally.initial = tally.sum.servers;
        tally.peak = (tally.sum.used[0], tally.occupancy());
        tally
    }

    /// Takes note of what a host has now.
    pub(super) fn update(&mut self, fleet: &Fleet, host: HostIndex) {
        let figures = self.figures(fleet, host);
        if let Some(former) = self.hosts.get_mut(host.get()) {
            self.sum = self.sum.plus(figures).minus(*former);
            *former = figures;
        }
    }

    /// Takes note of the peak, after a placement.
    pub(super) fn note_peak(&mut self) {
        if self.sum.used[0] > self.peak.0 {
            self.peak = (self.sum.used[0], self.occupancy());
        }
    }

    /// Lets the time pass in which nothing changed.
    pub(super) fn pass(&mut self, until: Duration) {
        let Some(passed) = until.checked_sub(self.now) else {
            return;
        };
        if !passed.is_zero() {
            let seconds = passed.as_secs_f64();
            let now = self.occupancy();
            self.area = self.area.zip(&now, |area, now| area + now * seconds);
            self.now = until;
        }
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        let HostFigures {
            servers,
            used: [vcpus, memory, disk],
            stranded: [stranded_vcpus, stranded_memory],
            in_use,
            empty,
            ..
        } = self.sum;
        let [all_vcpus, all_memory, all_disk] = self.capacity;
        Occupancy {
            servers: servers.saturating_sub(self.initial) as f64,
            vcpus: share(vcpus, all_vcpus),
            memory: share(memory, all_memory),
            disk: share(disk, all_disk),
            density: share(vcpus, in_use),
            empty_hosts: empty as f64,
            stranded_vcpus: share(stranded_vcpus, all_vcpus),
            stranded_memory: share(stranded_memory, all_memory),
        }
    }

    /// The mean over the time that has passed; what is now, if none has.
    pub(super) fn mean(&self) -> Occupancy {
        let seconds = self.now.as_secs_f64();
        if seconds > 0.0 {
            self.area.zip(&self.area, |area, _| area / seconds)
        } else {
            self.occupancy()
        }
    }

    pub(super) fn peak(&self) -> Occupancy {
        self.peak.1
    }

    /// Whether what is free on all hosts together would be enough.
    pub(super) fn would_fit_altogether(&self, wanted: &Resources) -> bool {
        let free = CLASSES.iter().zip(self.sum.free);
        free.into_iter()
            .all(|(class, free)| wanted.get(class) <= free)
    }

    fn figures(&self, fleet: &Fleet, host: HostIndex) -> HostFigures {
        let amounts = CLASSES.map(|class| fleet.amounts(host, &class));
        let free = amounts.map(|amounts| amounts.free());
        let fits = |wanted: &Resources| {
            wanted
                .iter()
                .all(|(class, wanted)| fleet.amounts(host, class).fits(wanted))
        };
        let stranded = !self.smallest.iter().any(fits);
        let servers = fleet.host(host).servers();
        HostFigures {
            servers,
            used: amounts.map(|amounts| amounts.used),
            free,
            stranded: if stranded { [free[0], free[1]] } else { [0; 2] },
            in_use: if servers > 0 { amounts[0].capacity } else { 0 },
            empty: u64::from(servers == 0),
        }
    }
}

impl HostFigures {
    fn plus(self, other: Self) -> Self {
        self.with(other, u64::saturating_add)
    }

    fn minus(self, other: Self) -> Self {
        self.with(other, u64::saturating_sub)
    }

    fn with(self, other: Self, with: impl Fn(u64, u64) -> u64) -> Self {
        fn each<const N: usize>(
            one: [u64; N],
            other: [u64; N],
            with: impl Fn(u64, u64) -> u64,
        ) -> [u64; N] {
            std::array::from_fn(|place| with(one[place], other[place]))
        }
        Self {
            servers: with(self.servers, other.servers),
            used: each(self.used, other.used, &with),
            free: each(self.free, other.free, &with),
            stranded: each(self.stranded, other.stranded, &with),
            in_use: with(self.in_use, other.in_use),
            empty: with(self.empty, other.empty),
        }
    }
}

impl Occupancy {
    fn zip(&self, other: &Self, with: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            servers: with(self.servers, other.servers),
            vcpus: with(self.vcpus, other.vcpus),
            memory: with(self.memory, other.memory),
            disk: with(self.disk, other.disk),
            density: with(self.density, other.density),
            empty_hosts: with(self.empty_hosts, other.empty_hosts),
            stranded_vcpus: with(self.stranded_vcpus, other.stranded_vcpus),
            stranded_memory: with(self.stranded_memory, other.stranded_memory),
        }
    }
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// A flavor that is at least as large as another one in each class fits only where that one does.
fn smallest(trace: &Trace) -> Vec<Resources> {
    let mut smallest: Vec<Resources> = Vec::new();
    for flavor in trace.flavors() {
        let size = &flavor.resources;
        if !smallest.iter().any(|small| is_within(small, size)) {
            smallest.retain(|small| !is_within(size, small));
            smallest.push(size.clone());
        }
    }
    smallest
}

fn is_within(small: &Resources, large: &Resources) -> bool {
    small
        .iter()
        .all(|(class, amount)| amount <= large.get(class))
}

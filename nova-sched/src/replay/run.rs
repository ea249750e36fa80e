//! The loop.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::cluster::Cluster;
use super::tally::Tally;
use super::{HeatMap, Invariants, Observer, Progress, Refused, Report, Sample, Timing, Trace};
use crate::fleet::{Fleet, HostIndex};
use crate::plan::{Detail, PlanOptions};
use crate::scheduler::Scheduler;

/// Drives schedulers through a trace, each beginning with the same fleet.
///
/// It is pure: the same trace, fleet, scheduler and seed give the same report, but for its
/// [timing](Report::timing). The [module](crate::replay) has an example.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    trace: &'a Trace,
    fleet: Fleet,
    samples: u32,
    invariants: bool,
    seed: u64,
}

impl<'a> Replay<'a> {
    /// How often an [`Observer`] is told of the progress: after so many servers.
    const PROGRESS_EVERY: usize = 256;

    /// A trace, and the fleet to begin with, which may have servers on it that never leave.
    ///
    /// There are 200 intervals between samples, invariants are checked, and the seed is 0, unless
    /// it is said otherwise.
    pub fn new(trace: &'a Trace, fleet: Fleet) -> Self {
        Self {
            trace,
            fleet,
            samples: 200,
            invariants: true,
            seed: 0,
        }
    }

    /// Into how many equal intervals samples divide the time; 0 counts as 1.
    #[must_use]
    pub fn with_samples(mut self, samples: u32) -> Self {
        self.samples = samples.max(1);
        self
    }

    /// Whether [`Invariants`] are checked after each decision.
    #[must_use]
    pub fn with_invariants(mut self, invariants: bool) -> Self {
        self.invariants = invariants;
        self
    }

    /// What schedulers draw their lots from, where they draw any.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The trace.
    pub fn trace(&self) -> &'a Trace {
        self.trace
    }

    /// The fleet that each run begins with.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Asks a scheduler about each server, and reports under this name.
    pub fn run(&self, policy: impl Into<String>, scheduler: &Scheduler) -> Report {
        self.run_with(policy, scheduler, &mut ())
    }

    /// The same with somebody who watches, and may lend a clock.
    pub fn run_with(
        &self,
        policy: impl Into<String>,
        scheduler: &Scheduler,
        observer: &mut impl Observer,
    ) -> Report {
        let began = observer.clock();
        let mut run = Run::new(self, scheduler);
        for server in 0..self.trace.len() {
            run.arrival(server, observer);
            if server % Self::PROGRESS_EVERY == 0 {
                observer.progress(&run.progress(server));
            }
        }
        let mut report = run.finish(policy.into());
        if let (Some(began), Some(ended), Some(timing)) =
            (began, observer.clock(), &mut report.timing)
        {
            timing.whole = ended.saturating_sub(began);
        }
        observer.progress(&Progress {
            arrived: self.trace.len(),
            of: self.trace.len(),
            refused: report.refused,
            at: report.span,
        });
        report
    }
}

/// One run.
struct Run<'a> {
    replay: &'a Replay<'a>,
    scheduler: &'a Scheduler,
    cluster: Cluster<'a>,
    tally: Tally,
    leaving: BinaryHeap<Reverse<(Duration, usize)>>,
    now: Duration,
    placed: u64,
    refused: u64,
    fragmented: u64,
    refusals: Vec<Refused>,
    samples: Vec<Sample>,
    heat_map: HeatMap,
    invariants: Invariants,
    deciding: Option<Duration>,
}

impl<'a> Run<'a> {
    fn new(replay: &'a Replay<'a>, scheduler: &'a Scheduler) -> Self {
        let cluster = Cluster::new(replay.trace, replay.fleet.clone());
        Self {
            replay,
            scheduler,
            tally: Tally::new(replay.trace, cluster.fleet()),
            heat_map: HeatMap::of(cluster.fleet()),
            cluster,
            leaving: BinaryHeap::new(),
            now: Duration::ZERO,
            placed: 0,
            refused: 0,
            fragmented: 0,
            refusals: Vec::new(),
            samples: Vec::new(),
            invariants: Invariants::default(),
            deciding: None,
        }
    }

    fn arrival(&mut self, server: usize, observer: &mut impl Observer) {
        let Some(arriving) = self.replay.trace.servers().get(server) else {
            return;
        };
        if arriving.arrives > self.now {
            self.pass(arriving.arrives);
        }
        match self.decide(server, observer) {
            Some(host) => {
                self.tally.update(self.cluster.fleet(), host);
                self.tally.note_peak();
                self.placed += 1;
                if let Some(departs) = arriving.departs() {
                    self.leaving.push(Reverse((departs, server)));
                }
                if self.replay.invariants {
                    self.invariants.check(&self.cluster, server, host);
                }
            }
            None => self.refusal(server),
        }
    }

    /// Decides where a server goes and puts it there.
    fn decide(&mut self, server: usize, observer: &mut impl Observer) -> Option<HostIndex> {
        let request = self.cluster.request(server);
        let number = u64::try_from(server).unwrap_or(u64::MAX);
        let options = PlanOptions::default()
            .with_seed(self.replay.seed.wrapping_add(number))
            .with_detail(Detail::Off);
        let began = observer.clock();
        let plan = self
            .scheduler
            .plan_with(self.cluster.fleet(), &request, &options);
        if let (Some(began), Some(ended)) = (began, observer.clock()) {
            *self.deciding.get_or_insert_default() += ended.saturating_sub(began);
        }
        let host = plan.placements().first()?.host.clone();
        drop(request);
        // A plan names hosts of its fleet, and each server is placed once.
        self.cluster.place(server, &host, self.scheduler).ok()
    }

    fn refusal(&mut self, server: usize) {
        self.refused += 1;
        let request = self.cluster.request(server);
        if self.tally.would_fit_altogether(request.resources()) {
            self.fragmented += 1;
        }
        Refused::of(self.scheduler, self.cluster.fleet(), &request).add_to(&mut self.refusals);
    }

    /// Lets time pass until an arrival, and servers leave whose time has come.
    fn pass(&mut self, until: Duration) {
        while let Some(Reverse((at, server))) = self.leaving.peek().copied()
            && at <= until
        {
            self.leaving.pop();
            self.tick(at);
            if let Some(host) = self.cluster.remove(server) {
                self.tally.update(self.cluster.fleet(), host);
            }
        }
        self.tick(until);
        self.now = until;
    }

    /// Takes the samples that are due before a time, and lets the time pass in the figures.
    fn tick(&mut self, until: Duration) {
        while let Some(due) = self.next_sample()
            && due < until
        {
            self.sample(due);
        }
        self.tally.pass(until);
    }

    fn next_sample(&self) -> Option<Duration> {
        let taken = u32::try_from(self.samples.len()).ok()?;
        let intervals = self.replay.samples;
        // The last one is taken at the end.
        (taken < intervals).then(|| (self.replay.trace.span() / intervals).saturating_mul(taken))
    }

    fn sample(&mut self, at: Duration) {
        self.samples.push(Sample {
            at,
            placed: self.placed,
            refused: self.refused,
            occupancy: self.tally.occupancy(),
        });
        self.heat_map.record(self.cluster.fleet());
    }

    fn progress(&self, server: usize) -> Progress {
        Progress {
            arrived: server + 1,
            of: self.replay.trace.len(),
            refused: self.refused,
            at: self.now,
        }
    }

    fn finish(mut self, policy: String) -> Report {
        let trace = self.replay.trace;
        let span = trace.span();
        self.sample(span);
        if self.replay.invariants {
            self.invariants
                .check_claims(&self.replay.fleet, &self.cluster, trace);
        }
        Report {
            policy,
            trace: trace.name().to_owned(),
            hosts: self.replay.fleet.len(),
            span,
            arrived: self.placed + self.refused,
            placed: self.placed,
            refused: self.refused,
            fragmented: self.fragmented,
            refusals: self.refusals,
            mean: self.tally.mean(),
            peak: self.tally.peak(),
            end: self.tally.occupancy(),
            samples: self.samples,
            heat_map: self.heat_map,
            invariants: self.replay.invariants.then_some(self.invariants),
            timing: self.deciding.map(|deciding| Timing {
                decisions: self.placed + self.refused,
                deciding,
                whole: Duration::ZERO,
            }),
        }
    }
}

//! Whether a case comes out as it did in Nova: all that differs, in words.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use nova_core::model::ResourceClass;
use nova_sched::{
    Candidates, Config, Draw, Filter, Fleet, HostIndex, HostView, Measure, PlacementRequest,
    PlanOptions, Reason, Registry, Scheduler, Verdict,
};
use serde_json::Value;

use crate::adapter::{self, World};
use crate::expected::{
    Case, FilterAnswer, HostStateSeen, Meta, Passed, ScheduleAsked, Scheduled, StepSeen, Weighing,
};
use crate::input::HostRow;
use crate::recorder::{After, Recorder, Step, pools};
use crate::{names, options};

/// A case with everything that our scheduler is asked with.
struct Trial<'a> {
    meta: &'a Meta,
    case: &'a Case,
    config: Config,
    scheduler: Scheduler,
    fleet: Fleet,
    request: PlacementRequest,
    without_candidates: Vec<String>,
    differences: Vec<String>,
}

/// What differs; nothing if the case passes.
pub fn judge(meta: &Meta, case: &Case) -> Vec<String> {
    match Trial::new(meta, case) {
        Ok(trial) => trial.run(),
        Err(problem) => vec![format!("not understood: {problem}")],
    }
}

/// What the recording says of filters in general.
pub fn judge_meta(meta: &Meta) -> Vec<String> {
    let registry = Registry::nova();
    let config = Config::default();
    let mut differences = Vec::new();
    for name in &meta.filters {
        match registry.filter(name, &config) {
            Ok(filter) => {
                let flags = [
                    (
                        "run_once_per_request",
                        filter.run_once_per_request(),
                        &meta.run_once_per_request,
                    ),
                    (
                        "run_on_rebuild",
                        filter.run_on_rebuild(),
                        &meta.run_on_rebuild,
                    ),
                ];
                for (flag, ours, theirs) in flags {
                    if ours != theirs.contains(name) {
                        differences.push(format!("{name}: {flag} is {ours}"));
                    }
                }
            }
            Err(error) => differences.push(error.to_string()),
        }
    }
    differences
}

impl<'a> Trial<'a> {
    fn new(meta: &'a Meta, case: &'a Case) -> Result<Self, String> {
        let mut given: BTreeMap<&str, &Value> = BTreeMap::new();
        for (name, value) in meta.option_defaults.iter().chain(&case.config) {
            given.insert(name, value);
        }
        let order = serde_json::json!(meta.weigher_order);
        given
            .entry("filter_scheduler.weight_classes")
            .or_insert(&order);
        let seconds = |name: &str| {
            let seconds = given.get(name).and_then(|time| time.as_u64());
            seconds.ok_or_else(|| format!("no {name}"))
        };
        let (mut down_after, interval) =
            (seconds("service_down_time")?, seconds("report_interval")?);
        if down_after <= interval {
            // Nova does not count services as down that report in time.
            down_after = interval * 5 / 2;
        }
        let zone = given.get("default_availability_zone");
        let world = World {
            now: adapter::timestamp(&meta.now)?,
            down_after: Duration::from_secs(down_after),
            default_zone: zone
                .and_then(|zone| zone.as_str())
                .ok_or("no default_availability_zone")?,
            known_cells: &case.known_cells,
        };
        let config = options::config(&given)?;
        let scheduler = Registry::nova().scheduler(&config);
        let without = case
            .hosts
            .iter()
            .filter(|host| host.allocation_candidates.is_empty());
        Ok(Self {
            meta,
            case,
            scheduler: scheduler.map_err(|error| error.to_string())?,
            fleet: adapter::fleet(&world, &case.aggregates, &case.hosts)?,
            request: with_candidates(adapter::request(&case.request)?, &case.hosts)?,
            without_candidates: without.map(|host| host.nodename.clone()).collect(),
            config,
            differences: Vec::new(),
        })
    }

    fn run(mut self) -> Vec<String> {
        let expected = &self.case.expected;
        self.host_states(&expected.host_states);
        let unlisted = names::unlisted(expected.filters.keys(), &self.meta.filters);
        self.differences.extend(unlisted);
        for name in &self.meta.filters {
            self.filter(name, expected.filters.get(name));
        }
        self.filtered("filtered_first", true, &expected.filtered_first);
        self.filtered("filtered_later", false, &expected.filtered_later);
        if let Some(weighing) = &expected.weighing {
            self.weighing(weighing);
        }
        match (&self.case.schedule, &expected.schedule) {
            (Some(asked), Some(scheduled)) => self.schedule(asked, scheduled),
            (None, None) => {}
            _ => self.differ("schedule", "asked or expected, not both"),
        }
        self.differences
    }

    fn differ(&mut self, what: &str, how: impl AsRef<str>) {
        self.differences.push(format!("{what}: {}", how.as_ref()));
    }

    fn same<T: Debug + PartialEq + ?Sized>(&mut self, what: &str, ours: &T, theirs: &T) {
        if ours != theirs {
            self.differ(what, format!("ours {ours:?}, Nova's {theirs:?}"));
        }
    }

    fn host_states(&mut self, expected: &BTreeMap<String, HostStateSeen>) {
        self.same("hosts", &self.fleet.len(), &expected.len());
        let fleet = self.fleet.clone();
        for (name, theirs) in expected {
            let Some(host) = name.parse().ok().and_then(|name| fleet.find(&name)) else {
                self.differ(name, "not in the fleet");
                continue;
            };
            self.host_state(&host, theirs);
        }
    }

    fn host_state(&mut self, host: &HostView<'_>, theirs: &HostStateSeen) {
        let memory = host.amounts(&ResourceClass::MemoryMb);
        let disk = host.amounts(&ResourceClass::DiskGb);
        let vcpu = host.amounts(&ResourceClass::Vcpu);
        let natural = |amount: u64| i64::try_from(amount).unwrap_or(i64::MAX);
        for (field, ours, theirs) in [
            (
                "total_usable_ram_mb",
                natural(memory.total),
                theirs.total_usable_ram_mb,
            ),
            (
                "total_usable_disk_gb",
                natural(disk.total),
                theirs.total_usable_disk_gb,
            ),
            (
                "disk_mb_used",
                natural(disk.used) * 1024,
                theirs.disk_mb_used,
            ),
            (
                "free_ram_mb",
                host.count(Measure::FreeRam),
                theirs.free_ram_mb,
            ),
            (
                "free_disk_mb",
                host.count(Measure::FreeDisk),
                theirs.free_disk_mb,
            ),
            ("vcpus_total", natural(vcpu.total), theirs.vcpus_total),
            ("vcpus_used", host.vcpus_used(), theirs.vcpus_used),
            (
                "num_instances",
                host.count(Measure::Servers),
                theirs.num_instances,
            ),
            (
                "num_io_ops",
                host.count(Measure::IoOperations),
                theirs.num_io_ops,
            ),
            (
                "failed_builds",
                host.count(Measure::FailedBuilds),
                theirs.failed_builds,
            ),
        ] {
            self.same(&format!("{} {field}", host.name()), &ours, &theirs);
        }
        let metrics = theirs.metrics.iter().flatten();
        let theirs_metrics: BTreeMap<String, String> = metrics
            .map(|metric| (metric.name.clone(), metric.value.to_string()))
            .collect();
        let ours = host.metrics().iter();
        let ours = ours
            .map(|(name, value)| (name.clone(), value.to_string()))
            .collect();
        self.same(&format!("{} metrics", host.name()), &ours, &theirs_metrics);
        let what = format!("{} PCI pools", host.name());
        self.same(&what, &pools(host), &theirs.pci_pools);
        let mut ours: Vec<i64> = host
            .aggregates()
            .filter_map(|aggregate| {
                let id = aggregate.id.to_string();
                let row = self.case.aggregates.iter().find(|row| row.uuid == id)?;
                Some(row.id)
            })
            .collect();
        ours.sort_unstable();
        let mut theirs = theirs.aggregate_ids.clone();
        theirs.sort_unstable();
        self.same(&format!("{} aggregates", host.name()), &ours, &theirs);
    }

    /// One filter on its own, over all hosts; one that is not recorded passes them all.
    fn filter(&mut self, name: &str, expected: Option<&FilterAnswer>) {
        let filter = match Registry::nova().filter(name, &self.config) {
            Ok(filter) => filter,
            Err(error) => return self.differ(name, error.to_string()),
        };
        let skipped = self.request.is_rebuild() && !filter.run_on_rebuild();
        let (mut pass, mut raised) = (Vec::new(), Vec::new());
        for host in self.fleet.hosts() {
            let verdict = match skipped {
                true => Verdict::Pass,
                false => filter.check(&self.request, &host),
            };
            match verdict {
                Verdict::Pass => pass.push(host.name().to_string()),
                Verdict::Reject(Reason::Malformed { .. }) => raised.push(host.name().to_string()),
                Verdict::Reject(_) => {}
            }
        }
        let mut swept = Candidates::all(self.fleet.len());
        if !skipped {
            filter.sweep(&self.request, &self.fleet, &mut swept);
        }
        let swept = self.names(swept.iter());
        self.same(&format!("{name} swept, against checked"), &swept, &pass);
        let Some(expected) = expected else {
            let all = self.names(self.fleet.hosts().map(|host| host.index()));
            self.same(name, &pass, &all);
            return self.same(&format!("{name} raises"), &raised, &Vec::new());
        };
        self.same(name, &pass, &expected.pass);
        if let Some(leakless) = &expected.pass_if_no_state_leak {
            self.leakless(name, leakless);
        }
        raised.sort_unstable();
        let theirs: Vec<String> = expected.error.keys().cloned().collect();
        self.same(&format!("{name} raises"), &raised, &theirs);
        if !skipped && expected.error.is_empty() {
            self.candidates_left(&*filter, &expected.candidates_left);
        }
    }

    /// The same filter without Nova's defect.
    fn leakless(&mut self, name: &str, theirs: &Vec<String>) {
        let mut config = self.config.clone();
        config.compatibility.numa_page_size_leak = false;
        match Registry::nova().filter(name, &config) {
            Ok(filter) => {
                let mut left = Candidates::all(self.fleet.len());
                filter.sweep(&self.request, &self.fleet, &mut left);
                let left = self.names(left.iter());
                self.same(&format!("{name} without the leak"), &left, theirs);
            }
            Err(error) => self.differ(name, error.to_string()),
        }
    }

    fn filtered(&mut self, what: &str, first: bool, expected: &Passed) {
        let ours = match self.scheduler.filtered(&self.fleet, &self.request, first) {
            Ok(left) => Ok(self.names(left.iter())),
            Err(failure) => Err(failure.to_string()),
        };
        match (ours, expected) {
            (Ok(ours), Passed::Pass(theirs)) => self.same(what, &ours, theirs),
            (Err(_), Passed::Error(_)) => {}
            (Ok(ours), Passed::Error(error)) => {
                self.differ(what, format!("ours {ours:?}, Nova raises {error}"));
            }
            (Err(failure), Passed::Pass(theirs)) => {
                self.differ(what, format!("ours fails: {failure}; Nova's {theirs:?}"));
            }
        }
    }

    fn weighing(&mut self, expected: &Weighing) {
        let (fleet, case) = (self.fleet.clone(), self.case);
        let hosts: Vec<HostIndex> = expected
            .hosts
            .iter()
            .filter_map(|name| fleet.index_of(&name.parse().ok()?))
            .collect();
        self.same("hosts weighed", &hosts.len(), &expected.hosts.len());
        let table = match (
            self.scheduler.weighed(&fleet, &self.request, &hosts),
            &expected.error,
        ) {
            (Ok(table), None) => table,
            (Err(_), Some(_)) => return,
            (Ok(_), Some(error)) => return self.differ("weighing", format!("Nova raises {error}")),
            (Err(failure), None) => return self.differ("weighing", failure.to_string()),
        };
        let names: Vec<&str> = expected
            .weighers
            .iter()
            .map(|weigher| weigher.name.as_str())
            .collect();
        let ours: Vec<&str> = table.weighers.iter().map(String::as_str).collect();
        if !expected.weighers_not_run || !ours.is_empty() {
            self.same("weighers", &ours, &names);
        }
        for (place, weigher) in expected.weighers.iter().enumerate() {
            let column = |value: fn(&nova_sched::explain::WeightPart) -> f64| {
                let parts = table.best.iter().filter_map(|host| host.parts.get(place));
                parts.map(value).map(exact).collect::<Vec<_>>()
            };
            let raw = column(|part| part.raw.unwrap_or(f64::NAN));
            let (normalised, multiplier) = (
                column(|part| part.normalised),
                column(|part| part.multiplier),
            );
            let name = &weigher.name;
            self.same(&format!("{name} raw"), &raw, &all_exact(&weigher.raw));
            self.same(
                &format!("{name} normalised"),
                &normalised,
                &all_exact(&weigher.normalized),
            );
            self.same(
                &format!("{name} multiplier"),
                &multiplier,
                &all_exact(&weigher.multiplier),
            );
        }
        let totals: Vec<f64> = table.best.iter().map(|host| host.total).collect();
        self.same(
            "weights",
            &all_exact(&totals),
            &all_exact(&expected.weights),
        );
        let mut config = self.config.clone();
        config.filter_scheduler.host_subset_size = 1;
        config.filter_scheduler.shuffle_best_same_weighed_hosts = false;
        let scheduler = match Registry::nova().scheduler(&config) {
            Ok(scheduler) => scheduler,
            Err(error) => return self.differ("ordering", error.to_string()),
        };
        let request = self.request.clone().with_count(1);
        let mut recorder = Recorder::new(&fleet, &case.request.instance_uuids, &[], &[]);
        scheduler.plan_claiming(&fleet, &request, &PlanOptions::default(), &mut recorder);
        self.same(
            "ordering",
            recorder.first_sorted(),
            expected.ordering.as_slice(),
        );
    }

    fn schedule(&mut self, asked: &ScheduleAsked, expected: &Scheduled) {
        let (fleet, case) = (self.fleet.clone(), self.case);
        let without = self.without_candidates.clone();
        let mut request = self.request.clone();
        if !asked.return_alternates {
            request = request.with_alternates(0);
        }
        let servers = &case.request.instance_uuids;
        let mut recorder = Recorder::new(&fleet, servers, &asked.claim_fails_on, &without);
        let options = PlanOptions::default().with_draw(Draw::Last);
        let plan = self
            .scheduler
            .plan_claiming(&fleet, &request, &options, &mut recorder);
        let outcome = match &plan.explain().failure {
            Some(_) if !matches!(expected.outcome.as_str(), "ok" | "NoValidHost") => {
                &expected.outcome
            }
            Some(failure) => &failure.to_string(),
            None if plan.is_placed() => "ok",
            None => "NoValidHost",
        };
        self.same("outcome", outcome, &expected.outcome);
        let selections: Vec<Vec<String>> = plan
            .placements()
            .iter()
            .map(|placement| {
                let hosts = std::iter::once(&placement.host).chain(&placement.alternates);
                hosts.map(ToString::to_string).collect()
            })
            .collect();
        let zone = |name: &String| {
            let host = name.parse().ok().and_then(|name| fleet.find(&name));
            host.map(|host| host.zone().to_string()).unwrap_or_default()
        };
        let zones: Vec<Vec<String>> = selections
            .iter()
            .map(|hosts| hosts.iter().map(zone).collect())
            .collect();
        self.same("selections", &selections, &expected.selections);
        self.same("availability_zones", &zones, &expected.availability_zones);
        // A rebuild asks nothing of Placement.
        let claims = if request.is_rebuild() {
            Vec::new()
        } else {
            recorder.claims
        };
        self.same("claims", &claims, &expected.claims);
        // Where Nova raises, it leaves its claims behind; we undo them.
        if plan.explain().failure.is_none() && !request.is_rebuild() {
            self.same(
                "allocations_removed_for",
                &recorder.undone,
                &expected.allocations_removed_for,
            );
        }
        self.steps(recorder.steps, &expected.steps);
        if let Some(theirs) = &expected.choice_pools {
            // One host alone is no choice, whether it was noted or not.
            let choices = |pools: &[Vec<String>]| -> Vec<Vec<String>> {
                pools
                    .iter()
                    .filter(|pool| pool.len() > 1)
                    .cloned()
                    .collect()
            };
            self.same(
                "choice_pools",
                &choices(&recorder.choices),
                &choices(theirs),
            );
        }
        if let Some(theirs) = &expected.shuffle_pools {
            self.same("shuffle_pools", &recorder.shuffles, theirs);
        }
    }

    fn steps(&mut self, ours: Vec<Step>, theirs: &[StepSeen]) {
        self.same("steps", &ours.len(), &theirs.len());
        for (number, (ours, theirs)) in ours.into_iter().zip(theirs).enumerate() {
            let what = format!("step {number}");
            match theirs {
                StepSeen::Sorted { index, hosts } => {
                    let theirs = Step::Sorted {
                        index: *index,
                        hosts: hosts.clone(),
                    };
                    self.same(&what, &ours, &theirs);
                }
                StepSeen::Consumed {
                    host,
                    instance_uuid,
                    host_state_after: state,
                } => {
                    let mut instances = state.instances.clone();
                    instances.sort_unstable();
                    let theirs = Step::Consumed {
                        host: host.clone(),
                        server: instance_uuid.clone(),
                        after: After {
                            free_ram_mb: state.free_ram_mb,
                            free_disk_mb: state.free_disk_mb,
                            vcpus_used: state.vcpus_used,
                            num_instances: state.num_instances,
                            num_io_ops: state.num_io_ops,
                            instances,
                            pci_pools: state.pci_pools.clone(),
                            numa_topology: state.numa_topology.clone(),
                        },
                    };
                    self.same(&what, &ours, &theirs);
                }
            }
        }
    }

    /// Which of Placement's answers a filter leaves of each host: of those not named, all.
    fn candidates_left(&mut self, filter: &dyn Filter, theirs: &BTreeMap<String, Vec<usize>>) {
        // Nova has nothing to filter of a host that never reported.
        let reported = |row: &&HostRow| row.compute_node.free_disk_gb.is_some();
        for row in self.case.hosts.iter().filter(reported) {
            let all: Vec<usize> = (0..row.allocation_candidates.len()).collect();
            let mut ours = all.clone();
            let host = row.nodename.parse().ok();
            if let Some(host) = host.and_then(|name| self.fleet.find(&name)) {
                filter.keep_candidates(&self.request, &host, &mut ours);
            }
            let theirs = theirs.get(&row.nodename).unwrap_or(&all);
            let what = format!("{} candidates left of {}", filter.name(), row.nodename);
            self.same(&what, &ours, theirs);
        }
    }

    fn names(&self, hosts: impl Iterator<Item = HostIndex>) -> Vec<String> {
        let names = hosts.filter_map(|host| self.fleet.name(host));
        names.map(ToString::to_string).collect()
    }
}

/// The request with Placement's answers for each host.
fn with_candidates(
    request: PlacementRequest,
    hosts: &[HostRow],
) -> Result<PlacementRequest, String> {
    hosts.iter().try_fold(request, |request, host| {
        let node = host.nodename.parse();
        let node = node.map_err(|error: nova_core::Error| format!("node: {error}"))?;
        let candidates = host.allocation_candidates.iter();
        let mappings = candidates.map(|candidate| candidate.mappings.clone());
        Ok(request.with_candidates(node, mappings))
    })
}

/// To the last bit, but without the sign of zero, which is of no account in a sum.
#[derive(PartialEq)]
struct Exact(f64);

impl Debug for Exact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

fn exact(value: f64) -> Exact {
    Exact(value)
}

fn all_exact(values: &[f64]) -> Vec<Exact> {
    values.iter().copied().map(Exact).collect()
}

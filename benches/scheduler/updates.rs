//! One host changes: a claim, with and without somebody who holds the fleet as it was, and a report.

use crate::ours::Ours;
use crate::times::{Times, median};
use crate::workload::Workload;

/// How many changes of each kind are made in a run.
const CHANGES: usize = 500;

#[derive(Default)]
struct Run {
    alone: Times,
    shared: Times,
    report: Times,
}

/// Measures and prints a table.
pub fn measure(workload: &Workload, ours: &Ours, runs: usize) {
    let runs: Vec<Run> = (0..runs).map(|_| run(workload, ours)).collect();
    println!(
        "{:<32} {:>11} {:>10} {:>10}",
        "update of one host", "updates/s", "p50 µs", "p99 µs"
    );
    let row = |name: &str, times: fn(&Run) -> &Times| {
        println!(
            "  {name:<30} {:>11.0} {:>10.2} {:>10.2}",
            median(&runs, |run| times(run).rate()),
            median(&runs, |run| times(run).percentile(50)),
            median(&runs, |run| times(run).percentile(99)),
        );
    };
    row("claim", |run| &run.alone);
    row("claim, a snapshot is held", |run| &run.shared);
    row("report, a snapshot is held", |run| &run.report);
}

fn run(workload: &Workload, ours: &Ours) -> Run {
    let mut run = Run::default();
    let hosts = ours.fleet.len();
    let request = ours.request(&workload.requests[0]);
    let mut fleet = Ours::new(workload).fleet;
    for change in 0..CHANGES {
        let host = workload.hosts[change * 7919 % hosts].host.parse().unwrap();
        run.alone
            .time(|| fleet.claim(&host, request.resources()))
            .unwrap();
        let held = fleet.clone();
        run.shared
            .time(|| fleet.claim(&host, request.resources()))
            .unwrap();
        drop(held);
        let state = fleet.find(&host).unwrap().to_state();
        fleet = run.report.time(|| fleet.with_host(state));
    }
    run
}

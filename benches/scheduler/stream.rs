//! The mixed stream, one server at a time: the decision, the floor, and the decision with reasons.

use nova_sdk::sched::Detail;

use crate::floor::Floor;
use crate::ours::Ours;
use crate::times::{Times, median};
use crate::workload::Workload;

#[derive(Default)]
struct Run {
    /// The decision, and the fleet's update after it.
    plain: Times,
    /// The decision alone, with all of its reasons.
    explained: Times,
    /// The reasons as text.
    text: Times,
    floor: Times,
    refused: usize,
}

/// Measures and prints a table.
pub fn measure(workload: &Workload, ours: &Ours, runs: usize) {
    let runs: Vec<Run> = (0..runs).map(|_| run(workload, ours.clone())).collect();
    println!(
        "{:<32} {:>11} {:>10} {:>10}",
        "", "decisions/s", "p50 µs", "p99 µs"
    );
    let row = |name: &str, times: fn(&Run) -> &Times| {
        println!(
            "  {name:<30} {:>11.0} {:>10.1} {:>10.1}",
            median(&runs, |run| times(run).rate()),
            median(&runs, |run| times(run).percentile(50)),
            median(&runs, |run| times(run).percentile(99)),
        );
    };
    row("mixed stream", |run| &run.plain);
    row("floor: one pass over columns", |run| &run.floor);
    row("with full explanation", |run| &run.explained);
    row("  its text", |run| &run.text);
    println!(
        "  {:.2} times the floor; an explanation costs {:.2} times; {} refused",
        median(&runs, |run| run.plain.seconds() / run.floor.seconds()),
        median(&runs, |run| run.explained.seconds() / run.plain.seconds()),
        runs.first().map_or(0, |run| run.refused),
    );
}

/// Goes through the stream once, from the fleet as it was given.
fn run(workload: &Workload, mut ours: Ours) -> Run {
    let mut run = Run::default();
    let mut floor = Floor::new(workload);
    for asked in &workload.requests {
        let request = ours.request(asked);
        let explained = run.explained.time(|| ours.plan(&request, Detail::Full));
        run.text.time(|| explained.explain().to_string());
        let wanted = floor.wanted(asked);
        run.floor.time(|| floor.pass(&wanted));
        let plan = run.plain.time(|| {
            let plan = ours.plan(&request, Detail::Off);
            ours.commit(&request, &plan);
            plan
        });
        ours.join(asked, &plan);
        match plan.placements().first() {
            Some(placement) => {
                let host = ours.fleet.index_of(&placement.host).unwrap();
                floor.claim(host.get(), asked);
            }
            None => run.refused += 1,
        }
    }
    run
}

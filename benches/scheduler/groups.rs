//! Servers that belong together: groups of anti-affinity, and one request for many.

use nova_sdk::sched::Detail;
use uuid::Uuid;

use crate::ours::Ours;
use crate::times::{Times, median};
use crate::workload::{Flavor, Group, Request, Workload};

/// How many servers one request asks for.
const MANY: usize = 1_000;
/// How many groups are filled, and how many members each of them gets.
const GROUPS: u128 = 4;
const MEMBERS: u128 = 100;

#[derive(Default)]
struct Run {
    grouped: Times,
    plain: Times,
    many: Times,
}

/// Measures and prints a table.
pub fn measure(workload: &Workload, ours: &Ours, runs: usize) {
    let runs: Vec<Run> = (0..runs).map(|_| run(workload, ours)).collect();
    let row = |name: &str, times: fn(&Run) -> &Times, servers: f64| {
        println!(
            "  {name:<30} {:>11.0} {:>10.1} {:>10.1}",
            median(&runs, |run| servers * times(run).rate()),
            median(&runs, |run| times(run).percentile(50) / servers),
            median(&runs, |run| times(run).percentile(99) / servers),
        );
    };
    row("groups of 100, anti-affinity", |run| &run.grouped, 1.0);
    row("  the same without a group", |run| &run.plain, 1.0);
    #[expect(clippy::cast_precision_loss, reason = "a count of servers")]
    row("one request for 1,000, each", |run| &run.many, MANY as f64);
    println!(
        "  anti-affinity has {:.2} times the plain rate",
        median(&runs, |run| run.grouped.rate() / run.plain.rate()),
    );
}

fn run(workload: &Workload, ours: &Ours) -> Run {
    let mut run = Run::default();
    let mut asked = plain(workload);
    let (mut grouped, mut alone) = (ours.clone(), ours.clone());
    for number in 0..GROUPS * MEMBERS {
        asked.instance_uuids = vec![Uuid::from_u128(number)];
        asked.instance_group = None;
        place(&mut alone, &asked, &mut run.plain);
        asked.instance_group = Some(Group::anti_affinity(Uuid::from_u128(number / MEMBERS)));
        place(&mut grouped, &asked, &mut run.grouped);
    }
    asked.instance_group = None;
    asked.num_instances = MANY;
    asked.instance_uuids = (0..).map(Uuid::from_u128).take(MANY).collect();
    let request = ours.request(&asked);
    let plan = run.many.time(|| ours.plan(&request, Detail::Off));
    assert_eq!(plan.placements().len(), MANY);
    run
}

fn place(ours: &mut Ours, asked: &Request, times: &mut Times) {
    let request = ours.request(asked);
    let plan = times.time(|| {
        let plan = ours.plan(&request, Detail::Off);
        ours.commit(&request, &plan);
        plan
    });
    assert!(plan.is_placed());
    ours.join(asked, &plan);
}

/// A request for a server of the smallest size, anywhere.
fn plain(workload: &Workload) -> Request {
    let mut asked = workload.requests[0].clone();
    asked.flavor = Flavor::tiny();
    asked.availability_zone = None;
    asked
}

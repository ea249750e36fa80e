//! Many servers that belong together: groups of anti-affinity, and one request for many.

use nova_sdk::sched::Detail;

use crate::ours::Ours;
use crate::times::{Times, median};
use crate::workload::Workload;

/// How many servers one request asks for.
const MANY: usize = 1_000;

/// Measures and prints a table.
pub fn measure(workload: &Workload, ours: &Ours, runs: usize) {
    let many: Vec<Times> = (0..runs).map(|_| many(workload, ours)).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of servers")]
    let servers = MANY as f64;
    println!(
        "  {:<28} {:>11.0} {:>10.1}",
        format!("one request for {MANY}"),
        median(&many, |times| servers * times.rate()),
        median(&many, |times| times.percentile(50) / servers),
    );
}

/// One request for many servers of the commonest size.
fn many(workload: &Workload, ours: &Ours) -> Times {
    let mut times = Times::default();
    let mut asked = workload.requests[0].clone();
    asked.flavor = crate::workload::Flavor::tiny();
    asked.availability_zone = None;
    asked.instance_group = None;
    asked.num_instances = MANY;
    let request = ours.request(&asked);
    let plan = times.time(|| ours.plan(&request, Detail::Off));
    assert_eq!(plan.placements().len(), MANY);
    times
}

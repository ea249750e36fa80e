//! What was decided for each request of the stream, and how fast.

use nova_sdk::sched::Detail;
use serde::Serialize;

use crate::ours::Ours;
use crate::times::Times;
use crate::workload::Workload;

#[derive(Serialize)]
pub struct Decisions {
    hosts: usize,
    seed: u64,
    per_s: f64,
    p50_us: f64,
    p99_us: f64,
    /// The hosts of each request's servers.
    chosen: Vec<Vec<String>>,
}

/// Goes through the stream once.
pub fn take(workload: &Workload) -> Decisions {
    let mut ours = Ours::new(workload);
    let mut times = Times::default();
    let chosen = workload.requests.iter().map(|asked| {
        let request = ours.request(asked);
        let plan = times.time(|| {
            let plan = ours.plan(&request, Detail::Off);
            ours.commit(&request, &plan);
            plan
        });
        ours.join(asked, &plan);
        let placements = plan.placements().iter();
        placements
            .map(|placement| placement.host.to_string())
            .collect()
    });
    let chosen = chosen.collect();
    Decisions {
        hosts: workload.meta.hosts,
        seed: workload.meta.seed,
        per_s: times.rate(),
        p50_us: times.percentile(50),
        p99_us: times.percentile(99),
        chosen,
    }
}

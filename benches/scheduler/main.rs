//! How fast the scheduler decides, beside the least that any decision over all hosts costs.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures the machine's time and speaks to a person"
)]

mod floor;
mod memory;
mod ours;
mod stream;
mod times;
mod workload;

use floor::Floor;
use ours::Ours;
use times::median;
use workload::Workload;

const RUNS: usize = 3;

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    for hosts in sizes {
        let mut workload = Workload::new(hosts, 1000, 1); if std::env::var_os("ONLY_PLAIN").is_some() { workload.requests.retain(|r| r.flavor.extra_specs.is_empty()); }
        let before = memory::live();
        let ours = Ours::new(&workload);
        let bytes = (memory::live() - before) / hosts;
        println!("{hosts} hosts, {bytes} bytes each");
        let runs: Vec<_> = (0..RUNS)
            .map(|_| stream::run(&workload, ours.clone(), Floor::new(&workload)))
            .collect();
        println!(
            "rate {:.0} p50 {:.1} p99 {:.1}; floor p50 {:.1} ratio {:.2}; explained ratio {:.2}; refused {}",
            median(&runs, |r| r.plain.rate()),
            median(&runs, |r| r.plain.percentile(50)),
            median(&runs, |r| r.plain.percentile(99)),
            median(&runs, |r| r.floor.percentile(50)),
            median(&runs, |r| r.plain.seconds() / r.floor.seconds()),
            median(&runs, |r| r.explained.seconds() / r.plain.seconds()),
            runs[0].refused,
        );
    }
}

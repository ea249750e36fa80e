//! How fast the scheduler decides, beside the least that any look at all hosts costs.
//!
//! `cargo bench --bench scheduler` takes fleets of 1,000, 10,000 and 100,000 unlike hosts through a
//! stream of requests of all sizes, some for a zone, some for a server group, with the filters and
//! weighers of Nova's defaults; the fleet is updated after each decision. Each decision is followed
//! by the floor: one pass over plain columns, those that the request needs, of the same hosts.
//! `-- --quick` sees whether it runs. The workload repeats from a seed; `-- --write FILE` writes it
//! as JSON, `-- --decisions FILE` what was decided, for `benches/peers/`.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures the machine's time and speaks to a person"
)]

mod decisions;
mod floor;
mod groups;
mod memory;
mod ours;
mod stream;
mod times;
mod updates;
mod workload;

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use clap::Parser;

use ours::Ours;
use workload::Workload;

/// How fast the scheduler decides.
#[derive(Parser)]
struct Options {
    /// How many hosts (may be repeated)
    #[arg(long, default_values_t = [1_000, 10_000, 100_000])]
    hosts: Vec<usize>,
    /// How many requests the stream has
    #[arg(long, default_value_t = 1_000)]
    requests: usize,
    /// What the workload is made from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often everything is measured; the medians are shown
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Only see whether it runs
    #[arg(long)]
    quick: bool,
    /// Write the workload here as JSON, and measure nothing
    #[arg(long)]
    write: Option<PathBuf>,
    /// Write what is decided for the stream here as JSON, and measure nothing else
    #[arg(long)]
    decisions: Option<PathBuf>,
    /// What `cargo bench` says
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let mut options = Options::parse();
    if options.quick {
        (options.hosts, options.requests, options.runs) = (vec![200], 100, 1);
    }
    for hosts in options.hosts {
        let workload = Workload::new(hosts, options.requests, options.seed);
        if let Some(path) = &options.write {
            write(path, &workload);
        }
        if let Some(path) = &options.decisions {
            write(path, &decisions::take(&workload));
        }
        if options.write.is_none() && options.decisions.is_none() {
            measure(&workload, options.runs);
        }
    }
}

fn write(path: &Path, value: &impl serde::Serialize) {
    let file = BufWriter::new(File::create(path).unwrap());
    serde_json::to_writer(file, value).unwrap();
    println!("wrote {}", path.display());
}

fn measure(workload: &Workload, runs: usize) {
    let before = memory::live();
    let ours = Ours::new(workload);
    let bytes = memory::live() - before;
    let hosts = workload.hosts.len();
    println!(
        "{hosts} hosts, {} bytes each; {} requests; medians of {runs} runs",
        bytes / hosts,
        workload.requests.len(),
    );
    stream::measure(workload, &ours, runs);
    groups::measure(workload, &ours, runs);
    updates::measure(workload, &ours, runs);
    println!();
}

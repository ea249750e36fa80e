//! A trace of servers, driven through two schedulers.
//!
//! `cargo run --release --example replay` replays the sample that comes with `nova-sched` under
//! Nova's default weighers and under weighers that pack, prints both side by side, and draws them.
//! `--trace FILE` takes a trace of your own, `--weighers` and `--compare` other policies; `--help`
//! lists the rest.
//!
//! * `options.rs`: the command line.
//! * `input.rs`: which files make a trace and a fleet.
//! * `packing.rs`: the SQLite file of Azure's packing trace.
//! * `policy.rs`: filters and weighers by name.
//! * `display.rs`: the progress bar and the tables.

#![expect(clippy::print_stderr, reason = "this program speaks to a person")]

mod display;
mod input;
mod options;
mod packing;
mod policy;

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Parser as _;
use nova_sched::replay::{Replay, Report, svg};

use crate::display::{Watch, refusals, say, table};
use crate::options::Options;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    // First, so that a mistake in a policy shows at once and not after the trace is read.
    let schedulers = policy::schedulers(options)?;
    let input = input::read(options)?;
    let trace = &input.trace;
    say(format!(
        "trace {}: {} servers of {} flavors in {} groups over {:.1} hours; {} hosts",
        trace.name(),
        trace.len(),
        trace.flavors().len(),
        trace.groups().len(),
        trace.span().as_secs_f64() / 3600.0,
        input.fleet.len(),
    ))?;
    if input.left_out > 0 {
        let left_out = input.left_out;
        say(format!("{left_out} servers do not run on this machine"))?;
    }

    let replay = Replay::new(trace, input.fleet)
        .with_samples(options.samples)
        .with_seed(options.seed);
    let mut reports: Vec<Report> = Vec::new();
    for (policy, scheduler) in schedulers {
        let mut watch = Watch::new(policy, trace.len());
        reports.push(replay.run_with(policy, &scheduler, &mut watch));
        watch.finish();
    }
    let reports: Vec<&Report> = reports.iter().collect();

    say(table(&reports))?;
    say(refusals(&reports))?;
    if let Some(path) = options.picture() {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        std::fs::write(path, svg::picture(&reports))
            .with_context(|| format!("cannot write {}", path.display()))?;
        say(format!("picture: {}", path.display()))?;
    }
    for report in reports {
        if let Some(invariants) = &report.invariants {
            let first = invariants.violations.first();
            ensure!(
                invariants.hold(),
                "{} broke {} invariants; the first: {first:?}",
                report.policy,
                invariants.broken,
            );
        }
    }
    Ok(())
}

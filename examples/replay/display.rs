//! The progress bar and the tables.

use std::fmt::Display;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use nova_sched::replay::{Comparison, Observer, Progress, Report};

/// Prints a line.
pub fn say(line: impl Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("nobody reads what is said")
}

/// A progress bar and a clock.
pub struct Watch {
    bar: ProgressBar,
    began: Instant,
}

impl Watch {
    #[expect(
        clippy::disallowed_methods,
        reason = "it measures how long the decisions take; none depends on it"
    )]
    pub fn new(policy: &str, servers: usize) -> Self {
        let bar = ProgressBar::new(u64::try_from(servers).unwrap_or(u64::MAX));
        let template = "{prefix:12} {bar:30} {pos}/{len} servers, {per_sec}, {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(policy.to_owned());
        Self {
            bar,
            began: Instant::now(),
        }
    }

    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Watch {
    fn progress(&mut self, progress: &Progress) {
        let arrived = u64::try_from(progress.arrived).unwrap_or(u64::MAX);
        self.bar.set_position(arrived);
        if progress.refused > 0 {
            self.bar
                .set_message(format!("{} refused", progress.refused));
        }
    }

    fn clock(&mut self) -> Option<Duration> {
        Some(self.began.elapsed())
    }
}

/// The reports side by side.
pub fn table(reports: &[&Report]) -> Table {
    let comparison = Comparison::of(reports.iter().copied());
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    for (number, row) in comparison.rows.into_iter().enumerate() {
        let cells = std::iter::once(row.label).chain(row.values);
        if number == 0 {
            table.set_header(cells);
        } else {
            table.add_row(cells);
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Why servers were refused, under each policy.
pub fn refusals(reports: &[&Report]) -> String {
    let mut lines = Vec::new();
    for report in reports {
        for refused in &report.refusals {
            let servers = refused.servers;
            let reason = match &refused.reason {
                Some(reason) => format!(", as of the first: {reason}"),
                None => String::new(),
            };
            let (policy, filter) = (&report.policy, &refused.filter);
            lines.push(format!(
                "{policy}: {servers} refused last by {filter}{reason}"
            ));
        }
    }
    lines.join("\n")
}

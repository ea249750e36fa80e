//! How the tour is shown.

use std::fmt::Display;
use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use nova_sdk::prelude::*;

/// Prints a line. A reader that went away is an error like any other: it ends the tour, and the
/// session is cleaned up (`println!` would end the program on the spot).
pub fn say(line: impl Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}").context("nobody reads what is said")
}

/// A line for each server that is being built. Where the output is no terminal, a line is printed
/// for each that is done.
pub struct Progress {
    lines: MultiProgress,
    total: ProgressBar,
}

/// One server's line.
pub struct Line {
    bar: ProgressBar,
    total: ProgressBar,
}

impl Progress {
    pub fn new(count: u32) -> Self {
        let lines = MultiProgress::new();
        let total = lines.add(ProgressBar::new(count.into()));
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} active, {elapsed}") {
            total.set_style(style);
        }
        total.enable_steady_tick(Duration::from_millis(100));
        Self { lines, total }
    }

    pub fn line(&self, name: String) -> Line {
        let bar = self
            .lines
            .insert_before(&self.total, ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:10} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(name);
        bar.enable_steady_tick(Duration::from_millis(100));
        Line {
            bar,
            total: self.total.clone(),
        }
    }

    pub fn finish(self) {
        self.total.finish_and_clear();
    }
}

impl Line {
    /// Shows what is being done to the server.
    pub fn show(&self, server: &Server) {
        let task = server.task_state.map_or("done", |task| task.as_str());
        let host = server.host.as_ref().map_or("", HostName::as_str);
        self.bar
            .set_message(format!("{:10} {task:12} {host}", server.vm_state));
    }

    pub fn finish(&self, server: &Server) -> anyhow::Result<()> {
        self.total.inc(1);
        self.bar.finish_and_clear();
        if self.bar.is_hidden() {
            say(format!("{} is {}", server.name, server.vm_state))?;
        }
        Ok(())
    }
}

/// The servers as a table.
pub fn table(servers: &[Server]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header([
        "name",
        "id",
        "host",
        "vm state",
        "power state",
        "seconds to active",
    ]);
    for server in servers {
        let host = server.host.as_ref().map_or("-", HostName::as_str);
        let seconds = server.launched_at.map_or_else(
            || "-".to_owned(),
            |launched| {
                format!(
                    "{:.2}",
                    launched.duration_since(server.created_at).as_secs_f64()
                )
            },
        );
        table.add_row([
            server.name.to_string(),
            server.id.to_string(),
            host.to_owned(),
            server.vm_state.to_string(),
            server.power_state.to_string(),
            seconds,
        ]);
    }
    table
}

/// What a guest wrote, made safe for a terminal: a guest may write escape sequences.
pub fn console(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .lines()
        .map(|line| {
            let clean: String = line.chars().filter(|c| !c.is_control()).collect();
            format!("  | {clean}")
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// One operation that was done.
pub fn step(name: &str, server: &Server, took: Duration) -> String {
    format!(
        "{name:12} {:8} {:8} {:8} {:.2} s",
        server.name,
        server.vm_state,
        server.power_state,
        took.as_secs_f64()
    )
}

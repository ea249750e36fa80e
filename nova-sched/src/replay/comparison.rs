//! Reports side by side.

use std::fmt;

use super::{Occupancy, Report};

/// Reports side by side, as rows of text.
///
/// Figures "at the busiest moment" are all of one instant: when most processors were claimed
/// ([`Report::peak`]). `Display` writes a plain table; [`rows`](Self::rows) are for programs with a table of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comparison {
    /// The rows; the first one names the policies.
    pub rows: Vec<ComparisonRow>,
}

/// One figure of each report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComparisonRow {
    /// Which figure.
    pub label: String,
    /// Its value in each report.
    pub values: Vec<String>,
}

impl Comparison {
    /// Compares reports, in this order.
    pub fn of<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Self {
        let reports: Vec<&Report> = reports.into_iter().collect();
        let mut table = Self { rows: Vec::new() };
        let mut row = |label: &str, value: &dyn Fn(&Report) -> String| {
            table.rows.push(ComparisonRow {
                label: label.to_owned(),
                values: reports.iter().map(|report| value(report)).collect(),
            });
        };
        row("policy", &|report| report.policy.clone());
        row("hosts", &|report| report.hosts.to_string());
        row("servers", &|report| report.arrived.to_string());
        row("placed", &|report| report.placed.to_string());
        row("refused", &|report| report.refused.to_string());
        row("… though free altogether", &|report| {
            report.fragmented.to_string()
        });
        for reason in reasons(&reports) {
            let label = format!(
                "… by {}",
                if reason.is_empty() {
                    "no host"
                } else {
                    &reason
                }
            );
            row(&label, &|report| {
                let refused = report.refusals.iter();
                let servers: u64 = refused
                    .filter(|refused| refused.filter == reason)
                    .map(|refused| refused.servers)
                    .sum();
                servers.to_string()
            });
        }
        let disk = reports
            .iter()
            .any(|report| report.peak.disk > 0.0 || report.mean.disk > 0.0);
        shares(&mut row, disk);
        if reports.iter().any(|report| report.invariants.is_some()) {
            row("invariants broken", &|report| {
                report.invariants.as_ref().map_or_else(
                    || "not checked".to_owned(),
                    |invariants| invariants.broken.to_string(),
                )
            });
        }
        if reports.iter().any(|report| report.timing.is_some()) {
            row("decisions per second", &|report| {
                report.timing.map_or_else(String::new, |timing| {
                    format!("{:.0}", timing.decisions_per_second())
                })
            });
            row("seconds altogether", &|report| {
                report.timing.map_or_else(String::new, |timing| {
                    format!("{:.2}", timing.whole.as_secs_f64())
                })
            });
        }
        table
    }
}

/// The filters that refused, each once, in the order in which they first occur.
fn reasons(reports: &[&Report]) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for refused in reports.iter().flat_map(|report| &report.refusals) {
        if !reasons.contains(&refused.filter) {
            reasons.push(refused.filter.clone());
        }
    }
    reasons
}

/// The rows that have a mean, a figure of the busiest moment (when most processors were claimed, see
/// [`Report::peak`]) and an end; those of the disk only where some is claimed.
fn shares(row: &mut impl FnMut(&str, &dyn Fn(&Report) -> String), disk: bool) {
    type Figure = (&'static str, fn(&Occupancy) -> f64, fn(f64) -> String);
    fn per_cent(share: f64) -> String {
        format!("{:.1} %", share * 100.0)
    }
    fn count(number: f64) -> String {
        format!("{number:.1}")
    }
    let figures: [Figure; 7] = [
        ("vCPU claimed", |now| now.vcpus, per_cent),
        ("memory claimed", |now| now.memory, per_cent),
        ("disk claimed", |now| now.disk, per_cent),
        ("vCPU claimed on hosts in use", |now| now.density, per_cent),
        ("empty hosts", |now| now.empty_hosts, count),
        ("vCPU stranded", |now| now.stranded_vcpus, per_cent),
        ("memory stranded", |now| now.stranded_memory, per_cent),
    ];
    for (label, figure, text) in figures {
        if !disk && label.starts_with("disk") {
            continue;
        }
        row(&format!("{label}: mean"), &|report| {
            text(figure(&report.mean))
        });
        row(&format!("{label}: at the busiest moment"), &|report| {
            text(figure(&report.peak))
        });
        row(&format!("{label}: end"), &|report| {
            text(figure(&report.end))
        });
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: &String| text.chars().count();
        let labels = self.rows.iter().map(|row| width(&row.label)).max();
        let values: Vec<usize> = (0..)
            .map_while(|place| {
                let column = self.rows.iter().filter_map(|row| row.values.get(place));
                column.map(width).max()
            })
            .collect();
        for row in &self.rows {
            write!(f, "{:1$}", row.label, labels.unwrap_or(0))?;
            for (value, width) in row.values.iter().zip(&values) {
                write!(f, "  {value:>width$}")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

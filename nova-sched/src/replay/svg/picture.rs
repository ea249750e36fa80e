//! The pictures.

use super::canvas::Canvas;
use super::chart::{Area, Chart, legend};
use super::heat;
use crate::replay::Report;

const WIDTH: u32 = 960;
/// Left of an area, for its labels.
const LEFT: f64 = 60.0;
const CHART: f64 = 150.0;
/// Between areas, for titles and times.
const GAP: f64 = 56.0;

/// How full the fleet was over time, how many hosts were empty and how much memory was stranded,
/// one line per report.
pub fn utilisation(reports: &[&Report]) -> String {
    let mut canvas = Canvas::new(WIDTH);
    let y = charts(&mut canvas, reports);
    canvas.finish(pixels(y))
}

/// How full each host was over time.
pub fn heat_map(report: &Report) -> String {
    let mut canvas = Canvas::new(WIDTH);
    let y = heat_maps(&mut canvas, 30.0, &[report]);
    canvas.finish(pixels(y))
}

/// Both for several reports: lines in one chart, and heat maps beside each other.
///
/// ```
/// use nova_sched::replay::{Replay, sample, svg};
/// use nova_sched::{Fleet, Scheduler};
///
/// let trace = sample()?.truncated(10);
/// let report = Replay::new(&trace, Fleet::default()).run("no hosts", &Scheduler::default());
/// let picture = svg::picture(&[&report]);
/// assert!(picture.starts_with("<svg") && picture.contains("no hosts: 0 placed, 10 refused"));
/// # Ok::<(), nova_sched::replay::TraceError>(())
/// ```
pub fn picture(reports: &[&Report]) -> String {
    let mut canvas = Canvas::new(WIDTH);
    let mut y = charts(&mut canvas, reports);
    for pair in reports.chunks(2) {
        y = heat_maps(&mut canvas, y + 20.0, pair);
    }
    canvas.finish(pixels(y))
}

/// Draws the charts; where they end.
fn charts(canvas: &mut Canvas, reports: &[&Report]) -> f64 {
    legend(canvas, LEFT, 20.0, reports);
    let mut area = Area {
        x: LEFT,
        y: 20.0 + 16.0 * reports.len() as f64 + 20.0,
        width: f64::from(WIDTH) - LEFT - 30.0,
        height: CHART,
    };
    let most = |figure: fn(&Report) -> f64| {
        reports
            .iter()
            .map(|report| figure(report))
            .fold(0.0, f64::max)
    };
    let charts = [
        Chart {
            title: "vCPU claimed",
            figure: |sample| sample.occupancy.vcpus * 100.0,
            most: 100.0,
            unit: " %",
        },
        Chart {
            title: "empty hosts",
            figure: |sample| sample.occupancy.empty_hosts,
            most: most(|report| report.hosts as f64),
            unit: "",
        },
        Chart {
            title: "memory stranded: free on hosts on which no flavor fits",
            figure: |sample| sample.occupancy.stranded_memory * 100.0,
            most: most(|report| {
                let samples = report.samples.iter();
                let shares = samples.map(|sample| sample.occupancy.stranded_memory * 100.0);
                shares.fold(1.0, f64::max).ceil()
            }),
            unit: " %",
        },
    ];
    for chart in charts {
        chart.draw(canvas, area, reports);
        area.y += area.height + GAP;
    }
    area.y - GAP + 30.0
}

/// Draws heat maps beside each other; where they end.
fn heat_maps(canvas: &mut Canvas, y: f64, reports: &[&Report]) -> f64 {
    let share = f64::from(WIDTH) / reports.len().max(1) as f64;
    let height = 256.0;
    for (number, report) in reports.iter().enumerate() {
        let area = Area {
            x: share * number as f64 + LEFT,
            y,
            width: share - LEFT - 30.0,
            height,
        };
        heat::draw(canvas, area, report);
    }
    heat::scale(canvas, LEFT, y + height + 30.0);
    y + height + 64.0
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "heights are small sums of positive numbers"
)]
fn pixels(height: f64) -> u32 {
    height.ceil() as u32
}

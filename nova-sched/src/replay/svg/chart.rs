//! A figure of several reports over time.

use std::time::Duration;

use super::canvas::{Anchor, Canvas, series};
use crate::replay::{Report, Sample};

const GREY: &str = "#dddddd";
const TEXT: &str = "#333333";

/// A chart's place: the area of the lines, without labels.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What a chart shows, from 0 to `most`.
pub(super) struct Chart<'a> {
    pub(super) title: &'a str,
    pub(super) figure: fn(&Sample) -> f64,
    pub(super) most: f64,
    pub(super) unit: &'a str,
}

impl Chart<'_> {
    pub(super) fn draw(&self, canvas: &mut Canvas, area: Area, reports: &[&Report]) {
        let Area {
            x,
            y,
            width,
            height,
        } = area;
        canvas.text(x, y - 8.0, Anchor::Start, TEXT, self.title);
        let ticks = 4;
        for tick in 0..=ticks {
            let share = f64::from(tick) / f64::from(ticks);
            let level = y + height * (1.0 - share);
            canvas.line((x, level), (x + width, level), GREY);
            let label = format!("{}{}", rounded(self.most * share), self.unit);
            canvas.text(x - 6.0, level + 4.0, Anchor::End, TEXT, &label);
        }
        let span = reports.iter().map(|report| report.span).max();
        let span = span.unwrap_or_default();
        time_axis(canvas, area, span);
        let seconds = span.as_secs_f64();
        for (number, report) in reports.iter().enumerate() {
            let points = report.samples.iter().map(|sample| {
                let across = part(sample.at.as_secs_f64(), seconds);
                let up = part((self.figure)(sample), self.most);
                (x + width * across, y + height * (1.0 - up))
            });
            canvas.polyline(points, series(number));
        }
    }
}

/// The names of the reports in the colours of their lines.
pub(super) fn legend(canvas: &mut Canvas, x: f64, y: f64, reports: &[&Report]) {
    for (number, report) in reports.iter().enumerate() {
        let y = y + 16.0 * number as f64;
        canvas.rectangle(x, y - 9.0, 14.0, 9.0, series(number));
        let text = format!(
            "{}: {} placed, {} refused",
            report.policy, report.placed, report.refused
        );
        canvas.text(x + 20.0, y, Anchor::Start, TEXT, &text);
    }
}

/// Marks at equal times below an area.
pub(super) fn time_axis(canvas: &mut Canvas, area: Area, span: Duration) {
    let ticks = 6;
    for tick in 0..=ticks {
        let share = f64::from(tick) / f64::from(ticks);
        let x = area.x + area.width * share;
        let label = time(span.mul_f64(share));
        canvas.text(x, area.y + area.height + 16.0, Anchor::Middle, TEXT, &label);
    }
}

fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        // Days from two of them, hours from two, minutes from two.
        days if days >= 172_800.0 => format!("{} d", rounded(days / 86_400.0)),
        hours if hours >= 7_200.0 => format!("{} h", rounded(hours / 3_600.0)),
        minutes if minutes >= 120.0 => format!("{} min", rounded(minutes / 60.0)),
        seconds => format!("{} s", rounded(seconds)),
    }
}

fn rounded(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// A share between 0 and 1; 0 of nothing.
fn part(amount: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        (amount / whole).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

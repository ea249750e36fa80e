//! A heat map: hosts down, time across.

use std::fmt::Write as _;

use super::canvas::{Anchor, Canvas};
use super::chart::{Area, time_axis};
use crate::replay::Report;

const TEXT: &str = "#333333";

/// From empty to full: the steps of viridis, light first, so that an empty host is bright.
const STEPS: [&str; 11] = [
    "#fde725", "#bddf26", "#7ad151", "#44bf70", "#22a884", "#21918c", "#2a788e", "#355f8d",
    "#414487", "#482475", "#440154",
];

/// The most columns that are drawn: neighbours are merged beyond.
const COLUMNS: usize = 120;
/// The most rows.
const ROWS: usize = 64;

pub(super) fn draw(canvas: &mut Canvas, area: Area, report: &Report) {
    let Area {
        x,
        y,
        width,
        height,
    } = area;
    let title = format!("{}: vCPU claimed, by host", report.policy);
    canvas.text(x, y - 8.0, Anchor::Start, TEXT, &title);
    let hosts = report.hosts.to_string();
    canvas.text(x - 6.0, y + 10.0, Anchor::End, TEXT, "1");
    canvas.text(x - 6.0, y + height, Anchor::End, TEXT, &hosts);
    let cells = cells(report);
    let (across, down) = (cells.len(), cells.first().map_or(0, Vec::len));
    if across > 0 && down > 0 {
        let paths = paths(&cells);
        canvas.scaled_paths(
            (x, y),
            (width / across as f64, height / down as f64),
            STEPS
                .iter()
                .copied()
                .zip(paths.iter().map(String::as_str))
                .filter(|(_, path)| !path.is_empty()),
        );
    }
    time_axis(canvas, area, report.span);
}

/// What the colours mean.
pub(super) fn scale(canvas: &mut Canvas, x: f64, y: f64) {
    for (step, colour) in STEPS.iter().enumerate() {
        let x = x + 20.0 * step as f64;
        canvas.rectangle(x, y, 20.0, 10.0, colour);
    }
    canvas.text(x, y + 24.0, Anchor::Start, TEXT, "empty");
    canvas.text(
        x + 20.0 * STEPS.len() as f64,
        y + 24.0,
        Anchor::End,
        TEXT,
        "full",
    );
}

/// The steps, by column and row, as many as are drawn.
fn cells(report: &Report) -> Vec<Vec<usize>> {
    let map = &report.heat_map;
    let across = map.columns.len().div_ceil(COLUMNS).max(1);
    let down = map.rows.div_ceil(ROWS).max(1);
    let step = |per_cent: usize| (per_cent + 5) / 10;
    map.columns
        .chunks(across)
        .map(|columns| {
            (0..map.rows)
                .step_by(down)
                .map(|row| {
                    let cells = columns
                        .iter()
                        .flat_map(|column| column.iter().skip(row).take(down));
                    let (sum, count) = cells.fold((0, 0), |(sum, count), cell| {
                        (sum + usize::from(*cell), count + 1)
                    });
                    step(sum / usize::max(count, 1)).min(STEPS.len() - 1)
                })
                .collect()
        })
        .collect()
}

/// One path per step, with equal neighbours in a row as one rectangle.
fn paths(cells: &[Vec<usize>]) -> Vec<String> {
    let mut paths = vec![String::new(); STEPS.len()];
    let rows = cells.first().map_or(0, Vec::len);
    for row in 0..rows {
        let mut steps = cells
            .iter()
            .map(|column| column.get(row).copied().unwrap_or(0))
            .enumerate()
            .peekable();
        while let Some((from, step)) = steps.next() {
            let mut length = 1;
            while steps.next_if(|(_, next)| *next == step).is_some() {
                length += 1;
            }
            if let Some(path) = paths.get_mut(step) {
                // Writing into a String cannot fail.
                let _ = write!(path, "M{from} {row}h{length}v1h-{length}z");
            }
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_neighbours_are_one_rectangle() {
        let cells = vec![vec![0, 3], vec![0, 3], vec![10, 3]];
        let paths = paths(&cells);
        assert_eq!(paths[0], "M0 0h2v1h-2z");
        assert_eq!(paths[3], "M0 1h3v1h-3z");
        assert_eq!(paths[10], "M2 0h1v1h-1z");
        assert_eq!(paths.iter().filter(|path| !path.is_empty()).count(), 3);
    }
}

//! SVG as text.

use std::fmt::Write as _;

/// The text of a picture, as far as it is drawn.
pub(super) struct Canvas {
    width: u32,
    body: String,
}

/// Where a text stands relative to its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// The colours of series: Okabe and Ito's, which colour-blind readers can tell apart.
const SERIES: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00",
];

/// The colour of the series of a number.
pub(super) fn series(number: usize) -> &'static str {
    SERIES[number % SERIES.len()]
}

impl Canvas {
    pub(super) fn new(width: u32) -> Self {
        Self {
            width,
            body: String::new(),
        }
    }

    /// The picture, of the height that was drawn.
    pub(super) fn finish(self, height: u32) -> String {
        let Self { width, body } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }

    pub(super) fn text(&mut self, x: f64, y: f64, anchor: Anchor, colour: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.line_of(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.line_of(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\"/>"
        ));
    }

    pub(super) fn polyline(&mut self, points: impl Iterator<Item = (f64, f64)>, colour: &str) {
        let mut list = String::new();
        for (x, y) in points {
            // Writing into a String cannot fail.
            let _ = write!(list, "{x:.1},{y:.1} ");
        }
        let list = list.trim_end();
        self.line_of(format_args!(
            "<polyline points=\"{list}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>"
        ));
    }

    pub(super) fn rectangle(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) {
        self.line_of(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>"
        ));
    }

    /// Paths in units of their own: `scale` of them make one of the picture's.
    pub(super) fn scaled_paths<'a>(
        &mut self,
        at: (f64, f64),
        scale: (f64, f64),
        paths: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        let ((x, y), (across, down)) = (at, scale);
        self.line_of(format_args!(
            "<g transform=\"translate({x:.1} {y:.1}) scale({across:.4} {down:.4})\" shape-rendering=\"crispEdges\">"
        ));
        for (colour, path) in paths {
            self.line_of(format_args!("<path fill=\"{colour}\" d=\"{path}\"/>"));
        }
        self.line_of(format_args!("</g>"));
    }

    fn line_of(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing into a String cannot fail.
        let _ = writeln!(self.body, "{line}");
    }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // XML has no way to write these.
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_element() {
        assert_eq!(escape("a<b>&\u{1}\"c"), "a&lt;b&gt;&amp; \"c");
    }
}

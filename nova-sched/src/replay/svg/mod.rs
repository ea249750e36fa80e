//! Pictures of replays, as SVG text: no font and no script is fetched, and equal reports give equal
//! text.

mod canvas;
mod chart;
mod heat;
mod picture;

pub use picture::{heat_map, picture, utilisation};

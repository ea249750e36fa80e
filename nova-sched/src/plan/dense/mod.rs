//! The best few hosts for one server, by one pass over the columns that count.
//!
//! It gives what [`Ranking`](super::ranking::Ranking) gives, bit for bit, but reckons weights for
//! every row of the fleet first with a multiplication where Nova's formula divides. What that can
//! be wrong by is known; only the hosts that could be among the best by it are weighed by the exact
//! formula.

mod contenders;
mod sums;
mod term;

pub(crate) use sums::{Dense, Outcome};

use crate::fleet::MeasureColumn;

/// The most hosts that are looked for.
pub(crate) const MOST: usize = 32;

/// How many hosts are reckoned together.
const GROUP: usize = MeasureColumn::GROUP;

/// The higher of two numbers, as one instruction does it.
fn higher(one: f64, other: f64) -> f64 {
    if other > one { other } else { one }
}

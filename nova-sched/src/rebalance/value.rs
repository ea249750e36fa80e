//! What is proposed.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::fleet::Fleet;
use crate::moves::ServerMove;

/// Moves that raise a score, in the order in which they are to be made: none of them puts a server
/// onto a host that has no room for it at that time, and each makes the fleet better than it was,
/// so one can stop after any of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RebalancePlan {
    /// The generation of the fleet that it was made from.
    pub generation: u64,
    /// The name of the score.
    pub score: String,
    /// The score of the fleet as it is.
    pub before: f64,
    /// The score after all moves.
    pub after: f64,
    /// What to do, in order.
    pub moves: Vec<ScoredMove>,
    /// Why there are no more.
    pub ending: Ending,
}

/// One move, and what it is good for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScoredMove {
    /// Which server goes where.
    #[serde(flatten)]
    pub server_move: ServerMove,
    /// By how much it raises the score.
    pub gain: f64,
}

/// Why a rebalance plan has no more moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// No single move raises the score.
    NoGain,
    /// There are as many as were allowed.
    MostMoves,
}

impl RebalancePlan {
    /// The fleet as it is after all moves. What is free is not checked.
    ///
    /// # Errors
    /// [`Error::UnknownServer`](crate::Error::UnknownServer),
    /// [`Error::UnknownHost`](crate::Error::UnknownHost),
    /// [`Error::HardwareClaim`](crate::Error::HardwareClaim): the fleet is another one than the
    /// plan was made from.
    pub fn apply(&self, fleet: &Fleet) -> Result<Fleet> {
        let mut fleet = fleet.clone();
        for ScoredMove { server_move, .. } in &self.moves {
            server_move.apply(&mut fleet)?;
        }
        Ok(fleet)
    }
}

impl fmt::Display for RebalancePlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, score) = (self.moves.len(), &self.score);
        let raise = if count == 1 { " raises" } else { "s raise" };
        let ending = match self.ending {
            Ending::NoGain => "no other move raises it",
            Ending::MostMoves => "no more were allowed",
        };
        writeln!(
            f,
            "{count} move{raise} {score} from {:.4} to {:.4}; {ending}.",
            self.before, self.after
        )?;
        for (number, scored) in (1..).zip(&self.moves) {
            let ScoredMove { server_move, gain } = scored;
            writeln!(f, "  {number}. {server_move} (+{gain:.4})")?;
        }
        Ok(())
    }
}

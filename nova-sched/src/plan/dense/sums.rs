//! What all weighers together say of every host.

use super::GROUP;
use super::contenders::Contenders;
use super::term::Term;
use crate::candidates::Candidates;
use crate::explain::WeightPart;
use crate::fleet::{Fleet, HostIndex};
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

/// One host of this many must be left.
const SPARSE: usize = 8;

/// What every weigher says of the hosts that are left, as far as it is needed.
pub(crate) struct Dense<'a> {
    fleet: &'a Fleet,
    candidates: &'a Candidates,
    terms: Vec<Term<'a>>,
}

/// The best hosts, and what the weighers had to do with it.
pub(crate) struct Outcome {
    /// Best first, the earlier of equal ones first, with their weights.
    pub(crate) best: Vec<(HostIndex, f64)>,
    /// How many hosts weigh as much as the best.
    pub(crate) tied: usize,
    /// The host that would be best without each weigher.
    pub(crate) without: Vec<HostIndex>,
}

impl<'a> Dense<'a> {
    /// `None` where the other way is better or the only one: few hosts are left. With `all`,
    /// weighers that add nothing to any weight are kept.
    pub(crate) fn of(
        scheduler: &Scheduler,
        fleet: &'a Fleet,
        request: &PlacementRequest,
        candidates: &'a Candidates,
        all: bool,
    ) -> Option<Self> {
        if candidates.len() < 2 || candidates.len() * SPARSE < fleet.len() {
            return None;
        }
        let terms: Vec<Term<'_>> = scheduler
            .weighers()
            .filter_map(|weigher| Term::of(weigher, fleet, request, candidates, all))
            .collect();
        if terms.iter().any(|term| !term.reach().is_finite()) {
            return None;
        }
        Some(Self {
            fleet,
            candidates,
            terms,
        })
    }

    /// The best `limit` hosts, best first and the earlier of equal ones first, and their weights;
    /// `None` if a weight is no number.
    pub(crate) fn best(&self, limit: usize) -> Option<Vec<(HostIndex, f64)>> {
        let mut found = Contenders::new(limit, self.slack());
        let exact = |row| self.exact(row, None);
        for group in 0..self.fleet.len().div_ceil(GROUP) {
            let word = self.candidates.word(group);
            if word == 0 {
                continue;
            }
            let mut sums = [0.0; GROUP];
            let terms = self.terms.iter().filter(|term| !term.idle);
            let same: f64 = terms.map(|term| term.add(group, &mut sums)).sum();
            for sum in &mut sums {
                *sum += same;
            }
            found.offer(group, word, &sums, exact);
        }
        let best = found.finish(exact);
        best.is_sound().then(|| best.into_hosts())
    }

    /// The same, and what would be without each of the weighers.
    pub(crate) fn outcome(&self, limit: usize) -> Option<Outcome> {
        let slack = self.slack();
        let mut found = Contenders::new(limit, slack);
        let mut without: Vec<Contenders> = self
            .terms
            .iter()
            .map(|_| Contenders::new(1, slack))
            .collect();
        self.sweep(|group, word, sums, parts| {
            found.offer(group, word, sums, |row| self.exact(row, None));
            let each = without.iter_mut().zip(parts).zip(&self.terms);
            for (left_out, ((found, part), term)) in each.enumerate() {
                if !term.idle {
                    let mut rest = *sums;
                    for (rest, part) in rest.iter_mut().zip(part) {
                        *rest -= part;
                    }
                    found.offer(group, word, &rest, |row| self.exact(row, Some(left_out)));
                }
            }
        });
        let best = found.finish(|row| self.exact(row, None));
        let mut sound = best.is_sound();
        let tied = best.tied;
        let best = best.into_hosts();
        let (winner, _) = *best.first()?;
        let mut otherwise = Vec::with_capacity(self.terms.len());
        for (left_out, found) in without.into_iter().enumerate() {
            let others = found.finish(|row| self.exact(row, Some(left_out)));
            sound &= others.is_sound();
            let first = others.into_hosts().first().map(|(host, _)| *host);
            otherwise.push(first.unwrap_or(winner));
        }
        sound.then_some(Outcome {
            best,
            tied,
            without: otherwise,
        })
    }

    /// The weight of a row by Nova's formula, without one of the terms if that is said.
    fn exact(&self, row: usize, left_out: Option<usize>) -> f64 {
        let terms = self.terms.iter().enumerate();
        terms
            .filter(|(place, term)| !term.idle && Some(*place) != left_out)
            .fold(0.0, |total, (_, term)| total + term.exact(row))
    }

    /// What each weigher adds to the weight of a host; for all weighers only where all were kept.
    pub(crate) fn parts(&self, host: HostIndex) -> Vec<WeightPart> {
        let row = host.get();
        self.terms
            .iter()
            .map(|term| WeightPart::new(term.raw(row), term.normalised(row), term.multiplier(row)))
            .collect()
    }

    /// What the sums of a sweep can be wrong by, with a margin: each term is wrong by some units
    /// in the last place of what it can reach, and so is each sum.
    fn slack(&self) -> f64 {
        let reach: f64 = self.terms.iter().map(Term::reach).sum();
        128.0 * f64::EPSILON * reach
    }

    /// Hands over, group by group, which hosts are left, about what they weigh, and of what that is
    /// made.
    fn sweep(&self, mut take: impl FnMut(usize, u64, &[f64; GROUP], &[[f64; GROUP]])) {
        let mut parts = vec![[0.0; GROUP]; self.terms.len()];
        for group in 0..self.fleet.len().div_ceil(GROUP) {
            let word = self.candidates.word(group);
            if word == 0 {
                continue;
            }
            let mut sums = [0.0; GROUP];
            for (term, part) in self.terms.iter().zip(&mut parts) {
                if !term.idle {
                    term.write(group, part);
                    for (sum, part) in sums.iter_mut().zip(part) {
                        *sum += *part;
                    }
                }
            }
            take(group, word, &sums, &parts);
        }
    }
}

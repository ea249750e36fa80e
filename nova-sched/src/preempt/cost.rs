//! How bad it is to make room in one way, to find the least.

use std::cmp::Reverse;

/// Fewest stops, then fewest moves, then the lowest priorities: of those that are stopped the
/// highest counts first, then the next; then of those that are moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    stops: usize,
    moves: usize,
    stopped: Vec<i32>,
    moved: Vec<i32>,
}

impl Cost {
    pub(super) fn new(mut stopped: Vec<i32>, mut moved: Vec<i32>) -> Self {
        stopped.sort_unstable_by_key(|priority| Reverse(*priority));
        moved.sort_unstable_by_key(|priority| Reverse(*priority));
        Self {
            stops: stopped.len(),
            moves: moved.len(),
            stopped,
            moved,
        }
    }

    /// No way costs less that has to remove so many of servers of these priorities, lowest first,
    /// and can move at most so many of them.
    pub(super) fn at_least(needed: usize, movable: usize, lowest_first: &[i32]) -> Self {
        let stops = needed.saturating_sub(movable);
        let lowest = |count: usize| lowest_first.iter().take(count).copied().collect();
        Self::new(lowest(stops), lowest(needed.saturating_sub(stops)))
    }

    pub(super) fn stops(&self) -> usize {
        self.stops
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_count_before_moves_and_moves_before_priorities() {
        let costs = [
            Cost::new(vec![], vec![]),
            Cost::at_least(1, 1, &[-5, 7]),
            Cost::new(vec![], vec![9]),
            Cost::new(vec![], vec![1, 2]),
            Cost::new(vec![], vec![2, 2]),
            Cost::new(vec![], vec![0, 3]),
            Cost::new(vec![0], vec![]),
            Cost::new(vec![1], vec![]),
            Cost::new(vec![0], vec![0]),
        ];
        assert!(costs.is_sorted_by(|one, other| one < other), "{costs:?}");
        assert_eq!(costs[6].stops(), 1);
        assert_eq!(
            Cost::at_least(3, 1, &[1, 2, 3, 4]),
            Cost::new(vec![1, 2], vec![1])
        );
    }
}

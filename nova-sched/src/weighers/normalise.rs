//! Raw weights to a common scale.

/// Puts raw weights onto the scale 0 to 1, as Nova's `weights.normalize` does:
/// (raw − min) / (max − min).
///
/// `max` is the highest of the weights. `min` is the lowest of them, or `lower_bound` if there is
/// one; then weights below it are raised to it first. If `min` and `max` are equal, all become
/// 0. Weights that are no finite numbers count as the lowest.
///
/// ```
/// use nova_sched::weighers::normalise;
///
/// let mut free_ram = [512.0, 2048.0, -100.0];
/// normalise(&mut free_ram, Some(0.0));
/// assert_eq!(free_ram, [0.25, 1.0, 0.0]);
///
/// let mut versions = [5.0, 7.0, 6.0];
/// normalise(&mut versions, None);
/// assert_eq!(versions, [0.0, 1.0, 0.5]);
/// ```
pub fn normalise(weights: &mut [f64], lower_bound: Option<f64>) {
    let scale = Scale::of(weights, lower_bound);
    for weight in weights {
        *weight = scale.normalise(*weight);
    }
}

/// From where to where a weigher's raw weights reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    /// 0 if all are equal, or there is none.
    range: f64,
    bounded: bool,
}

impl Scale {
    pub(crate) fn of(weights: &[f64], lower_bound: Option<f64>) -> Self {
        Self::over(weights.iter().copied(), lower_bound)
    }

    pub(crate) fn over(weights: impl Iterator<Item = f64>, lower_bound: Option<f64>) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        if let Some(bound) = lower_bound {
            low = bound;
            for weight in weights {
                // `f64::max` also turns a NaN into the bound.
                let weight = weight.max(bound);
                if weight < f64::INFINITY {
                    high = high.max(weight);
                }
            }
        } else {
            for weight in weights {
                if weight.is_finite() {
                    low = low.min(weight);
                    high = high.max(weight);
                }
            }
        }
        Self::between(low, high, lower_bound)
    }

    /// Between the lowest and the highest of finite weights.
    pub(crate) fn between(low: f64, high: f64, lower_bound: Option<f64>) -> Self {
        let low = lower_bound.unwrap_or(low);
        let high = high.max(low);
        let range = high - low;
        Self {
            low,
            high,
            range: if range > 0.0 { range } else { 0.0 },
            bounded: lower_bound.is_some(),
        }
    }

    /// Whether every weight comes to 0.
    pub(crate) fn is_flat(self) -> bool {
        self.range <= 0.0
    }

    /// Where a weight lies, from 0 to 1.
    pub(crate) fn normalise(self, weight: f64) -> f64 {
        let weight = weight.max(self.low);
        if !(self.range > 0.0 && weight < f64::INFINITY) {
            0.0
        } else if self.range < f64::INFINITY {
            (weight - self.low) / self.range
        } else {
            // Further apart than numbers reach.
            (weight / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        }
    }

    /// Where it begins.
    pub(crate) fn low(self) -> f64 {
        self.low
    }

    /// What differences are to be multiplied by, on a scale that is not flat.
    pub(crate) fn inverse(self) -> f64 {
        1.0 / self.range
    }

    /// The largest number that comes up when a weight is multiplied by [`inverse`](Self::inverse),
    /// on a scale that is not flat.
    pub(crate) fn reach(self) -> f64 {
        if self.is_flat() {
            return 1.0;
        }
        1.0 + self.low.abs().max(self.high.abs()) / self.range
    }

    /// A finite weight that is normalised to the same.
    pub(crate) fn tame(self, weight: f64) -> f64 {
        if weight.is_finite() { weight } else { self.low }
    }

    /// Whether the scale may be another without one of the weights that it was made from.
    pub(crate) fn hangs_on(self, weight: f64) -> bool {
        weight >= self.high || (!self.bounded && weight <= self.low)
    }

    /// Whether one more weight leaves the scale as it is.
    pub(crate) fn holds(self, weight: f64) -> bool {
        !weight.is_finite() || (weight <= self.high && (self.bounded || weight >= self.low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalised(weights: &[f64], lower_bound: Option<f64>) -> Vec<f64> {
        let mut weights = weights.to_vec();
        normalise(&mut weights, lower_bound);
        weights
    }

    #[test]
    fn formulas_of_nova_by_hand() {
        let zero = Some(0.0);
        assert_eq!(normalised(&[], zero), [0.0; 0]);
        // Equal and above the bound: all 1; equal and at it: all 0.
        assert_eq!(normalised(&[60.0, 60.0], zero), [1.0, 1.0]);
        assert_eq!(normalised(&[0.0, 0.0], zero), [0.0, 0.0]);
        assert_eq!(normalised(&[-5.0, -7.0], zero), [0.0, 0.0]);
        // Equal, no bound: all 0.
        assert_eq!(normalised(&[60.0, 60.0], None), [0.0, 0.0]);
        assert_eq!(
            normalised(&[150.0, 51.0, 220.0], zero),
            [150.0 / 220.0, 51.0 / 220.0, 1.0]
        );
        assert_eq!(normalised(&[-4.0, 0.0, 12.0], None), [0.0, 0.25, 1.0]);
    }

    #[test]
    fn weights_may_be_further_apart_than_numbers_reach() {
        assert_eq!(normalised(&[-1e308, 1e308, 0.0], None), [0.0, 1.0, 0.5]);
    }

    #[test]
    fn what_is_no_number_is_the_lowest() {
        assert_eq!(
            normalised(&[f64::NAN, 1.0, 3.0, f64::INFINITY], None),
            [0.0, 0.0, 1.0, 0.0]
        );
        assert_eq!(normalised(&[f64::NAN, 1.0], Some(0.0)), [0.0, 1.0]);
        assert_eq!(normalised(&[f64::NAN], None), [0.0]);
    }
}

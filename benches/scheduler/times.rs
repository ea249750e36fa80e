//! How long calls took.

use std::time::{Duration, Instant};

/// How long each of some calls took.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let value = std::hint::black_box(call());
        self.0.push(began.elapsed());
        value
    }

    /// How many calls a second.
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
        let calls = self.0.len() as f64;
        calls / self.seconds()
    }

    pub fn seconds(&self) -> f64 {
        self.0.iter().sum::<Duration>().as_secs_f64()
    }

    /// What so many of 100 calls stayed within, in microseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let place = sorted.len() * percent / 100;
        sorted
            .get(place.min(sorted.len().saturating_sub(1)))
            .map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
    }
}

/// The middle of what each run says.
pub fn median<T>(runs: &[T], value: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

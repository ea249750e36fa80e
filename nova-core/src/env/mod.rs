//! The only source of time, ids and randomness.
//!
//! Code that decides anything takes an [`Env`] and asks it. In production that is
//! [`Env::system`]; in a test or a simulation it is `Env::simulated` (feature `tokio`) or
//! [`Env::with_clock`], where the same seed gives the same ids, the same random choices and,
//! under tokio's paused time, the same instants.
//!
//! Sleeping is tokio's (`tokio::time::sleep`), which a paused runtime advances by itself.

mod clock;
mod timestamp;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha12Rng;
use uuid::Uuid;

#[cfg(feature = "tokio")]
pub use clock::TokioClock;
pub use clock::{Clock, ManualClock, SystemClock};
pub use timestamp::Timestamp;

/// A cheap handle on a clock and a random source.
///
/// ```
/// use nova_core::env::{Env, ManualClock, Timestamp};
///
/// let start = Timestamp::from_micros(1_700_000_000_000_000);
/// let one = Env::with_clock(7, ManualClock::new(start));
/// let two = Env::with_clock(7, ManualClock::new(start));
/// assert_eq!(one.uuid(), two.uuid());
/// assert_eq!(one.now(), start);
/// ```
#[derive(Clone)]
pub struct Env {
    inner: Arc<Inner>,
}

struct Inner {
    clock: Box<dyn Clock>,
    random: Mutex<ChaCha12Rng>,
}

impl Env {
    /// The machine's clock, and randomness that cannot be foretold.
    ///
    /// # Panics
    /// If the operating system cannot give random bytes, which leaves no safe way to go on.
    #[expect(
        clippy::expect_used,
        reason = "without entropy every id would be predictable"
    )]
    pub fn system() -> Self {
        let random = ChaCha12Rng::try_from_rng(&mut rand::rngs::SysRng)
            .expect("the operating system gives random bytes");
        Self::from_parts(Box::new(SystemClock), random)
    }

    /// The given clock, and randomness that repeats from `seed`.
    pub fn with_clock(seed: u64, clock: impl Clock) -> Self {
        Self::from_parts(Box::new(clock), ChaCha12Rng::seed_from_u64(seed))
    }

    /// Virtual time that follows tokio's, and randomness that repeats from `seed`.
    ///
    /// Call it inside a runtime. The clock starts at 2024-01-01T00:00:00Z, whatever the machine's
    /// clock says, so that two runs are the same.
    #[cfg(feature = "tokio")]
    pub fn simulated(seed: u64) -> Self {
        Self::with_clock(seed, TokioClock::starting_at(TokioClock::EPOCH))
    }

    fn from_parts(clock: Box<dyn Clock>, random: ChaCha12Rng) -> Self {
        Self {
            inner: Arc::new(Inner {
                clock,
                random: Mutex::new(random),
            }),
        }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// A new UUID, version 7: ordered by time to the millisecond, random below that.
    pub fn uuid(&self) -> Uuid {
        let millis = u64::try_from(self.now().as_micros() / 1000).unwrap_or(0);
        let mut bytes = [0; 10];
        self.with_random(|random| random.fill_bytes(&mut bytes));
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// 64 random bits.
    pub fn random_u64(&self) -> u64 {
        self.with_random(|random| random.next_u64())
    }

    /// Fills the bytes at random. Those of [`Env::system`] are fit for a secret key; those of a
    /// seed repeat.
    pub fn fill_random(&self, bytes: &mut [u8]) {
        self.with_random(|random| random.fill_bytes(bytes));
    }

    /// A random index below `bound`, each equally likely; `None` if `bound` is zero.
    pub fn random_index(&self, bound: usize) -> Option<usize> {
        if bound == 0 {
            return None;
        }
        Some(self.with_random(|random| rand::RngExt::random_range(random, 0..bound)))
    }

    /// A random duration between the two, both included, for jitter; `low` if `high` is less.
    pub fn random_duration(&self, low: Duration, high: Duration) -> Duration {
        if high <= low {
            return low;
        }
        self.with_random(|random| rand::RngExt::random_range(random, low..=high))
    }

    /// Puts a slice into a random order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        self.with_random(|random| rand::seq::SliceRandom::shuffle(items, random));
    }

    fn with_random<T>(&self, use_it: impl FnOnce(&mut ChaCha12Rng) -> T) -> T {
        // A panic in between leaves the generator whole: it holds nothing but its counter.
        use_it(
            &mut self
                .inner
                .random
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The generator's state would let a reader of the log foretell ids.
        f.debug_struct("Env")
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_run() {
        let run = |seed| {
            let env = Env::with_clock(seed, ManualClock::new(Timestamp::from_micros(5_000_000)));
            let mut order: Vec<u32> = (0..32).collect();
            env.shuffle(&mut order);
            (env.uuid(), env.random_u64(), env.random_index(1000), order)
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn uuids_are_version_7_and_follow_the_clock() {
        let clock = ManualClock::new(Timestamp::from_micros(1_000_000));
        let env = Env::with_clock(1, clock.clone());
        let first = env.uuid();
        clock.advance(Duration::from_millis(2));
        let second = env.uuid();
        assert_eq!(first.get_version_num(), 7);
        assert!(first < second);
    }

    #[test]
    fn an_index_below_nothing_is_none() {
        assert_eq!(Env::system().random_index(0), None);
        assert_eq!(Env::system().random_index(1), Some(0));
    }

    #[cfg(feature = "tokio")]
    #[tokio::test(start_paused = true)]
    async fn simulated_time_is_tokios() {
        let env = Env::simulated(3);
        let before = env.now();
        tokio::time::sleep(Duration::from_secs(3600)).await;
        assert_eq!(env.now().duration_since(before), Duration::from_secs(3600));
        assert_eq!(before.to_string(), "2024-01-01T00:00:00Z");
    }
}

//! Running again what lost a race.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::counters::Counters;
use super::fate::Race;
use super::options::SqlOptions;

/// The longest pause between two attempts.
const MAX_PAUSE: Duration = Duration::from_millis(500);

/// Does the work, and again if the database undid it because of another's; as often and for as
/// long as the options say.
pub(super) async fn retried<T, E, F>(
    options: &SqlOptions,
    counters: &Counters,
    lost_race: impl Fn(&E) -> Option<Race>,
    work: impl Fn() -> F,
) -> Result<T, E>
where
    E: Display,
    F: Future<Output = Result<T, E>>,
{
    let began = Instant::now();
    let mut attempt = 1;
    loop {
        let error = match work().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let Some(race) = lost_race(&error) else {
            return Err(error);
        };
        if attempt >= options.attempts || began.elapsed() >= options.retry_timeout {
            counters.gave_up();
            tracing::warn!(attempt, race = race.as_str(), %error, "lost a race too often, giving up");
            return Err(error);
        }
        counters.retried(race);
        tracing::debug!(attempt, race = race.as_str(), %error, "lost a race, trying again");
        tokio::time::sleep(pause(options, attempt)).await;
        attempt += 1;
    }
}

/// Anything up to 10 ms, doubled with each attempt: those that met do not meet again.
fn pause(options: &SqlOptions, attempt: u32) -> Duration {
    let ceiling = Duration::from_millis(5).saturating_mul(1 << attempt.min(10));
    options
        .env
        .random_duration(Duration::ZERO, ceiling.min(MAX_PAUSE))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::Env;
    use crate::env::{ManualClock, Timestamp};

    async fn losing(options: &SqlOptions, counters: &Counters, losses: u32) -> Result<u32, u32> {
        let tries = Cell::new(0);
        let work = || async {
            tries.set(tries.get() + 1);
            match tries.get() <= losses {
                true => Err(tries.get()),
                false => Ok(tries.get()),
            }
        };
        retried(options, counters, |_| Some(Race::Deadlock), work).await
    }

    #[tokio::test(start_paused = true)]
    async fn so_many_attempts_and_no_more() {
        let (options, counters) = (SqlOptions::default().attempts(3), Counters::default());
        assert_eq!(losing(&options, &counters, 2).await, Ok(3));
        assert_eq!(counters.read().deadlocks, 2);
        assert_eq!(losing(&options, &counters, 3).await, Err(3));
        assert_eq!((counters.read().retries(), counters.read().gave_up), (4, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempt_is_begun_when_the_time_is_over() {
        let options = SqlOptions::default()
            .attempts(1_000_000)
            .retry_timeout(Duration::from_secs(20));
        let (counters, began) = (Counters::default(), Instant::now());
        losing(&options, &counters, u32::MAX).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(21));
        assert!(counters.read().deadlocks > 20);
    }

    #[tokio::test]
    async fn what_lost_no_race_is_not_run_again() {
        let tries = Cell::new(0);
        let work = || async {
            tries.set(tries.get() + 1);
            Err::<(), _>("refused")
        };
        let counters = Counters::default();
        let result = retried(&SqlOptions::default(), &counters, |_| None, work).await;
        assert_eq!((result, tries.get()), (Err("refused"), 1));
        assert_eq!(counters.read().gave_up, 0);
    }

    #[test]
    fn pauses_grow_have_a_ceiling_and_come_from_the_seed() {
        let pauses = |seed| {
            let env = Env::with_clock(seed, ManualClock::new(Timestamp::EPOCH));
            let options = SqlOptions::default().env(env);
            (1..100).map(|n| pause(&options, n)).collect::<Vec<_>>()
        };
        let drawn = pauses(1);
        assert_eq!(drawn, pauses(1));
        assert_ne!(drawn, pauses(2));
        assert!(drawn[0] <= Duration::from_millis(10));
        assert!(drawn.iter().all(|pause| *pause <= MAX_PAUSE));
        assert!(drawn.iter().any(|pause| *pause > MAX_PAUSE / 2));
    }
}

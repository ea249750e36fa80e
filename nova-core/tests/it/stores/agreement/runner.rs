//! Runs sequences of calls on two stores.

use std::time::Duration;

use nova_core::env::{ManualClock, Timestamp};
use nova_core::repository::Store;
use nova_core::repository::memory::MemoryStore;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult, TestError, TestRunner};

use super::calls::{self, Call};

/// Runs `test` on `cases` sequences, and panics with the shortest that fails.
pub fn run(cases: u32, test: impl Fn(Vec<Call>) -> TestCaseResult) {
    let usual = ProptestConfig::default();
    let seed = match usual.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => nova_core::Env::system().uuid().as_u64_pair().0,
    };
    let config = ProptestConfig {
        cases: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => usual.cases,
            None => cases,
        },
        failure_persistence: None,
        // A hundred calls are left out one by one, and more than once.
        max_shrink_iters: 2000,
        rng_seed: RngSeed::Fixed(seed),
        ..usual
    };
    match TestRunner::new(config).run(&calls::sequence(), test) {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("{reason}"),
        Err(TestError::Fail(reason, calls)) => {
            let calls: Vec<_> = calls.iter().map(|call| format!("  {call:?}")).collect();
            panic!(
                "{reason}\nthe calls, again with PROPTEST_RNG_SEED={seed}:\n{}",
                calls.join("\n"),
            );
        }
    }
}

/// Makes the calls on the memory store and on this one, which must be empty.
pub async fn compare(calls: &[Call], store: &Store) -> TestCaseResult {
    let model = Store::new(MemoryStore::new());
    for (index, (call, now)) in timed(calls).enumerate() {
        let expected = calls::answer(&model, call, now).await;
        let given = calls::answer(store, call, now).await;
        prop_assert_eq!(expected, given, "the answers to call {}, {:?}", index, call);
    }
    let (expected, given) = (calls::contents(&model).await, calls::contents(store).await);
    for (expected, given) in expected.into_iter().zip(given) {
        prop_assert_eq!(expected, given, "what the stores hold after all calls");
    }
    Ok(())
}

/// Each call with its time: several share an instant.
pub fn timed(calls: &[Call]) -> impl Iterator<Item = (&Call, Timestamp)> {
    let clock = ManualClock::new(Timestamp::EPOCH);
    let env = nova_core::Env::with_clock(1, clock.clone());
    calls.iter().enumerate().map(move |(index, call)| {
        clock.advance(Duration::from_micros(u64::from(index % 3 == 0)));
        (call, env.now())
    })
}

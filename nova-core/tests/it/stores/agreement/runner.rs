//! Runs sequences of calls on two stores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use nova_core::env::{ManualClock, Timestamp};
use nova_core::repository::Store;
use nova_core::repository::memory::MemoryStore;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngSeed, TestCaseResult, TestRunner};

use super::calls::{self, Call};

/// Runs `test` on `cases` sequences, and panics with the shortest part of one that fails.
pub fn run(cases: u32, test: impl Fn(&[Call]) -> TestCaseResult) {
    let usual = ProptestConfig::default();
    let first = match usual.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => nova_core::Env::system().uuid().as_u64_pair().0,
    };
    let cases = match std::env::var_os("PROPTEST_CASES") {
        Some(_) => usual.cases,
        None => cases,
    };
    let passes = |calls: &[Call]| catch_unwind(AssertUnwindSafe(|| test(calls)));
    for seed in (0..u64::from(cases)).map(|case| first.wrapping_add(case)) {
        let calls = sequence(seed);
        if let Ok(Ok(())) = passes(&calls) {
            continue;
        }
        let calls = shrink(calls, |calls| !matches!(passes(calls), Ok(Ok(()))));
        let list: Vec<_> = calls.iter().map(|call| format!("  {call:?}")).collect();
        let reason = match passes(&calls) {
            Ok(Ok(())) => "it fails now and then".to_owned(),
            Ok(Err(reason)) => reason.to_string(),
            Err(_) => "it panics".to_owned(),
        };
        panic!(
            "{reason}\nthe calls, again with PROPTEST_RNG_SEED={seed}:\n{}",
            list.join("\n"),
        );
    }
}

/// The sequence of a seed.
pub fn sequence(seed: u64) -> Vec<Call> {
    let config = ProptestConfig {
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new(config);
    calls::sequence().new_tree(&mut runner).unwrap().current()
}

/// Leaves out calls, many at a time and then fewer, as long as the rest fails.
fn shrink(mut calls: Vec<Call>, fails: impl Fn(&[Call]) -> bool) -> Vec<Call> {
    let mut size = calls.len();
    while size > 0 {
        let before = calls.len();
        let mut at = 0;
        while at < calls.len() {
            let end = calls.len().min(at + size);
            let fewer = [&calls[..at], &calls[end..]].concat();
            if fails(&fewer) {
                calls = fewer;
            } else {
                at = end;
            }
        }
        // Once more with single calls if that left out any.
        if size > 1 || calls.len() == before {
            size /= 2;
        }
    }
    calls
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

#[test]
fn what_does_not_matter_is_left_out() {
    let calls = sequence(0);
    assert_eq!(format!("{calls:?}"), format!("{:?}", sequence(0)));
    let listed = |call: &Call| format!("{call:?}").contains("::List");
    let two = |calls: &[Call]| calls.iter().filter(|call| listed(call)).count() > 1;
    assert!(two(&calls), "{calls:?}");
    let left = shrink(calls, two);
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.iter().all(listed));
}

//! The conformance suite on every store, one test for each case and store:
//! `memory::claims::ratio_and_reserve_bound_a_claim`.
//!
//! Which stores there are depends on the features. Those on a server need its URL in
//! `NOVA_TEST_POSTGRES_URL` or `NOVA_TEST_MYSQL_URL`; without it their tests are ignored. The
//! cases of one store run one after another, those of different stores at once. The last line says
//! how many ran on each.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "this is test code: a panic is how it reports"
)]

#[cfg(any(feature = "postgres", feature = "mysql"))]
#[path = "../support/fresh.rs"]
mod fresh;
mod place;
mod stores;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let places = stores::all();
    let mut trials = Vec::new();
    // The stores in turn, so that those who run at once do not wait for one store.
    for case in nova_core::conformance::all() {
        for place in places {
            let trial = Trial::test(format!("{}::{}", place.name(), case.name()), move || {
                place.run(case);
                Ok(())
            });
            trials.push(trial.with_ignored_flag(place.is_missing()));
        }
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    let counts: Vec<String> = places.iter().filter_map(place::Place::finish).collect();
    if !counts.is_empty() {
        println!("conformance: {}", counts.join(", "));
    }
    conclusion.exit_code()
}

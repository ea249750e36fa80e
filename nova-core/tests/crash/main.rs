//! Processes that are killed while they write, and processes that start at once.
//!
//! A test here needs processes of its own, so this binary is also those: started with one of the
//! words of [`process`] it is what the word says. Everything else on the command line is the test
//! harness's, as of any other test. A failure prints the seed of its run; `NOVA_TEST_SEED` runs it
//! again with that one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "this is test code: a panic is how it reports"
)]

mod claims;
mod database;
#[cfg(any(feature = "postgres", feature = "mysql"))]
#[path = "../support/fresh.rs"]
mod fresh;
mod process;
mod schema;
mod writer;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::database::{KINDS, Kind};

type Test = (&'static str, fn(Kind));

/// The tests, each run on every kind of database.
const TESTS: [Test; 3] = [
    ("a_process_killed_at_any_moment_loses_no_claim", |kind| {
        runtime().block_on(claims::killed_at_any_moment(kind));
    }),
    ("ten_processes_open_a_new_database_at_once", |kind| {
        runtime().block_on(schema::ten_at_once(kind));
    }),
    ("a_migration_that_was_killed_is_completed", |kind| {
        runtime().block_on(schema::killed_half_way(kind));
    }),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = process::Role::of(&arguments) {
        runtime().block_on(role.play());
        return ExitCode::SUCCESS;
    }
    let mut trials = Vec::new();
    for kind in KINDS {
        for (name, test) in TESTS {
            let trial = Trial::test(format!("{}::{name}", kind.name()), move || {
                test(*kind);
                Ok(())
            });
            trials.push(trial.with_ignored_flag(kind.is_missing()));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

//! Killing the control plane's process, and finding everything again.
//!
//! The test needs a process that it can kill, so this binary is also that process: started with
//! `--control-plane DIRECTORY` it is a cloud on the directory's SQLite file and QEMU hosts, which
//! does what it is told on its standard input. Everything else on the command line is the test
//! harness's, as of any other test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "this is test code: a panic is how it reports"
)]

mod control_plane;
#[expect(dead_code, reason = "the other tests use more of it")]
#[path = "../it/support/mod.rs"]
mod support;
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|first| first == control_plane::FLAG)
    {
        let directory = PathBuf::from(arguments.next().expect("a directory"));
        runtime().block_on(control_plane::run(&directory));
        return ExitCode::SUCCESS;
    }
    // `needs qemu-system-x86_64 and qemu-img`: as for the other tests, --include-ignored runs it.
    let trial = |name, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
        .with_ignored_flag(true)
        .with_kind("needs qemu")
    };
    let trials = vec![
        trial("a_guest_survives_the_control_plane", || {
            runtime().block_on(tests::a_guest_survives_the_control_plane());
        }),
        trial(
            "a_control_plane_killed_at_any_moment_leaves_nothing_half_made",
            || {
                runtime().block_on(
                    tests::a_control_plane_killed_at_any_moment_leaves_nothing_half_made(),
                );
            },
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

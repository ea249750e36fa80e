//! A whole control plane in one process, and guests on it.
//!
//! `cargo run --release --example quickstart` starts an API, a conductor, a scheduler and three
//! compute hosts, creates six servers at once, reads a guest's console, asks for a server that
//! fits nowhere and says why, then stops, starts, reboots and deletes, and leaves nothing behind,
//! also when it is interrupted.
//!
//! * `options.rs`: the command line.
//! * `session.rs`: everything that must be cleaned up, and the cleaning up.
//! * `tour.rs`: what is done with the cloud. Read this one first.
//! * `display.rs`: how it is shown.

#![expect(clippy::print_stderr, reason = "this program speaks to a person")]

mod display;
mod options;
mod session;
mod tour;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser as _;
use futures::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::options::Options;
use crate::session::Session;

#[tokio::main]
async fn main() -> ExitCode {
    // Quiet unless RUST_LOG asks for more: what goes wrong is shown by the tour itself.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("off"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();

    match run(&Options::parse()).await {
        Ok(Ending::Finished) => ExitCode::SUCCESS,
        // What a shell expects of a program that Ctrl-C ended.
        Ok(Ending::Interrupted) => ExitCode::from(130),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// How the tour came to its end.
enum Ending {
    Finished,
    Interrupted,
}

async fn run(options: &Options) -> anyhow::Result<Ending> {
    // Before there is anything to clean up.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Whatever is started is in the session from its beginning, so that it is found again
    // wherever the work below is broken off, by a panic too.
    let mut session = Session::new()?;
    let tour = AssertUnwindSafe(tour::take(&mut session, options)).catch_unwind();
    let ending = tokio::select! {
        biased;
        _ = interrupt.recv() => Ok(Ending::Interrupted),
        _ = terminate.recv() => Ok(Ending::Interrupted),
        result = tour => match result {
            Ok(result) => result.map(|()| Ending::Finished),
            Err(_) => Err(anyhow::anyhow!("the tour panicked")),
        },
    };
    if !matches!(ending, Ok(Ending::Finished)) {
        eprintln!("cleaning up");
    }
    let cleaned = session.clean_up().await;
    let ending = ending?;
    cleaned.map(|()| ending)
}

//! The command line.

use clap::{Parser, ValueEnum};

/// A control plane in one process, with guests on it.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Options {
    /// Where the records are kept: `memory:`, or a database such as `sqlite://nova.db?mode=rwc`.
    /// Without it, a SQLite file that is removed afterwards.
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,

    /// What runs the guests. Without it, QEMU where it is installed, else the mock.
    #[arg(long)]
    pub hypervisor: Option<HypervisorKind>,

    /// How many compute hosts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub hosts: u32,

    /// How many servers.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=200))]
    pub servers: u32,
}

/// What runs the guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HypervisorKind {
    /// A hypervisor in memory, for tests.
    Mock,
    /// Real guests, a qemu process each.
    Qemu,
}

//! The command line.

use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};

/// Replays a trace of servers under one or several policies and compares what came of it.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Options {
    /// The trace: plain, or packed with gzip. Without it, the sample that comes with nova-sched.
    ///
    /// Files that belong to it are looked for beside it: `flav_map.txt`, `v1.interval_map.txt` and
    /// the durations for Azure V1; `PM_res.csv` and the topology for Huawei's set.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,

    /// What the trace is. Without it, judged by its name and its first line.
    #[arg(long)]
    pub format: Option<Format>,

    /// The durations of an Azure V1 trace. Without it, the file beside it whose name goes on with
    /// `.c` and a number.
    #[arg(long, value_name = "FILE")]
    pub durations: Option<PathBuf>,

    /// The kind of machine of Azure's packing trace.
    #[arg(long, value_name = "ID", default_value_t = 0)]
    pub machine: i64,

    /// How many hosts. Without it, all of Huawei's; for the others, one in a hundred more than the
    /// fewest that could hold the trace at its peak.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub hosts: Option<u32>,

    /// Processors of a host, where the trace does not bring hosts.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    pub host_vcpus: u64,

    /// Memory of a host.
    #[arg(long, value_name = "GIB", default_value_t = 448)]
    pub host_memory: u64,

    /// Disk of a host.
    #[arg(long, value_name = "GIB", default_value_t = 16_384)]
    pub host_disk: u64,

    /// How many times over a host lends its processors out.
    #[arg(long, value_name = "RATIO", default_value_t = 1.0)]
    pub cpu_ratio: f64,

    /// The filters, by Nova's class names with commas between them, behind those that stand for
    /// Placement (zone, resources). Without it, Nova's default ones, `NUMATopologyFilter`
    /// and `FaultDomainFilter`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub filters: Vec<String>,

    /// The policy: `spread` (Nova's default weighers), `pack` (the same with processors, memory and
    /// disk turned round), `first-fit` (no weighers), `random` (no weighers, drawn by lot), or
    /// weighers by Nova's class names with multipliers, such as `RAMWeigher=-1,CPUWeigher=0.5`.
    #[arg(long, value_name = "POLICY", default_value = "spread")]
    pub weighers: String,

    /// Policies to compare it with; `none` for no other.
    #[arg(long, value_name = "POLICY", default_values_t = ["pack".to_owned()])]
    pub compare: Vec<String>,

    /// The policy of the groups that batches of servers become; without it, batches are not groups.
    #[arg(long, value_name = "POLICY")]
    pub batches: Option<nova_core::model::ServerGroupPolicy>,

    /// Leaves the groups and the fault domains of the trace out.
    #[arg(long, conflicts_with = "batches")]
    pub without_groups: bool,

    /// Only the first so many servers.
    #[arg(long, value_name = "COUNT")]
    pub servers: Option<usize>,

    /// Into how many intervals the pictures divide the time.
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    pub samples: u32,

    /// What lots are drawn from.
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Where the picture goes; folders that are missing are made. `none` for no picture.
    #[arg(long, value_name = "FILE", default_value = "target/replay.svg")]
    pub svg: PathBuf,
}

/// What a trace is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Arrivals and durations of `AzurePublicDatasetV1`, as processed by Huawei.
    AzureV1,
    /// Requests of Huawei's data set of servers that mind the topology.
    HuaweiNuma,
    /// The SQLite file of `AzureTracesForPacking2020`.
    AzurePacking,
    /// One line per server; see `nova_sched::replay::read_csv`.
    Csv,
}

impl Options {
    /// The policies, the first one first.
    pub fn policies(&self) -> impl Iterator<Item = &str> {
        let others = self.compare.iter().filter(|policy| *policy != "none");
        std::iter::once(&self.weighers)
            .chain(others)
            .map(String::as_str)
    }

    /// Where the picture goes.
    pub fn picture(&self) -> Option<&Path> {
        Some(self.svg.as_path()).filter(|path| path.as_os_str() != "none")
    }
}

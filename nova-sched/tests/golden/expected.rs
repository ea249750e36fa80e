//! The recordings of one file, and what Nova did. What is not known here fails the case: it would
//! not be compared.

use std::collections::BTreeMap;

use nova_sched::numa::NumaTopology;
use nova_sched::pci::PciPool;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::input::{AggregateRow, HostRow, RequestRow};

#[derive(Deserialize)]
pub struct Recording {
    pub meta: Meta,
    /// Read one by one, so that one that is malformed fails alone.
    pub cases: Vec<Value>,
}

#[derive(Deserialize)]
pub struct Meta {
    pub now: String,
    pub weigher_order: Vec<String>,
    pub filters: Vec<String>,
    pub run_once_per_request: Vec<String>,
    pub run_on_rebuild: Vec<String>,
    pub option_defaults: Map<String, Value>,
}

#[derive(Deserialize)]
pub struct Case {
    pub config: Map<String, Value>,
    pub known_cells: Vec<String>,
    pub aggregates: Vec<AggregateRow>,
    pub hosts: Vec<HostRow>,
    pub request: RequestRow,
    pub schedule: Option<ScheduleAsked>,
    pub expected: Expected,
}

/// A run of the whole request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleAsked {
    pub return_alternates: bool,
    #[serde(default)]
    pub claim_fails_on: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub host_states: BTreeMap<String, HostStateSeen>,
    pub filters: BTreeMap<String, FilterAnswer>,
    pub filtered_first: Passed,
    pub filtered_later: Passed,
    pub weighing: Option<Weighing>,
    pub schedule: Option<Scheduled>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostStateSeen {
    pub total_usable_ram_mb: i64,
    pub total_usable_disk_gb: i64,
    pub disk_mb_used: i64,
    pub free_ram_mb: i64,
    pub free_disk_mb: i64,
    pub vcpus_total: i64,
    pub vcpus_used: i64,
    pub num_instances: i64,
    pub num_io_ops: i64,
    pub failed_builds: i64,
    pub metrics: Option<Vec<MetricSeen>>,
    pub pci_pools: Vec<PciPool>,
    pub aggregate_ids: Vec<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricSeen {
    pub name: String,
    pub value: i64,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub struct FilterAnswer {
    pub pass: Vec<String>,
    #[serde(default)]
    pub error: BTreeMap<String, String>,
    #[serde(default)]
    pub candidates_left: BTreeMap<String, Vec<usize>>,
    #[serde(default)]
    pub pass_if_no_state_leak: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Passed {
    Pass(Vec<String>),
    Error(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighing {
    pub hosts: Vec<String>,
    #[serde(default)]
    pub error: Option<String>,
    #[serde(default)]
    pub weighers_not_run: bool,
    #[serde(default)]
    pub weighers: Vec<Weighed>,
    #[serde(default)]
    pub weights: Vec<f64>,
    #[serde(default)]
    pub ordering: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighed {
    pub name: String,
    pub raw: Vec<f64>,
    pub normalized: Vec<f64>,
    pub multiplier: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scheduled {
    pub outcome: String,
    #[serde(default)]
    pub selections: Vec<Vec<String>>,
    #[serde(default)]
    pub availability_zones: Vec<Vec<String>>,
    pub steps: Vec<StepSeen>,
    pub claims: Vec<ClaimSeen>,
    #[serde(default)]
    pub allocations_removed_for: Vec<String>,
    pub choice_pools: Option<Vec<Vec<String>>>,
    pub shuffle_pools: Option<Vec<Vec<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "event", rename_all = "snake_case")]
pub enum StepSeen {
    Sorted {
        index: u32,
        hosts: Vec<String>,
    },
    Consumed {
        host: String,
        instance_uuid: String,
        host_state_after: Box<ConsumedState>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsumedState {
    pub free_ram_mb: i64,
    pub free_disk_mb: i64,
    pub vcpus_used: i64,
    pub num_instances: i64,
    pub num_io_ops: i64,
    pub instances: Vec<String>,
    pub pci_pools: Vec<PciPool>,
    pub numa_topology: Option<NumaTopology>,
}

#[derive(Deserialize, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ClaimSeen {
    pub instance_uuid: String,
    pub host: String,
    pub ok: bool,
}

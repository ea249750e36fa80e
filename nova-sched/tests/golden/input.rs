//! What Nova was given: a fleet and a request, as the recordings write them.

use std::collections::BTreeMap;

use nova_sched::numa::{NetworkMetadata, NumaRequest, NumaTopology};
use nova_sched::pci::{PciPools, PciRequest, ProviderMapping};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
pub struct AggregateRow {
    pub id: i64,
    pub uuid: String,
    pub name: String,
    pub hosts: Vec<String>,
    pub metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub struct HostRow {
    pub host: String,
    pub nodename: String,
    #[serde(default)]
    pub cell_uuid: Option<String>,
    pub compute_node: ComputeNode,
    pub service: Service,
    pub instances: Vec<Instance>,
    #[serde(default)]
    pub allocation_candidates: Vec<AllocationCandidate>,
}

/// What a host reported.
#[derive(Deserialize)]
pub struct ComputeNode {
    pub vcpus: u64,
    pub vcpus_used: u64,
    pub memory_mb: u64,
    pub memory_mb_used: u64,
    pub free_ram_mb: i64,
    pub local_gb: u64,
    pub local_gb_used: u64,
    /// Null: it never reported, and nothing of the record counts.
    pub free_disk_gb: Option<i64>,
    pub disk_available_least: Option<i64>,
    pub hypervisor_type: Option<String>,
    pub hypervisor_version: Option<u64>,
    pub host_ip: Option<String>,
    pub cpu_info: Option<String>,
    pub supported_instances: Vec<[String; 3]>,
    #[serde(default)]
    pub stats: Option<BTreeMap<String, Option<String>>>,
    pub metrics: Option<Vec<Metric>>,
    pub cpu_allocation_ratio: f64,
    pub ram_allocation_ratio: f64,
    pub disk_allocation_ratio: f64,
    pub numa_topology: Option<NumaTopology>,
    pub pci_device_pools: Option<PciPools>,
}

#[derive(Deserialize)]
pub struct Metric {
    pub name: String,
    pub value: f64,
}

#[derive(Deserialize)]
pub struct Service {
    pub disabled: bool,
    pub disabled_reason: Option<String>,
    pub forced_down: bool,
    pub last_seen_up: Option<String>,
    pub created_at: String,
}

#[derive(Deserialize)]
pub struct Instance {
    pub uuid: String,
    pub image_properties: BTreeMap<String, String>,
}

/// One of Placement's answers for a host.
#[derive(Deserialize)]
pub struct AllocationCandidate {
    #[serde(default)]
    pub mappings: ProviderMapping,
}

#[derive(Deserialize)]
pub struct RequestRow {
    pub flavor: FlavorRow,
    pub image: Option<ImageRow>,
    pub project_id: Option<String>,
    #[serde(default)]
    pub availability_zone: Option<String>,
    pub instance_uuids: Vec<String>,
    pub ignore_hosts: Option<Vec<String>>,
    pub force_hosts: Option<Vec<String>>,
    pub force_nodes: Option<Vec<String>>,
    pub requested_destination: Option<DestinationRow>,
    pub instance_group: Option<GroupRow>,
    pub scheduler_hints: BTreeMap<String, Vec<String>>,
    pub numa_topology: Option<NumaRequest>,
    pub pci_requests: Option<Vec<PciRequest>>,
    pub network_metadata: Option<NetworkMetadata>,
}

#[derive(Deserialize)]
pub struct FlavorRow {
    pub name: String,
    pub vcpus: u64,
    pub memory_mb: u64,
    pub root_gb: u64,
    pub ephemeral_gb: u64,
    pub extra_specs: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub struct ImageRow {
    pub id: Option<String>,
    /// As they were uploaded.
    pub properties: Map<String, Value>,
    /// As Nova has typed them.
    pub properties_seen: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
pub struct DestinationRow {
    #[serde(default)]
    pub host: Option<String>,
    #[serde(default)]
    pub node: Option<String>,
    #[serde(default)]
    pub cell: Option<String>,
    #[serde(default)]
    pub allow_cross_cell_move: bool,
}

#[derive(Deserialize)]
pub struct GroupRow {
    pub policy: Option<String>,
    pub members: Vec<String>,
    pub hosts: Vec<String>,
    pub rules: Option<Map<String, Value>>,
}

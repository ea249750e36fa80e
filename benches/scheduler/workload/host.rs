//! Hosts of five kinds, more or less full.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::CELL;
use super::aggregate::{Aggregate, Layout};
use super::dice::Dice;

#[derive(Debug, Serialize)]
pub struct Host {
    pub host: String,
    pub nodename: String,
    pub uuid: Uuid,
    pub cell_uuid: &'static str,
    pub compute_node: ComputeNode,
    pub service: Service,
    pub instances: Vec<Instance>,
    pub allocation_candidates: Vec<()>,
}

/// What a host reports.
#[derive(Debug, Serialize)]
pub struct ComputeNode {
    pub vcpus: u64,
    pub vcpus_used: u64,
    pub memory_mb: u64,
    pub memory_mb_used: u64,
    pub free_ram_mb: u64,
    pub local_gb: u64,
    pub local_gb_used: u64,
    pub free_disk_gb: u64,
    pub disk_available_least: Option<u64>,
    pub hypervisor_type: &'static str,
    pub hypervisor_version: u64,
    pub host_ip: String,
    pub cpu_info: String,
    pub supported_instances: Vec<[&'static str; 3]>,
    pub stats: BTreeMap<&'static str, String>,
    pub metrics: Option<()>,
    pub cpu_allocation_ratio: f64,
    pub ram_allocation_ratio: f64,
    pub disk_allocation_ratio: f64,
    pub numa_topology: Option<()>,
    pub pci_device_pools: Vec<PciPool>,
}

#[derive(Debug, Serialize)]
pub struct PciPool {
    pub vendor_id: &'static str,
    pub product_id: &'static str,
    pub numa_node: u32,
    pub dev_type: &'static str,
    pub count: u64,
}

#[derive(Debug, Serialize)]
pub struct Service {
    pub disabled: bool,
    pub disabled_reason: Option<&'static str>,
    pub forced_down: bool,
    pub last_seen_up: &'static str,
    pub created_at: &'static str,
}

impl Host {
    /// Whether it reported lately.
    pub fn is_alive(&self) -> bool {
        self.service.last_seen_up == LATELY
    }
}

#[derive(Debug, Serialize)]
pub struct Instance {
    pub uuid: Uuid,
    pub image_properties: BTreeMap<String, String>,
}

/// Ten seconds before the workload takes place.
const LATELY: &str = "2026-01-01T11:59:50Z";

struct Model {
    vcpus: u64,
    memory_gib: u64,
    disk_gib: u64,
    version: u64,
    architecture: &'static str,
}

const fn model(
    vcpus: u64,
    memory_gib: u64,
    disk_gib: u64,
    version: u64,
    architecture: &'static str,
) -> Model {
    Model {
        vcpus,
        memory_gib,
        disk_gib,
        version,
        architecture,
    }
}

const MODELS: [(u64, Model); 5] = [
    (20, model(32, 192, 2000, 6_002_000, "x86_64")),
    (35, model(64, 384, 4000, 8_002_004, "x86_64")),
    (25, model(96, 768, 4000, 8_002_004, "x86_64")),
    (12, model(192, 1536, 8000, 9_001_000, "x86_64")),
    (8, model(128, 512, 4000, 9_001_000, "aarch64")),
];

/// The hosts, and the aggregates that they are in.
pub fn fleet(dice: &Dice, hosts: usize) -> (Vec<Host>, Vec<Aggregate>) {
    let mut layout = Layout::new(dice, hosts);
    let fleet = (0..hosts)
        .map(|place| {
            let host = host(dice, place);
            layout.join(dice, place, &host.host);
            host
        })
        .collect();
    (fleet, layout.aggregates)
}

fn host(dice: &Dice, place: usize) -> Host {
    let name = format!("compute-{place:06}");
    let instances: Vec<Instance> = (0..dice.below(17))
        .map(|_| Instance {
            uuid: dice.uuid(),
            image_properties: BTreeMap::new(),
        })
        .collect();
    Host {
        nodename: format!("{name}.example"),
        host: name,
        uuid: dice.uuid(),
        cell_uuid: CELL,
        compute_node: compute_node(dice, place, instances.len()),
        service: service(dice),
        instances,
        allocation_candidates: Vec::new(),
    }
}

fn compute_node(dice: &Dice, place: usize, instances: usize) -> ComputeNode {
    let model = dice.weighted(&MODELS);
    let ratio = *dice.one_of(&[4.0, 4.0, 8.0, 16.0]);
    // Between a twentieth and 19 twentieths, most often a half.
    let full = 0.05 + 0.45 * (dice.fraction() + dice.fraction());
    let memory = model.memory_gib * 1024;
    let memory_used = share(memory, full) / 512 * 512;
    let disk_used = share(model.disk_gib, full * dice.fraction());
    let devices = *dice.weighted(&[(92, 0), (4, 2), (3, 4), (1, 8)]);
    let stat = |values: &[(u64, u64)]| dice.weighted(values).to_string();
    ComputeNode {
        vcpus: model.vcpus,
        vcpus_used: share(model.vcpus, full * ratio),
        memory_mb: memory,
        memory_mb_used: memory_used,
        free_ram_mb: memory - memory_used,
        local_gb: model.disk_gib,
        local_gb_used: disk_used,
        free_disk_gb: model.disk_gib - disk_used,
        disk_available_least: None,
        hypervisor_type: "QEMU",
        hypervisor_version: model.version,
        host_ip: format!("10.{}.{}.{}", place >> 16, place >> 8 & 255, place & 255),
        cpu_info: cpu_info(model),
        supported_instances: match model.architecture {
            "x86_64" => vec![["x86_64", "kvm", "hvm"], ["i686", "kvm", "hvm"]],
            other => vec![[other, "kvm", "hvm"]],
        },
        stats: BTreeMap::from([
            ("num_instances", instances.to_string()),
            ("io_workload", stat(&[(60, 0), (20, 1), (14, 2), (6, 4)])),
            ("failed_builds", stat(&[(96, 0), (3, 1), (1, 5)])),
        ]),
        metrics: None,
        cpu_allocation_ratio: ratio,
        ram_allocation_ratio: *dice.one_of(&[1.0, 1.0, 1.5]),
        disk_allocation_ratio: 1.0,
        numa_topology: None,
        pci_device_pools: match devices {
            0 => Vec::new(),
            count => vec![PciPool {
                vendor_id: "10de",
                product_id: "20b5",
                numa_node: 0,
                dev_type: "type-PCI",
                count,
            }],
        },
    }
}

fn cpu_info(model: &Model) -> String {
    let mut features = vec!["aes", "avx", "avx2", "sse4.2"];
    if model.vcpus >= 96 {
        features.extend(["avx512f", "amx-tile"]);
    }
    json!({
        "arch": model.architecture,
        "vendor": if model.architecture == "x86_64" { "Intel" } else { "ARM" },
        "model": format!("Host-{}", model.vcpus),
        "topology": {"cells": 2, "sockets": 1, "cores": model.vcpus / 4, "threads": 2},
        "features": features,
    })
    .to_string()
}

fn service(dice: &Dice) -> Service {
    let lot = dice.below(100);
    Service {
        disabled: lot < 3,
        disabled_reason: (lot < 3).then_some("maintenance"),
        forced_down: false,
        last_seen_up: match lot {
            3 | 4 => "2026-01-01T11:30:00Z",
            _ => LATELY,
        },
        created_at: "2025-01-01T00:00:00Z",
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of a host are small and positive"
)]
fn share(of: u64, fraction: f64) -> u64 {
    (of as f64 * fraction) as u64
}

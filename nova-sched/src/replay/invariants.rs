//! What must be true after each decision.

use nova_core::id::HostName;
use nova_core::model::{ResourceClass, Resources};
use serde::{Deserialize, Serialize};

use super::Trace;
use super::cluster::Cluster;
use crate::fleet::{Fleet, HostIndex, HostView};

/// What a replay checked, and what it found broken.
///
/// After each placement: no class of the host is claimed beyond its capacity, nor is a NUMA cell,
/// a server that asks for cells has them, the rules of the server's group hold, and no rack holds
/// two fault domains of it. At the end: the claims on every
/// host are those that it began with and those of the servers that are left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Invariants {
    /// How many placements were checked.
    pub checked: u64,
    /// How many checks failed.
    pub broken: u64,
    /// The first of those.
    pub violations: Vec<Violation>,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Violation {
    /// More is claimed than a host may lend out.
    OverCommitted {
        /// The host.
        host: HostName,
        /// The class.
        class: ResourceClass,
        /// How much is claimed.
        used: u64,
        /// How much may be.
        capacity: u64,
    },
    /// More is claimed of a NUMA cell than it may lend out.
    NumaCell {
        /// The host.
        host: HostName,
        /// The cell.
        cell: u32,
        /// How many processors are claimed.
        vcpus: u64,
        /// How many may be.
        of_vcpus: u64,
        /// How much memory is claimed, in MiB.
        memory: u64,
        /// How much may be.
        of_memory: u64,
    },
    /// A server asks for NUMA cells, and its host had none to give.
    NoNumaCells {
        /// The server: its place in the trace.
        server: usize,
        /// The host.
        host: HostName,
    },
    /// A server is on a host that its group does not allow.
    GroupRules {
        /// The server: its place in the trace.
        server: usize,
        /// The group.
        group: String,
        /// The host.
        host: HostName,
    },
    /// A server shares a rack with another fault domain of its group.
    FaultDomain {
        /// The server: its place in the trace.
        server: usize,
        /// The group.
        group: String,
        /// The host.
        host: HostName,
    },
    /// The claims on a host are not those of its servers.
    Claims {
        /// The host.
        host: HostName,
        /// The class.
        class: ResourceClass,
        /// How much is claimed.
        used: u64,
        /// How much its servers hold.
        held: u64,
    },
}

impl Invariants {
    /// The most violations that are kept.
    pub const MAX_VIOLATIONS: usize = 32;

    /// Whether nothing was broken.
    pub fn hold(&self) -> bool {
        self.broken == 0
    }

    fn broken(&mut self, violation: Violation) {
        self.broken += 1;
        if self.violations.len() < Self::MAX_VIOLATIONS {
            self.violations.push(violation);
        }
    }

    /// Checks the placement of a server.
    pub(super) fn check(&mut self, cluster: &Cluster<'_>, server: usize, host: HostIndex) {
        self.checked += 1;
        let view = cluster.fleet().host(host);
        for (class, wanted) in cluster.resources(server).iter() {
            let amounts = view.amounts(class);
            if wanted > 0 && amounts.used > amounts.capacity {
                self.broken(Violation::OverCommitted {
                    host: view.name().clone(),
                    class: class.clone(),
                    used: amounts.used,
                    capacity: amounts.capacity,
                });
            }
        }
        self.check_cells(cluster, server, &view);
        let Some(group) = cluster.group_of(server) else {
            return;
        };
        let name = || group.name().to_owned();
        if !group.rules_hold(host) {
            self.broken(Violation::GroupRules {
                server,
                group: name(),
                host: view.name().clone(),
            });
        }
        if !group.domains_hold(&view) {
            self.broken(Violation::FaultDomain {
                server,
                group: name(),
                host: view.name().clone(),
            });
        }
    }

    /// Checks the NUMA cells of a host by what servers got of them.
    fn check_cells(&mut self, cluster: &Cluster<'_>, server: usize, host: &HostView<'_>) {
        if !cluster.wants_cells(server) {
            return;
        }
        if !cluster.has_cells(server) {
            self.broken(Violation::NoNumaCells {
                server,
                host: host.name().clone(),
            });
        }
        let times = |amount: u64, class| {
            let ratio = host.amounts(&class).ratio;
            scaled(amount, if ratio > 0.0 { ratio } else { 1.0 })
        };
        for cell in host.numa_topology().iter().flat_map(|cells| cells.cells()) {
            let cpus = cell.cpuset().union(cell.pcpuset()).len();
            let of_vcpus = times(u64::try_from(cpus).unwrap_or(0), ResourceClass::Vcpu);
            let of_memory = times(cell.memory(), ResourceClass::MemoryMb);
            let (vcpus, memory) = cluster.cells().held(host.index(), cell.id());
            // The fleet's own figures hold what it began with as well.
            let (vcpus, memory) = (vcpus.max(cell.cpu_usage()), memory.max(cell.memory_usage()));
            if vcpus > of_vcpus || memory > of_memory {
                self.broken(Violation::NumaCell {
                    host: host.name().clone(),
                    cell: cell.id(),
                    vcpus,
                    of_vcpus,
                    memory,
                    of_memory,
                });
            }
        }
    }

    /// Checks the claims that are left at the end.
    pub(super) fn check_claims(&mut self, before: &Fleet, after: &Cluster<'_>, trace: &Trace) {
        let mut held: Vec<Resources> = vec![Resources::new(); before.len()];
        for server in 0..trace.len() {
            if let Some(host) = after.home(server)
                && let Some(held) = held.get_mut(host.get())
            {
                held.add(after.resources(server));
            }
        }
        for (host, held) in after.fleet().hosts().zip(held) {
            let mut classes: Vec<ResourceClass> =
                held.iter().map(|(class, _)| class.clone()).collect();
            for class in [
                ResourceClass::Vcpu,
                ResourceClass::MemoryMb,
                ResourceClass::DiskGb,
            ] {
                if !classes.contains(&class) {
                    classes.push(class);
                }
            }
            for class in classes {
                let used = host.amounts(&class).used;
                let initial = before.amounts(host.index(), &class).used;
                let held = initial.saturating_add(held.get(&class));
                if used != held {
                    self.broken(Violation::Claims {
                        host: host.name().clone(),
                        class,
                        used,
                        held,
                    });
                }
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of machines, and ratios above 0"
)]
fn scaled(amount: u64, ratio: f64) -> u64 {
    (amount as f64 * ratio).floor() as u64
}

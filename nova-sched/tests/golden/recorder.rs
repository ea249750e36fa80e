//! What a plan does step by step, as the recordings tell it of Nova.

use nova_sched::numa::NumaTopology;
use nova_sched::pci::PciPool;
use nova_sched::{Claimer, Fleet, HostIndex, HostView, Measure};

use crate::expected::ClaimSeen;

/// Claims as Placement did in the recording, and notes everything.
pub struct Recorder<'a> {
    fleet: &'a Fleet,
    servers: &'a [String],
    /// The nodes whose claims are refused.
    refused: &'a [String],
    /// The nodes that Placement offered nothing of.
    without_candidates: &'a [String],
    pub steps: Vec<Step>,
    pub claims: Vec<ClaimSeen>,
    pub undone: Vec<String>,
    pub choices: Vec<Vec<String>>,
    pub shuffles: Vec<Vec<String>>,
}

#[derive(Debug, PartialEq)]
pub enum Step {
    Sorted {
        index: u32,
        hosts: Vec<String>,
    },
    Consumed {
        host: String,
        server: String,
        after: After,
    },
}

/// A host with the server on it.
#[derive(Debug, PartialEq)]
pub struct After {
    pub free_ram_mb: i64,
    pub free_disk_mb: i64,
    pub vcpus_used: i64,
    pub num_instances: i64,
    pub num_io_ops: i64,
    pub instances: Vec<String>,
    pub pci_pools: Vec<PciPool>,
    pub numa_topology: Option<NumaTopology>,
}

/// The devices that a host has left.
pub fn pools(host: &HostView<'_>) -> Vec<PciPool> {
    let pools = host.pci_pools().into_iter();
    pools.flat_map(|pools| pools.iter().cloned()).collect()
}

impl<'a> Recorder<'a> {
    pub fn new(
        fleet: &'a Fleet,
        servers: &'a [String],
        refused: &'a [String],
        without_candidates: &'a [String],
    ) -> Self {
        Self {
            fleet,
            servers,
            refused,
            without_candidates,
            steps: Vec::new(),
            claims: Vec::new(),
            undone: Vec::new(),
            choices: Vec::new(),
            shuffles: Vec::new(),
        }
    }

    /// The hosts of the first server, best first.
    pub fn first_sorted(&self) -> &[String] {
        match self.steps.first() {
            Some(Step::Sorted { hosts, .. }) => hosts,
            _ => &[],
        }
    }

    fn names(&self, hosts: &[HostIndex]) -> Vec<String> {
        let names = hosts.iter().filter_map(|host| self.fleet.name(*host));
        names.map(ToString::to_string).collect()
    }

    fn server(&self, server: u32) -> String {
        let place = usize::try_from(server).unwrap_or(usize::MAX);
        self.servers.get(place).cloned().unwrap_or_default()
    }
}

impl Claimer for Recorder<'_> {
    fn shuffled(&mut self, _server: u32, among: &[HostIndex]) {
        self.shuffles.push(self.names(among));
    }

    fn drawn(&mut self, _server: u32, among: &[HostIndex]) {
        self.choices.push(self.names(among));
    }

    fn sorted(&mut self, server: u32, hosts: &[HostIndex]) {
        let hosts = self.names(hosts);
        self.steps.push(Step::Sorted {
            index: server,
            hosts,
        });
    }

    fn offers(&mut self, host: &HostView<'_>) -> bool {
        let name = host.name().as_str();
        !self.without_candidates.iter().any(|node| node == name)
    }

    fn claim(&mut self, server: u32, host: &HostView<'_>) -> bool {
        let name = host.name().to_string();
        let ok = !self.refused.contains(&name);
        self.claims.push(ClaimSeen {
            instance_uuid: self.server(server),
            host: name,
            ok,
        });
        ok
    }

    fn consumed(&mut self, server: u32, host: &HostView<'_>) {
        let placed = host.placed().iter();
        let mut instances: Vec<String> = placed.map(|server| server.id.to_string()).collect();
        instances.sort_unstable();
        self.steps.push(Step::Consumed {
            host: host.name().to_string(),
            server: self.server(server),
            after: After {
                free_ram_mb: host.count(Measure::FreeRam),
                free_disk_mb: host.count(Measure::FreeDisk),
                vcpus_used: host.vcpus_used(),
                num_instances: host.count(Measure::Servers),
                num_io_ops: host.count(Measure::IoOperations),
                instances,
                pci_pools: pools(host),
                numa_topology: host.numa_topology().map(|cells| (**cells).clone()),
            },
        });
    }

    fn undo(&mut self, server: u32) {
        self.undone.push(self.server(server));
    }
}

//! What any scheduler that looks at every host has to read: one pass over plain columns.

use crate::workload::{Host, Request, Workload, ZONES};

/// The columns that filters and weighers of the default read, in the types of the fleet's.
pub struct Floor {
    up: Vec<bool>,
    zone: Vec<u32>,
    vcpu: Class,
    memory: Class,
    disk: Class,
    io_ops: Vec<f64>,
    version: Vec<f64>,
    failed_builds: Vec<f64>,
    devices: Vec<f64>,
    /// Which kind of host each is, for what is asked of the kind alone.
    kind: Vec<u32>,
    kinds: Vec<Kind>,
}

struct Class {
    /// What one more server could have.
    room: Vec<f64>,
    /// What is free as a weigher sees it.
    free: Vec<f64>,
}

/// What hosts of one kind have in common.
#[derive(PartialEq)]
struct Kind {
    cpu_info: String,
    version: u64,
    x86: bool,
}

/// What a request asks of the columns, ready to be compared.
pub struct Wanted {
    vcpus: f64,
    memory: f64,
    disk: f64,
    zone: Option<u32>,
    /// Whether a kind will do; none if the request asks nothing of it.
    kinds: Option<Vec<bool>>,
}

impl Floor {
    pub fn new(workload: &Workload) -> Self {
        let hosts = &workload.hosts;
        let nodes = || hosts.iter().map(|host| &host.compute_node);
        let stat = |name: &str| {
            nodes()
                .map(|node| node.stats[name].parse().unwrap())
                .collect()
        };
        let mut kinds = Vec::new();
        let kind = hosts.iter().map(|host| kind_of(host, &mut kinds)).collect();
        Self {
            up: hosts
                .iter()
                .map(|host| !host.service.disabled && host.is_alive())
                .collect(),
            zone: (0..hosts.len())
                .map(|place| u32::try_from(place % ZONES.len()).unwrap())
                .collect(),
            vcpu: Class::new(
                nodes().map(|node| (node.vcpus, node.cpu_allocation_ratio, node.vcpus_used)),
                |total, ratio| total * ratio,
            ),
            memory: Class::new(
                nodes().map(|node| {
                    (
                        node.memory_mb,
                        node.ram_allocation_ratio,
                        node.memory_mb_used,
                    )
                }),
                |total, _| total,
            ),
            disk: Class::new(
                nodes().map(|node| {
                    (
                        node.local_gb,
                        node.disk_allocation_ratio,
                        node.local_gb_used,
                    )
                }),
                |total, _| total,
            ),
            io_ops: stat("io_workload"),
            version: nodes().map(|node| float(node.hypervisor_version)).collect(),
            failed_builds: stat("failed_builds"),
            devices: nodes()
                .map(|node| float(node.pci_device_pools.iter().map(|pool| pool.count).sum()))
                .collect(),
            kind,
            kinds,
        }
    }

    pub fn wanted(&self, request: &Request) -> Wanted {
        let flavor = &request.flavor;
        let zone = request.availability_zone.map(|wanted| {
            let place = ZONES.iter().position(|zone| *zone == wanted).unwrap();
            u32::try_from(place).unwrap()
        });
        let spec = |name| flavor.extra_specs.contains_key(name);
        let avx = spec("capabilities:cpu_info:features");
        let new = spec("capabilities:hypervisor_version");
        let x86 = request.image.properties.contains_key("hw_architecture");
        let will_do = |kind: &Kind| {
            (!avx || kind.cpu_info.contains("avx512f"))
                && (!new || kind.version >= 8_000_000)
                && (!x86 || kind.x86)
        };
        Wanted {
            vcpus: float(flavor.vcpus),
            memory: float(flavor.memory_mb),
            disk: float(flavor.root_gb),
            zone,
            kinds: (avx || new || x86).then(|| self.kinds.iter().map(will_do).collect()),
        }
    }

    /// The highest sum of the weighed columns among the hosts that pass.
    pub fn pass(&self, wanted: &Wanted) -> f64 {
        let in_zone = |zone, row| self.zone[row] == zone;
        let of_kind = |kinds: &[bool], row| kinds[usize::try_from(self.kind[row]).unwrap()];
        match (wanted.zone, &wanted.kinds) {
            (None, None) => self.best(wanted, |_| true),
            (Some(zone), None) => self.best(wanted, |row| in_zone(zone, row)),
            (None, Some(kinds)) => self.best(wanted, |row| of_kind(kinds, row)),
            (Some(zone), Some(kinds)) => {
                self.best(wanted, |row| in_zone(zone, row) & of_kind(kinds, row))
            }
        }
    }

    fn best(&self, wanted: &Wanted, will_do: impl Fn(usize) -> bool) -> f64 {
        let rows = self.up.len();
        // Cut to one length, so that no place in them has to be checked.
        let (vcpu, memory, disk) = (
            self.vcpu.cut(rows),
            self.memory.cut(rows),
            self.disk.cut(rows),
        );
        let (io_ops, version) = (&self.io_ops[..rows], &self.version[..rows]);
        let (failed_builds, devices) = (&self.failed_builds[..rows], &self.devices[..rows]);
        let mut best = f64::NEG_INFINITY;
        for row in 0..rows {
            let fits = self.up[row]
                & (vcpu.room[row] >= wanted.vcpus)
                & (memory.room[row] >= wanted.memory)
                & (disk.room[row] >= wanted.disk)
                & will_do(row);
            let weight = vcpu.free[row] + memory.free[row] + disk.free[row] - io_ops[row]
                + version[row]
                - 1e6 * failed_builds[row]
                - devices[row];
            // Without a branch, which would be foretold badly.
            let weight = if fits { weight } else { f64::NEG_INFINITY };
            best = if weight > best { weight } else { best };
        }
        best
    }

    /// Counts a server on a host.
    pub fn claim(&mut self, row: usize, request: &Request) {
        let flavor = &request.flavor;
        self.vcpu.claim(row, flavor.vcpus);
        self.memory.claim(row, flavor.memory_mb);
        self.disk.claim(row, flavor.root_gb);
    }
}

impl Class {
    fn new(
        rows: impl Iterator<Item = (u64, f64, u64)> + Clone,
        weighed: impl Fn(f64, f64) -> f64,
    ) -> Self {
        let room = rows.clone().map(|(total, ratio, used)| {
            let total = float(total);
            ((total * ratio).floor() - float(used)).min(total)
        });
        Self {
            room: room.collect(),
            free: rows
                .map(|(total, ratio, used)| weighed(float(total), ratio) - float(used))
                .collect(),
        }
    }

    fn cut(&self, rows: usize) -> Cut<'_> {
        Cut {
            room: &self.room[..rows],
            free: &self.free[..rows],
        }
    }

    fn claim(&mut self, row: usize, amount: u64) {
        self.room[row] -= float(amount);
        self.free[row] -= float(amount);
    }
}

/// A class's columns, all of one length.
struct Cut<'a> {
    room: &'a [f64],
    free: &'a [f64],
}

fn kind_of(host: &Host, kinds: &mut Vec<Kind>) -> u32 {
    let kind = Kind {
        cpu_info: host.compute_node.cpu_info.clone(),
        version: host.compute_node.hypervisor_version,
        x86: host.compute_node.supported_instances[0][0] == "x86_64",
    };
    let place = kinds.iter().position(|known| *known == kind);
    let place = place.unwrap_or_else(|| {
        kinds.push(kind);
        kinds.len() - 1
    });
    u32::try_from(place).unwrap()
}

fn float(value: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "amounts stay below 2^53")]
    let value = value as f64;
    value
}

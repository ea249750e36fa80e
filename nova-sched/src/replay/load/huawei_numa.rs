//! Huawei's data set of servers that mind the topology.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::num::NonZeroU32;
use std::time::Duration;

use nova_core::id::{HostName, ZoneName};
use nova_core::model::{Inventory, ResourceClass, Resources, ServerGroupPolicy};
use serde::{Deserialize, Serialize};

use super::lines::{Field, Line, Lines};
use super::{Problem, TraceError};
use crate::fleet::HostState;
use crate::numa::{NumaCell, NumaTopology};
use crate::replay::{FlavorId, GroupId, Trace, TraceBuilder, TraceServer};

const HOSTS: &str = "the resources of the hosts";
const REQUESTS: &str = "the requests";
const TOPOLOGY: &str = "the topology";

/// Reads "Dataset for Topology-Aware VM Placement" (CC0, production data of Huawei Cloud):
/// <https://github.com/mdl1104/Dataset-for-topology-aware-VM-placement>.
///
/// * `PM_res.csv`: `CPU1,RAM1,CPU2,RAM2`, the free processors and GB of each host's two cells;
/// * `VM_data_C1.csv` to `C5`: `flavor_vcpus,flavor_ram,numa,strategy,group,domain`, one server a
///   line; `numa` cells; `strategy` is nothing, `affinity`, `anti-affinity` or `fault_domain`.
///   Groups are counted for each strategy by itself, and so they are read: `affinity` 3 and
///   `anti-affinity` 3 are two groups;
/// * `topology_provider.csv`: `host_id,rack_id`.
///
/// The data set does not say what `domain` means, nor which host of the topology a line of
/// `PM_res` is. We take it so: servers of one group with different domains share no rack (and no
/// host), those with the same domain may; and lines of both files belong together in their order.
/// There are no times: each request comes a second after the one before, and none leaves.
///
/// ```
/// use nova_sched::replay::HuaweiNuma;
///
/// let hosts = HuaweiNuma::hosts(&b"CPU1,RAM1,CPU2,RAM2\n16,32,32,64\n"[..])?;
/// assert_eq!(hosts[0].cells[1].vcpus, 32);
/// let requests = "flavor_vcpus,flavor_ram,numa,strategy,group,domain\n\
///     8,16,2,fault_domain,0,1\n\
///     8,16,1,,,\n";
/// let trace = HuaweiNuma::trace("mine", requests.as_bytes())?;
/// assert_eq!(trace.servers()[0].fault_domain, Some(1));
/// # Ok::<(), nova_sched::replay::TraceError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HuaweiNuma;

/// A host of the data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HuaweiServer {
    /// What is free in each of its two NUMA cells.
    pub cells: [HuaweiCell; 2],
}

/// A NUMA cell of a [`HuaweiServer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HuaweiCell {
    /// Free processors.
    pub vcpus: u32,
    /// Free memory in MiB.
    pub memory_mib: u64,
}

impl HuaweiServer {
    /// The host with what is free in its cells, and nothing on it. A cell without processors or
    /// without memory is left out, since no server could be on it.
    ///
    /// # Errors
    /// [`TraceError::Host`] if there is more in a cell than a machine has, or nothing in any.
    pub fn to_host(&self, name: HostName, zone: ZoneName) -> Result<HostState, TraceError> {
        let cannot = |why: &dyn std::fmt::Display| TraceError::Host {
            host: name.clone(),
            problem: Problem::Invalid(why.to_string()),
        };
        let (mut vcpus, mut memory): (u16, u64) = (0, 0);
        let mut cells = Vec::new();
        for (id, cell) in (0..).zip(&self.cells) {
            if cell.vcpus == 0 || cell.memory_mib == 0 {
                continue;
            }
            let end = u16::try_from(cell.vcpus)
                .ok()
                .and_then(|count| vcpus.checked_add(count))
                .ok_or_else(|| cannot(&"it has more processors than a machine"))?;
            let cpus = (vcpus..end).collect();
            cells.push(NumaCell::new(id, cell.memory_mib).with_cpuset(cpus));
            vcpus = end;
            memory = memory.saturating_add(cell.memory_mib);
        }
        let topology = NumaTopology::new(cells).map_err(|why| cannot(&why))?;
        let inventory = |total| Inventory::new(total, 0, 1.0).map_err(|why| cannot(&why));
        let (vcpus, memory) = (inventory(u64::from(vcpus))?, inventory(memory)?);
        Ok(HostState::new(name, zone)
            .with_inventory(ResourceClass::Vcpu, vcpus)
            .with_inventory(ResourceClass::MemoryMb, memory)
            .with_numa_topology(topology))
    }
}

impl HuaweiNuma {
    /// The hosts of `PM_res.csv`.
    ///
    /// # Errors
    /// [`TraceError`] where the text is not as said above.
    pub fn hosts(reader: impl BufRead) -> Result<Vec<HuaweiServer>, TraceError> {
        let mut lines = begin(reader, HOSTS, "CPU1,RAM1,CPU2,RAM2")?;
        let mut hosts = Vec::new();
        while let Some(line) = lines.next()? {
            let [cpu1, ram1, cpu2, ram2] = fields(line)?;
            let cell = |cpus: Field<'_>, memory| {
                Ok::<_, TraceError>(HuaweiCell {
                    vcpus: cpus.parse("a number of processors")?,
                    memory_mib: gigabytes(memory)?,
                })
            };
            hosts.push(HuaweiServer {
                cells: [cell(cpu1, ram1)?, cell(cpu2, ram2)?],
            });
        }
        Ok(hosts)
    }

    /// The racks of `topology_provider.csv`, by the order of the hosts.
    ///
    /// # Errors
    /// [`TraceError`] where the text is not as said above.
    pub fn racks(reader: impl BufRead) -> Result<Vec<String>, TraceError> {
        let mut lines = begin(reader, TOPOLOGY, "host_id,rack_id")?;
        let mut racks = Vec::new();
        while let Some(line) = lines.next()? {
            let [_, rack] = fields(line)?;
            racks.push(rack.text.to_owned());
        }
        Ok(racks)
    }

    /// The requests of a `VM_data_C….csv`.
    ///
    /// # Errors
    /// [`TraceError`] where the text is not as said above.
    pub fn trace(name: impl Into<String>, reader: impl BufRead) -> Result<Trace, TraceError> {
        let header = "flavor_vcpus,flavor_ram,numa,strategy,group,domain";
        let mut lines = begin(reader, REQUESTS, header)?;
        let mut requests = Requests {
            builder: Trace::builder(name),
            flavors: BTreeMap::new(),
            groups: BTreeMap::new(),
            seconds: 0,
        };
        while let Some(line) = lines.next()? {
            requests.line(fields(line)?)?;
        }
        Ok(requests.builder.build())
    }
}

/// What has been read so far.
struct Requests {
    builder: TraceBuilder,
    flavors: BTreeMap<(u64, u64, NonZeroU32), FlavorId>,
    groups: BTreeMap<(String, u32), GroupId>,
    seconds: u64,
}

impl Requests {
    fn line(&mut self, fields: [Field<'_>; 6]) -> Result<(), TraceError> {
        let [vcpus, memory, numa, strategy, group, domain] = fields;
        let cells: NonZeroU32 = numa.parse("a number of cells above 0")?;
        let size = (
            vcpus.parse("a number of processors")?,
            gigabytes(memory)?,
            cells,
        );
        let flavor = match self.flavors.get(&size) {
            Some(flavor) => *flavor,
            None => {
                let resources = Resources::new()
                    .with(ResourceClass::Vcpu, size.0)
                    .with(ResourceClass::MemoryMb, size.1);
                let name = format!("{}x{}, {cells} cells", vcpus.text, memory.text);
                let flavor = self.builder.flavor(name, resources, Some(cells));
                let flavor = flavor.map_err(|error| numa.because(error))?;
                self.flavors.insert(size, flavor);
                flavor
            }
        };
        let mut server = TraceServer::new(Duration::from_secs(self.seconds), flavor);
        self.seconds += 1;
        let policy = match strategy.text {
            "" => {
                for field in [group, domain] {
                    if !field.text.is_empty() {
                        return Err(field.error(Problem::Missing("its strategy")));
                    }
                }
                return self.builder.server(server);
            }
            "affinity" => Some(ServerGroupPolicy::Affinity),
            "anti-affinity" => Some(ServerGroupPolicy::AntiAffinity),
            "fault_domain" => None,
            _ => return Err(strategy.expected("affinity, anti-affinity or fault_domain")),
        };
        if policy.is_none() {
            server.fault_domain = Some(domain.parse("the number of a domain")?);
        } else if !domain.text.is_empty() {
            return Err(domain.expected("nothing, but for a fault_domain"));
        }
        let key = (
            strategy.text.to_owned(),
            group.parse("the number of a group")?,
        );
        server.group = Some(match self.groups.get(&key) {
            Some(group) => *group,
            None => {
                let name = format!("{} {}", key.0, key.1);
                let group = self.builder.group(name, policy.map(Into::into))?;
                self.groups.insert(key, group);
                group
            }
        });
        self.builder.server(server)
    }
}

/// The lines behind the header.
fn begin<R: BufRead>(
    reader: R,
    file: &'static str,
    header: &'static str,
) -> Result<Lines<R>, TraceError> {
    let mut lines = Lines::new(reader, file);
    match lines.next()? {
        None => return Err(lines.ended("the line that names the columns")),
        Some(line) if line.whole().text.trim_end() != header => {
            return Err(line.whole().expected(header));
        }
        Some(_) => {}
    }
    Ok(lines)
}

fn fields<const N: usize>(line: Line<'_>) -> Result<[Field<'_>; N], TraceError> {
    let mut fields = line.split(',').map(Field::trim);
    let mut found = [line.whole(); N];
    for field in &mut found {
        let next = fields.next();
        *field = next.ok_or_else(|| line.end(Problem::Missing("a field")))?;
    }
    match fields.next() {
        Some(field) => Err(field.error(Problem::Surplus)),
        None => Ok(found),
    }
}

fn gigabytes(field: Field<'_>) -> Result<u64, TraceError> {
    let expected = "an amount of memory in GB";
    let gigabytes: u32 = field.parse(expected)?;
    Ok(u64::from(gigabytes) * 1024)
}

//! Azure's packing trace of 2020, row by row.

use std::collections::BTreeMap;
use std::time::Duration;

use nova_core::id::{HostName, ZoneName};
use nova_core::model::{CustomResourceClass, Inventory, ResourceClass, Resources};
use serde::{Deserialize, Serialize};

use super::{Problem, TraceError};
use crate::fleet::HostState;
use crate::replay::{FlavorId, Trace, TraceBuilder, TraceServer};

const SIZES: &str = "vmType";
const SERVERS: &str = "vm";

/// Takes the rows of `AzureTracesForPacking2020` (Hadary et al., "Protean", OSDI 2020; CC-BY 4.0):
/// <https://github.com/Azure/AzurePublicDataset/blob/master/AzureTracesForPacking2020.md>.
///
/// The data set is an SQLite file that its users fetch themselves; whoever opens it hands over the
/// rows of its two tables, `vmType` first. A size says which share of a machine it takes, for each
/// kind of machine that it runs on. A fleet has one kind of machine here, and each share is
/// counted in [ten-thousandths](Self::UNITS) of it, rounded up: `core` as processors, `memory` as
/// MiB, `ssd` as GiB of disk, `hdd` and `nic` as `CUSTOM_HDD` and `CUSTOM_NIC`. Servers that do not
/// run on that kind are [left out](Self::left_out). Times are days; what began before the trace
/// comes at its beginning.
///
/// ```
/// use nova_sched::replay::{AzurePacking, PackingServer, PackingSize};
///
/// let half = PackingSize::new(7, 0, 0.5, 0.25);
/// let mut rows = AzurePacking::new("2020", 0, [half])?;
/// rows.server(&PackingServer::new(7, -3.0, Some(0.5)))?;
/// rows.server(&PackingServer::new(7, 0.25, None))?;
/// let trace = rows.build();
/// assert_eq!(trace.servers()[0].lifetime.map(|life| life.as_secs()), Some(43_200));
/// # Ok::<(), nova_sched::replay::TraceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct AzurePacking {
    builder: TraceBuilder,
    sizes: BTreeMap<i64, Option<FlavorId>>,
    rows: u64,
    left_out: u64,
}

/// A row of `vmType`: what a size takes of a machine, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackingSize {
    /// `vmTypeId`.
    pub vm_type: i64,
    /// `machineId`: the kind of machine.
    pub machine: i64,
    /// `core`.
    pub core: f64,
    /// `memory`.
    pub memory: f64,
    /// `hdd`.
    pub hdd: f64,
    /// `ssd`.
    pub ssd: f64,
    /// `nic`.
    pub nic: f64,
}

impl PackingSize {
    /// A size that takes no disk and no network.
    pub fn new(vm_type: i64, machine: i64, core: f64, memory: f64) -> Self {
        Self {
            vm_type,
            machine,
            core,
            memory,
            hdd: 0.0,
            ssd: 0.0,
            nic: 0.0,
        }
    }
}

/// A row of `vm`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PackingServer {
    /// `vmTypeId`.
    pub vm_type: i64,
    /// `starttime`, in days.
    pub start: f64,
    /// `endtime`, in days; nothing for what outlives the trace.
    pub end: Option<f64>,
}

impl PackingServer {
    /// A server of this type from a day to a day.
    pub fn new(vm_type: i64, start: f64, end: Option<f64>) -> Self {
        Self {
            vm_type,
            start,
            end,
        }
    }
}

impl AzurePacking {
    /// What one machine has of everything.
    pub const UNITS: u64 = 10_000;

    /// Begins a trace for one kind of machine.
    ///
    /// # Errors
    /// [`TraceError::Row`] for a share that is not between 0 and 1, for a size that is there twice,
    /// and if no size runs on the machine.
    pub fn new(
        name: impl Into<String>,
        machine: i64,
        sizes: impl IntoIterator<Item = PackingSize>,
    ) -> Result<Self, TraceError> {
        let mut builder = Trace::builder(name);
        let mut known = BTreeMap::new();
        let mut rows = 0;
        for size in sizes {
            rows += 1;
            let flavor = known.entry(size.vm_type).or_insert(None);
            if size.machine != machine {
                continue;
            }
            if flavor.is_some() {
                let problem = Problem::Twice {
                    what: "size",
                    name: size.vm_type.to_string(),
                };
                return Err(row(SIZES, rows, "vmTypeId", problem));
            }
            let name = size.vm_type.to_string();
            *flavor = Some(builder.flavor(name, resources(&size, rows)?, None)?);
        }
        if known.values().all(Option::is_none) {
            let problem = Problem::Unknown {
                what: "machine",
                name: machine.to_string(),
            };
            return Err(row(SIZES, rows, "machineId", problem));
        }
        Ok(Self {
            builder,
            sizes: known,
            rows: 0,
            left_out: 0,
        })
    }

    /// Takes one row of `vm`.
    ///
    /// # Errors
    /// [`TraceError::Row`] for a type that no row of `vmType` has, and for times that are no
    /// numbers or end before they begin.
    pub fn server(&mut self, server: &PackingServer) -> Result<(), TraceError> {
        self.rows += 1;
        let Some(flavor) = self.sizes.get(&server.vm_type) else {
            let problem = Problem::Unknown {
                what: "size",
                name: server.vm_type.to_string(),
            };
            return Err(row(SERVERS, self.rows, "vmTypeId", problem));
        };
        let arrives = self.time("starttime", server.start)?;
        let departs = match server.end {
            Some(end) if end < server.start => {
                let problem = Problem::Unexpected {
                    expected: "a time behind starttime",
                    found: end.to_string(),
                };
                return Err(row(SERVERS, self.rows, "endtime", problem));
            }
            Some(end) => Some(self.time("endtime", end)?),
            None => None,
        };
        let Some(flavor) = flavor else {
            self.left_out += 1;
            return Ok(());
        };
        let mut taken = TraceServer::new(arrives, *flavor);
        taken.lifetime = departs.map(|departs| departs.saturating_sub(arrives));
        self.builder.server(taken)
    }

    /// How many servers do not run on this kind of machine.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// The trace.
    pub fn build(self) -> Trace {
        self.builder.build()
    }

    /// One machine, empty.
    ///
    /// # Errors
    /// None that is known: the inventories are constants, and their types check them.
    pub fn host(name: HostName, zone: ZoneName) -> nova_core::Result<HostState> {
        let mut host = HostState::new(name, zone);
        for class in classes()? {
            host = host.with_inventory(class, Inventory::new(Self::UNITS, 0, 1.0)?);
        }
        Ok(host)
    }

    fn time(&self, column: &'static str, days: f64) -> Result<Duration, TraceError> {
        const DAY: f64 = 86_400.0;
        // `f64::max` would turn what is no number into 0.
        let seconds = if days < 0.0 { 0.0 } else { days * DAY };
        Duration::try_from_secs_f64(seconds).map_err(|_| {
            let problem = Problem::Unexpected {
                expected: "a time in days",
                found: days.to_string(),
            };
            row(SERVERS, self.rows, column, problem)
        })
    }
}

/// The classes, in the order of the shares in [`resources`].
fn classes() -> nova_core::Result<[ResourceClass; 5]> {
    let custom = |name: &str| CustomResourceClass::new(name).map(ResourceClass::Custom);
    Ok([
        ResourceClass::Vcpu,
        ResourceClass::MemoryMb,
        ResourceClass::DiskGb,
        custom("CUSTOM_HDD")?,
        custom("CUSTOM_NIC")?,
    ])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share is between 0 and 1, and 10,000 times that is between 0 and 10,000"
)]
fn resources(size: &PackingSize, number: u64) -> Result<Resources, TraceError> {
    let shares = [
        ("core", size.core),
        ("memory", size.memory),
        ("ssd", size.ssd),
        ("hdd", size.hdd),
        ("nic", size.nic),
    ];
    let classes =
        classes().map_err(|why| row(SIZES, number, "core", Problem::Invalid(why.to_string())))?;
    let mut resources = Resources::new();
    for ((column, share), class) in shares.into_iter().zip(classes) {
        if !(0.0..=1.0).contains(&share) {
            let problem = Problem::Unexpected {
                expected: "a share between 0 and 1",
                found: share.to_string(),
            };
            return Err(row(SIZES, number, column, problem));
        }
        // A little less than a ten-thousandth is the noise of the division that made the share.
        let units = (share * AzurePacking::UNITS as f64 - 1e-6).ceil().max(0.0);
        resources.set(class, units as u64);
    }
    Ok(resources)
}

fn row(table: &'static str, row: u64, column: &'static str, problem: Problem) -> TraceError {
    TraceError::Row {
        table,
        row,
        column,
        problem,
    }
}

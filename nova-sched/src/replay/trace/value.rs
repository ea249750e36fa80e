//! A trace as a value.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU32;
use std::time::Duration;

use nova_core::id::ZoneName;
use nova_core::model::{ResourceClass, Resources, ServerGroupRules};
use serde::{Deserialize, Serialize};

use super::TraceBuilder;
use crate::numa::{CpuSet, NumaError, NumaRequest};

/// Which flavor of a trace: its place in [`Trace::flavors`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FlavorId(pub(super) u32);

/// Which group of a trace: its place in [`Trace::groups`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub(super) u32);

impl FlavorId {
    /// The place in [`Trace::flavors`].
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl GroupId {
    /// The place in [`Trace::groups`].
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// A size that servers of a trace have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TraceFlavor {
    /// What the trace calls it.
    pub name: String,
    /// What a server of it holds on its host.
    pub resources: Resources,
    /// Over how many NUMA cells of its host a server is spread evenly; `None` if it does not say.
    pub numa_cells: Option<NonZeroU32>,
}

impl TraceFlavor {
    /// The cells that a server asks for: its processors and its memory in equal parts, the first
    /// ones a little larger where they cannot be equal. `None` if it does not say.
    ///
    /// # Errors
    /// [`NumaError`] if it cannot be spread so: if there are more cells than a server can have, or
    /// than it has processors or MiB.
    pub fn numa(&self) -> Result<Option<NumaRequest>, NumaError> {
        let Some(cells) = self.numa_cells else {
            return Ok(None);
        };
        let count = u64::from(cells.get());
        let vcpus = self.resources.get(&ResourceClass::Vcpu);
        let memory = self.resources.get(&ResourceClass::MemoryMb);
        let most = u64::try_from(NumaRequest::MAX_CELLS).unwrap_or(u64::MAX);
        if count > most.min(vcpus).min(memory) || vcpus > u64::from(u16::MAX) {
            return Err(NumaError::CellCount {
                count: usize::try_from(count).unwrap_or(usize::MAX),
                limit: usize::try_from(most.min(vcpus).min(memory)).unwrap_or(usize::MAX),
            });
        }
        let part = |whole: u64, cell: u64| whole / count + u64::from(cell < whole % count);
        let mut next = 0;
        let parts = (0..count).map(|cell| {
            let end = next + u16::try_from(part(vcpus, cell)).unwrap_or(u16::MAX - next);
            let cpus: CpuSet = (next..end).collect();
            next = end;
            (cpus, part(memory, cell))
        });
        NumaRequest::shared(parts).map(Some)
    }
}

/// Servers that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TraceGroup {
    /// What the trace calls it.
    pub name: String,
    /// Together or apart; `None` for a group whose servers only name
    /// [fault domains](TraceServer::fault_domain).
    pub rules: Option<ServerGroupRules>,
}

/// One server: when it comes, when it goes, what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TraceServer {
    /// When it is asked for, from the beginning of the trace.
    pub arrives: Duration,
    /// How long it lives; `None` if it outlives the trace.
    pub lifetime: Option<Duration>,
    /// Its size.
    pub flavor: FlavorId,
    /// The request that it came in together with others, by number.
    #[serde(default)]
    pub batch: Option<u32>,
    /// Its group.
    #[serde(default)]
    pub group: Option<GroupId>,
    /// Its fault domain within the group. Servers of one group that name different ones share
    /// neither a host nor a rack (see [`FaultDomainFilter`](crate::replay::FaultDomainFilter)).
    #[serde(default)]
    pub fault_domain: Option<u32>,
    /// The availability zone that it asks for.
    #[serde(default)]
    pub zone: Option<ZoneName>,
}

impl TraceServer {
    /// A server that comes at this time and stays.
    pub fn new(arrives: Duration, flavor: FlavorId) -> Self {
        Self {
            arrives,
            lifetime: None,
            flavor,
            batch: None,
            group: None,
            fault_domain: None,
            zone: None,
        }
    }

    /// It lives so long.
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// It came in this request.
    #[must_use]
    pub fn with_batch(mut self, batch: u32) -> Self {
        self.batch = Some(batch);
        self
    }

    /// It belongs to this group.
    #[must_use]
    pub fn with_group(mut self, group: GroupId) -> Self {
        self.group = Some(group);
        self
    }

    /// It is in this fault domain of its group.
    #[must_use]
    pub fn with_fault_domain(mut self, domain: u32) -> Self {
        self.fault_domain = Some(domain);
        self
    }

    /// It asks for this zone.
    #[must_use]
    pub fn with_zone(mut self, zone: ZoneName) -> Self {
        self.zone = Some(zone);
        self
    }

    /// When it leaves; `None` if it stays, or if the time is beyond what can be told.
    pub fn departs(&self) -> Option<Duration> {
        self.arrives.checked_add(self.lifetime?)
    }
}

/// Arrivals and departures of servers, in the order of arrival.
///
/// ```
/// use std::time::Duration;
///
/// use nova_core::model::{ResourceClass, Resources};
/// use nova_sched::replay::{Trace, TraceServer};
///
/// let mut builder = Trace::builder("by hand");
/// let small = builder.flavor("small", Resources::new().with(ResourceClass::Vcpu, 2), None)?;
/// let minutes = |count: u64| Duration::from_secs(60 * count);
/// builder.server(TraceServer::new(minutes(5), small))?;
/// builder.server(TraceServer::new(minutes(0), small).with_lifetime(minutes(3)))?;
/// let trace = builder.build();
///
/// assert_eq!(trace.servers()[0].departs(), Some(minutes(3)));
/// assert_eq!((trace.span(), trace.peak().get(&ResourceClass::Vcpu)), (minutes(5), 2));
/// # Ok::<(), nova_sched::replay::TraceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub(super) name: String,
    pub(super) flavors: Vec<TraceFlavor>,
    pub(super) groups: Vec<TraceGroup>,
    pub(super) servers: Vec<TraceServer>,
}

impl Trace {
    /// Begins a trace.
    pub fn builder(name: impl Into<String>) -> TraceBuilder {
        TraceBuilder::new(name.into())
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sizes of its servers.
    pub fn flavors(&self) -> &[TraceFlavor] {
        &self.flavors
    }

    /// The groups of its servers.
    pub fn groups(&self) -> &[TraceGroup] {
        &self.groups
    }

    /// The servers, in the order of arrival.
    pub fn servers(&self) -> &[TraceServer] {
        &self.servers
    }

    /// The size of a server; `None` if the id is of another trace.
    pub fn flavor(&self, id: FlavorId) -> Option<&TraceFlavor> {
        self.flavors.get(id.get())
    }

    /// The group of an id; `None` if the id is of another trace.
    pub fn group(&self, id: GroupId) -> Option<&TraceGroup> {
        self.groups.get(id.get())
    }

    /// How many servers arrive.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }

    /// The time of the last arrival: where a replay ends.
    pub fn span(&self) -> Duration {
        self.servers
            .last()
            .map_or(Duration::ZERO, |server| server.arrives)
    }

    /// The most of each class that is held at one time if every server is placed. Divided by what
    /// one host offers it is the fewest hosts that could do.
    pub fn peak(&self) -> Resources {
        let mut leaving: BinaryHeap<Reverse<(Duration, FlavorId)>> = BinaryHeap::new();
        let (mut held, mut peak) = (Resources::new(), Resources::new());
        let mut now = Duration::ZERO;
        for server in &self.servers {
            if server.arrives > now {
                now = server.arrives;
                while let Some(Reverse((at, flavor))) = leaving.peek().copied()
                    && at <= now
                {
                    leaving.pop();
                    if let Some(flavor) = self.flavor(flavor) {
                        held.subtract(&flavor.resources);
                    }
                }
            }
            if let Some(flavor) = self.flavor(server.flavor) {
                held.add(&flavor.resources);
                for (class, amount) in held.iter() {
                    if amount > peak.get(class) {
                        peak.set(class.clone(), amount);
                    }
                }
            }
            if let Some(at) = server.departs() {
                leaving.push(Reverse((at, server.flavor)));
            }
        }
        peak
    }

    /// The same with each batch of more than one server as a group of its own with these rules.
    /// Servers that are in a group stay in it.
    #[must_use]
    pub fn with_batches_grouped(mut self, rules: ServerGroupRules) -> Self {
        let mut sizes: std::collections::BTreeMap<u32, (u32, Option<GroupId>)> =
            std::collections::BTreeMap::new();
        for batch in self.servers.iter().filter_map(|server| server.batch) {
            sizes.entry(batch).or_default().0 += 1;
        }
        for server in &mut self.servers {
            let Some(batch) = server.batch else { continue };
            let Some((size, group)) = sizes.get_mut(&batch) else {
                continue;
            };
            if *size > 1 && server.group.is_none() {
                let id = group.get_or_insert_with(|| {
                    // There are fewer groups than batches, whose numbers are u32.
                    let id = GroupId(u32::try_from(self.groups.len()).unwrap_or(u32::MAX));
                    self.groups.push(TraceGroup {
                        name: format!("batch {batch}"),
                        rules: Some(rules),
                    });
                    id
                });
                server.group = Some(*id);
            }
        }
        self
    }

    /// The same without groups and fault domains: each server for itself.
    #[must_use]
    pub fn without_groups(mut self) -> Self {
        self.groups.clear();
        for server in &mut self.servers {
            server.group = None;
            server.fault_domain = None;
        }
        self
    }

    /// The same with its first `servers` servers only.
    #[must_use]
    pub fn truncated(mut self, servers: usize) -> Self {
        self.servers.truncate(servers);
        self
    }
}

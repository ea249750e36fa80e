//! How a fleet is put together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use nova_core::Timestamp;
use nova_core::id::HostName;
use nova_core::model::HostUsage;

use super::snapshot::Columns;
use super::{Fleet, HostAggregate, HostState};

/// Collects hosts; their order is the order of the fleet.
///
/// A host of a name that is there already takes the place of the former.
///
/// ```
/// use nova_sched::{Fleet, HostState};
///
/// let fleet = Fleet::builder()
///     .generation(41)
///     .host(HostState::new("node-1".parse()?, "az1".parse()?))
///     .host(HostState::new("node-2".parse()?, "az2".parse()?))
///     .build();
/// assert_eq!((fleet.len(), fleet.generation()), (2, 41));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FleetBuilder {
    generation: u64,
    hosts: Vec<HostState>,
    places: BTreeMap<HostName, usize>,
    aggregates: Vec<Arc<HostAggregate>>,
}

impl FleetBuilder {
    /// The generation to begin with; zero unless it is said.
    #[must_use]
    pub fn generation(mut self, generation: u64) -> Self {
        self.generation = generation;
        self
    }

    /// Adds a host.
    #[must_use]
    pub fn host(mut self, host: HostState) -> Self {
        match self
            .places
            .get(&host.name)
            .and_then(|place| self.hosts.get_mut(*place))
        {
            Some(former) => *former = host,
            None => {
                self.places.insert(host.name.clone(), self.hosts.len());
                self.hosts.push(host);
            }
        }
        self
    }

    /// Adds hosts.
    #[must_use]
    pub fn hosts(self, hosts: impl IntoIterator<Item = HostState>) -> Self {
        hosts.into_iter().fold(self, Self::host)
    }

    /// Adds a host as a store tells of it (see [`HostState::from_usage`]).
    #[must_use]
    pub fn usage(self, usage: HostUsage, now: Timestamp, down_after: Duration) -> Self {
        self.host(HostState::from_usage(usage, now, down_after))
    }

    /// Adds an aggregate.
    #[must_use]
    pub fn aggregate(mut self, aggregate: HostAggregate) -> Self {
        self.aggregates.push(Arc::new(aggregate));
        self
    }

    /// Adds aggregates.
    #[must_use]
    pub fn aggregates(self, aggregates: impl IntoIterator<Item = HostAggregate>) -> Self {
        aggregates.into_iter().fold(self, Self::aggregate)
    }

    /// The fleet.
    pub fn build(self) -> Fleet {
        let mut columns = Columns {
            generation: self.generation,
            ..Columns::default()
        };
        for host in self.hosts {
            columns.push(host);
        }
        columns.resolve_aggregates(self.aggregates);
        columns.places.shrink();
        Fleet {
            inner: Arc::new(columns),
        }
    }
}

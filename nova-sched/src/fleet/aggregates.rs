//! Aggregates, as filters and weighers see them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nova_core::id::{AggregateId, HostName};
use nova_core::model::Aggregate;
use serde::{Deserialize, Serialize};

use super::{Column, HostIndex, Overrides};
use crate::python::python_float;

/// A set of hosts with metadata that filters and weighers look for.
///
/// ```
/// use nova_sched::{Fleet, HostAggregate, HostState};
///
/// let ssd = HostAggregate::new("6e7b9a3c-0f3d-4f2e-9e61-3a6a0a6a1c11".parse()?, "ssd")
///     .with_host("node-1".parse()?)
///     .with_metadata("ssd", "true");
/// let fleet = Fleet::builder()
///     .host(HostState::new("node-1".parse()?, "az1".parse()?))
///     .aggregate(ssd)
///     .build();
/// let host = fleet.find(&"node-1".parse()?).expect("it was just added");
/// assert_eq!(host.aggregate_values("ssd").collect::<Vec<_>>(), ["true"]);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct HostAggregate {
    /// Its id.
    pub id: AggregateId,
    /// Its name.
    pub name: String,
    /// Its metadata, the availability zone among them.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Its hosts, by the names of their compute services ([`HostState::service_host`]).
    ///
    /// [`HostState::service_host`]: super::HostState::service_host
    #[serde(default)]
    pub hosts: BTreeSet<HostName>,
}

impl HostAggregate {
    /// An aggregate without hosts.
    pub fn new(id: AggregateId, name: impl Into<String>) -> Self {
        Self {
            id,
            name: name.into(),
            metadata: BTreeMap::new(),
            hosts: BTreeSet::new(),
        }
    }

    /// With a host.
    #[must_use]
    pub fn with_host(mut self, host: HostName) -> Self {
        self.hosts.insert(host);
        self
    }

    /// With a value of its metadata.
    #[must_use]
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }
}

impl From<&Aggregate> for HostAggregate {
    fn from(aggregate: &Aggregate) -> Self {
        Self {
            id: aggregate.id,
            name: aggregate.name.as_str().to_owned(),
            metadata: aggregate
                .properties()
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            hosts: aggregate.hosts.clone(),
        }
    }
}

/// The aggregates of a fleet, and which rows are in each.
#[derive(Debug, Clone, Default)]
pub(super) struct Aggregates {
    pub(super) list: Vec<Arc<HostAggregate>>,
    /// The rows of each, ascending.
    rows: Vec<Vec<HostIndex>>,
    /// The numbers of each row's aggregates; nothing for most.
    of_row: Column<Option<Arc<[u32]>>>,
    by_key: BTreeMap<String, Vec<u32>>,
    /// By key.
    multipliers: BTreeMap<String, Overrides>,
}

/// What the keys end with whose values weighers multiply by.
const MULTIPLIER: &str = "_weight_multiplier";

impl Aggregates {
    /// Finds the rows of every aggregate; `services` names the compute service of each row.
    pub(super) fn resolve<'a>(
        list: Vec<Arc<HostAggregate>>,
        services: impl Iterator<Item = &'a HostName>,
    ) -> Self {
        let mut aggregates = Self::default();
        let mut by_host: BTreeMap<&HostName, Vec<u32>> = BTreeMap::new();
        for (number, aggregate) in (0..).zip(&list) {
            for host in &aggregate.hosts {
                by_host.entry(host).or_default().push(number);
            }
            for key in aggregate.metadata.keys() {
                aggregates
                    .by_key
                    .entry(key.clone())
                    .or_default()
                    .push(number);
            }
        }
        aggregates.rows.resize(list.len(), Vec::new());
        let mut shared: BTreeSet<HostName> = BTreeSet::new();
        // Many hosts are in the same aggregates.
        let mut sets: BTreeMap<&[u32], Arc<[u32]>> = BTreeMap::new();
        for (row, service) in services.enumerate() {
            let numbers = by_host.get(service);
            if numbers.is_some() {
                shared.insert(service.clone());
            }
            for number in numbers.into_iter().flatten() {
                if let Some(rows) = aggregates.rows.get_mut(place(*number)) {
                    rows.push(HostIndex::from_row(row));
                }
            }
            aggregates.of_row.push(numbers.map(|numbers| {
                let set = sets.entry(numbers.as_slice());
                set.or_insert_with(|| numbers.as_slice().into()).clone()
            }));
        }
        for rows in &mut aggregates.rows {
            rows.shrink_to_fit();
        }
        aggregates.list = list;
        aggregates.share_names(&shared);
        let keys: Vec<String> = aggregates.keys().map(str::to_owned).collect();
        for key in keys.into_iter().filter(|key| key.ends_with(MULTIPLIER)) {
            let rows = aggregates.lowest(&key);
            aggregates.multipliers.insert(key, rows);
        }
        aggregates
    }

    /// Lets the aggregates name their hosts by the texts by which the fleet does.
    fn share_names(&mut self, names: &BTreeSet<HostName>) {
        for aggregate in &mut self.list {
            let known = |host: &HostName| names.get(host).unwrap_or(host).clone();
            let is_shared = |host: &HostName| std::ptr::eq(host.as_str(), known(host).as_str());
            if !aggregate.hosts.iter().all(is_shared) {
                let hosts = aggregate.hosts.iter().map(known).collect();
                Arc::make_mut(aggregate).hosts = hosts;
            }
        }
    }

    /// Takes in one more row, of this compute service.
    pub(super) fn push(&mut self, service: &HostName) {
        let row = self.of_row.len();
        let mut numbers = Vec::new();
        for (number, aggregate) in (0_u32..).zip(&mut self.list) {
            if !aggregate.hosts.contains(service) {
                continue;
            }
            numbers.push(number);
            if let Some(aggregate) = Arc::get_mut(aggregate) {
                aggregate.hosts.replace(service.clone());
            }
            if let Some(rows) = self.rows.get_mut(place(number)) {
                rows.push(HostIndex::from_row(row));
            }
        }
        self.of_row
            .push((!numbers.is_empty()).then(|| numbers.into()));
        let mut multipliers = std::mem::take(&mut self.multipliers);
        for (key, overrides) in &mut multipliers {
            overrides.push();
            if let Some(lowest) = self.lowest_of(row, key) {
                overrides.set(row, lowest);
            }
        }
        self.multipliers = multipliers;
    }

    fn lowest(&self, key: &str) -> Overrides {
        let mut overrides = Overrides::none(self.of_row.len());
        for host in self.with_key(key).flat_map(|(_, hosts)| hosts) {
            if let Some(lowest) = self.lowest_of(host.get(), key) {
                overrides.set(host.get(), lowest);
            }
        }
        overrides
    }

    /// The lowest value of a row for a key; `None` if it has none, or one that is no number.
    fn lowest_of(&self, row: usize, key: &str) -> Option<f64> {
        let texts = self
            .of(row)
            .filter_map(|aggregate| aggregate.metadata.get(key));
        let values: Option<Vec<f64>> = texts.map(|text| python_float(text)).collect();
        values?.into_iter().reduce(f64::min)
    }

    pub(super) fn multipliers(&self, key: &str) -> Option<&Overrides> {
        self.multipliers.get(key)
    }

    pub(super) fn of(&self, row: usize) -> impl Iterator<Item = &HostAggregate> {
        let numbers = self.of_row.get(row).and_then(Option::as_deref);
        numbers
            .into_iter()
            .flatten()
            .filter_map(|number| self.list.get(place(*number)).map(AsRef::as_ref))
    }

    pub(super) fn with_key(
        &self,
        key: &str,
    ) -> impl Iterator<Item = (&HostAggregate, &[HostIndex])> {
        let numbers = self.by_key.get(key);
        numbers.into_iter().flatten().filter_map(|number| {
            let aggregate = self.list.get(place(*number))?;
            Some((
                aggregate.as_ref(),
                self.rows.get(place(*number))?.as_slice(),
            ))
        })
    }

    /// The keys that any aggregate has.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.by_key.keys().map(String::as_str)
    }

    pub(super) fn rows_of(&self, id: &AggregateId) -> Option<&[HostIndex]> {
        let number = self.list.iter().position(|aggregate| aggregate.id == *id)?;
        self.rows.get(number).map(Vec::as_slice)
    }
}

fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

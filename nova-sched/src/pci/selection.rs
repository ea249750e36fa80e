//! The pools that one request may be served from.

use nova_core::model::PciNumaAffinity;

use super::pools::Entry;
use super::scope::PciScope;
use super::tags;
use super::{PciDeviceType, PciPool, PciRequest, PciShortage};

/// Pools by place, each with what is left of it for the requests not yet served.
#[derive(Debug, Clone)]
pub(super) struct Draft<'a> {
    pub(super) entries: &'a [Entry],
    /// What is left; `None` of a pool that is gone.
    pub(super) left: Vec<Option<u32>>,
}

/// How many devices one check left.
type Check = Result<Vec<usize>, (PciShortage, u64)>;

impl<'a> Draft<'a> {
    pub(super) fn new(entries: &'a [Entry]) -> Self {
        let left = entries
            .iter()
            .map(|entry| (!entry.drained).then_some(entry.pool.count));
        Self {
            entries,
            left: left.collect(),
        }
    }

    fn pool(&self, place: usize) -> Option<&'a PciPool> {
        self.entries.get(place).map(|entry| &entry.pool)
    }

    fn count(&self, places: &[usize]) -> u64 {
        places
            .iter()
            .filter_map(|place| *self.left.get(*place)?)
            .map(u64::from)
            .sum()
    }

    fn retain(&self, places: &mut Vec<usize>, keep: impl Fn(&PciPool) -> bool) {
        places.retain(|place| self.pool(*place).is_some_and(&keep));
    }

    /// Takes the devices of one request: from each pool so many.
    pub(super) fn take(
        &mut self,
        request: &'a PciRequest,
        scope: &PciScope<'a>,
    ) -> Result<Vec<(usize, u32)>, (PciShortage, u64)> {
        let providers = scope.providers(request);
        let places = self.select(request, scope, &providers)?;
        if !providers.is_empty() && self.has_split_provider() {
            return Err((PciShortage::SplitProvider, self.count(&places)));
        }
        let mut taken = Vec::new();
        let mut wanted = request.count;
        for place in places {
            let (Some(pool), Some(Some(left))) = (self.pool(place), self.left.get(place)) else {
                continue;
            };
            let share = match tags::provider(&pool.tags) {
                Some(provider) if !providers.is_empty() => {
                    providers.get(provider).copied().unwrap_or(0)
                }
                _ => wanted.min(*left),
            };
            let rest = left.saturating_sub(share);
            if let Some(slot) = self.left.get_mut(place) {
                *slot = (rest > 0).then_some(rest);
            }
            taken.push((place, share));
            wanted = wanted.saturating_sub(share);
            if wanted == 0 && providers.is_empty() {
                break;
            }
        }
        Ok(taken)
    }

    /// The pools that one request may be served from, in the order in which they are. The checks
    /// are those of Nova's `_filter_pools`, in its order.
    fn select(
        &self,
        request: &PciRequest,
        scope: &PciScope<'_>,
        providers: &std::collections::BTreeMap<&str, u32>,
    ) -> Check {
        let present = |place: &usize| matches!(self.left.get(*place), Some(Some(_)));
        let mut places: Vec<usize> = (0..self.entries.len()).filter(present).collect();
        let enough = |places: &[usize], shortage| match self.count(places) {
            count if count < u64::from(request.count) => Err((shortage, count)),
            _ => Ok(()),
        };

        self.retain(&mut places, |pool| {
            request.spec.iter().any(|spec| spec.matches(pool))
        });
        enough(&places, PciShortage::Matching)?;

        let policy = request.numa_policy.unwrap_or(PciNumaAffinity::Legacy);
        if !scope.cells.is_empty() {
            places = self.near(places, policy, request.count, scope);
        }
        enough(&places, PciShortage::NumaAffinity { policy })?;

        let is = |pool: &PciPool, dev_type| pool.dev_type == Some(dev_type);
        for (dev_type, shortage) in [
            (
                PciDeviceType::PhysicalFunction,
                PciShortage::PhysicalFunctions,
            ),
            (PciDeviceType::Vdpa, PciShortage::Vdpa),
        ] {
            if !request.asks_for(dev_type) {
                self.retain(&mut places, |pool| !is(pool, dev_type));
            }
            enough(&places, shortage)?;
        }

        let mut specs = request.spec.iter();
        if !specs.any(|spec| tags::is_remote_managed(&spec.tags)) {
            self.retain(&mut places, |pool| !tags::is_remote_managed(&pool.tags));
        }
        enough(&places, PciShortage::RemoteManaged)?;

        if !providers.is_empty() {
            places.retain(|place| {
                let provider = self
                    .pool(*place)
                    .and_then(|pool| tags::provider(&pool.tags));
                let wanted = provider.and_then(|provider| providers.get(provider));
                let left = self.left.get(*place).copied().flatten();
                wanted.is_some_and(|wanted| left >= Some(*wanted))
            });
        }
        enough(&places, PciShortage::Provider)?;

        for wanted in ["true", "false"] {
            let mut specs = request.spec.iter();
            if specs.all(|spec| tags::live_migratable(&spec.tags) == Some(wanted)) {
                self.retain(&mut places, |pool| {
                    tags::live_migratable(&pool.tags) == Some(wanted)
                });
                break;
            }
        }
        enough(&places, PciShortage::LiveMigratable)?;
        match places.is_empty() {
            true => Err((PciShortage::Matching, 0)),
            false => Ok(places),
        }
    }

    /// The pools that are near enough to the server's NUMA cells: as near as there are enough of,
    /// and no farther than the policy has it.
    fn near(
        &self,
        places: Vec<usize>,
        policy: PciNumaAffinity,
        wanted: u32,
        scope: &PciScope<'_>,
    ) -> Vec<usize> {
        let within = |cells: &[u32], unknown: bool| {
            let near = |pool: &PciPool| match pool.numa_node {
                Some(node) => cells.contains(&node),
                None => unknown,
            };
            let mut within = places.clone();
            self.retain(&mut within, near);
            within
        };
        let enough = |places: &[usize]| self.count(places) >= u64::from(wanted);

        let same = within(scope.cells, false);
        if policy == PciNumaAffinity::Required || enough(&same) {
            return same;
        }
        if policy == PciNumaAffinity::Socket {
            return within(&scope.cells_of_sockets(), false);
        }
        let same_or_unknown = within(scope.cells, true);
        if policy == PciNumaAffinity::Legacy || enough(&same_or_unknown) {
            return same_or_unknown;
        }
        let mut all = places;
        all.sort_by_key(|place| !same_or_unknown.contains(place));
        all
    }

    /// Whether the devices of any provider are in several pools.
    fn has_split_provider(&self) -> bool {
        let present = self.entries.iter().zip(&self.left);
        let mut providers: Vec<&str> = present
            .filter(|(_, left)| left.is_some())
            .filter_map(|(entry, _)| tags::provider(&entry.pool.tags))
            .collect();
        providers.sort_unstable();
        providers.windows(2).any(|pair| pair.first() == pair.last())
    }
}

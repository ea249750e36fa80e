//! Servers on hosts, and where each is.

use std::collections::BTreeMap;
use std::sync::Arc;

use nova_core::id::{ProjectId, ServerId};
use nova_core::model::{Flavor, ResourceClass, Resources};
use nova_core::units::Mebibytes;
use serde::{Deserialize, Serialize};

use super::HardwareClaim;

/// What a server takes of its host as weighers see it: Nova's `vcpus`, `memory_mb`, and root plus
/// ephemeral disk of the flavor.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ServerSize {
    /// Virtual processors, dedicated ones among them.
    pub vcpus: u64,
    /// Memory.
    pub memory: Mebibytes,
    /// Root and ephemeral disk. Swap is not counted, as in Nova.
    pub disk: Mebibytes,
}

impl ServerSize {
    /// A size.
    pub fn new(vcpus: u64, memory: Mebibytes, disk: Mebibytes) -> Self {
        Self {
            vcpus,
            memory,
            disk,
        }
    }

    /// The size of a flavor.
    pub fn of_flavor(flavor: &Flavor) -> Self {
        let disk = flavor
            .root_disk()
            .get()
            .saturating_add(flavor.ephemeral_disk().get());
        Self::new(
            u64::from(flavor.vcpus()),
            flavor.memory(),
            Mebibytes::new(disk.saturating_mul(1024)),
        )
    }

    /// The size that claims tell of: `VCPU` and `PCPU`, `MEMORY_MB`, `DISK_GB`.
    pub fn of_resources(resources: &Resources) -> Self {
        let vcpus = resources
            .get(&ResourceClass::Vcpu)
            .saturating_add(resources.get(&ResourceClass::Pcpu));
        Self::new(
            vcpus,
            Mebibytes::new(resources.get(&ResourceClass::MemoryMb)),
            Mebibytes::new(resources.get(&ResourceClass::DiskGb).saturating_mul(1024)),
        )
    }
}

/// What servers can have in common, so that a fleet keeps it once.
///
/// ```
/// use nova_core::model::{ResourceClass, Resources};
/// use nova_sched::ServerShape;
///
/// let shape = ServerShape::new(Resources::new().with(ResourceClass::Vcpu, 2)).with_priority(-1);
/// assert_eq!((shape.size.vcpus, shape.movable), (2, true));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ServerShape {
    /// What it holds of its host's resources.
    pub resources: Resources,
    /// What weighers count.
    pub size: ServerSize,
    /// The name of its flavor.
    #[serde(default)]
    pub flavor: Option<String>,
    /// Its owner's project.
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// The properties of its image, as [`RequestImage`](crate::RequestImage) writes them.
    #[serde(default)]
    pub image_properties: BTreeMap<String, String>,
    /// How much it counts for when room is made for others: those of lower priority go first. 0
    /// unless it is said.
    #[serde(default)]
    pub priority: i32,
    /// Whether it may be moved to another host. It may unless it is said.
    #[serde(default = "yes")]
    pub movable: bool,
}

fn yes() -> bool {
    true
}

impl ServerShape {
    /// A server that holds these resources.
    pub fn new(resources: Resources) -> Self {
        Self {
            size: ServerSize::of_resources(&resources),
            resources,
            flavor: None,
            project: None,
            image_properties: BTreeMap::new(),
            priority: 0,
            movable: true,
        }
    }

    /// A server of a flavor.
    pub fn of_flavor(flavor: &Flavor) -> Self {
        Self {
            size: ServerSize::of_flavor(flavor),
            flavor: Some(flavor.id().to_string()),
            ..Self::new(flavor.resources())
        }
    }

    /// With this size for the weighers.
    #[must_use]
    pub fn with_size(mut self, size: ServerSize) -> Self {
        self.size = size;
        self
    }

    /// Of this flavor.
    #[must_use]
    pub fn with_flavor(mut self, name: impl Into<String>) -> Self {
        self.flavor = Some(name.into());
        self
    }

    /// Of this project.
    #[must_use]
    pub fn with_project(mut self, project: ProjectId) -> Self {
        self.project = Some(project);
        self
    }

    /// With these properties of its image.
    #[must_use]
    pub fn with_image_properties(mut self, properties: BTreeMap<String, String>) -> Self {
        self.image_properties = properties;
        self
    }

    /// With this priority.
    #[must_use]
    pub fn with_priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// Whether it may be moved.
    #[must_use]
    pub fn with_movable(mut self, movable: bool) -> Self {
        self.movable = movable;
        self
    }
}

/// One server on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PlacedServer {
    /// Its id.
    pub id: ServerId,
    /// What it has in common with others; share it between servers that are alike.
    pub shape: Arc<ServerShape>,
    /// What it holds of its host's NUMA cells and PCI devices; `None` if nothing is known of it.
    #[serde(default)]
    pub hardware: Option<Arc<HardwareClaim>>,
}

impl PlacedServer {
    /// A server of this shape.
    pub fn new(id: ServerId, shape: impl Into<Arc<ServerShape>>) -> Self {
        Self {
            id,
            shape: shape.into(),
            hardware: None,
        }
    }

    /// The same with these NUMA cells and PCI devices of its host.
    #[must_use]
    pub fn with_hardware(mut self, claim: HardwareClaim) -> Self {
        self.hardware = (!claim.is_empty()).then(|| Arc::new(claim));
        self
    }
}

/// On which row each server is: sorted parts by a mix of the id, so that a change copies one part.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerIndex {
    parts: Arc<Vec<Arc<Part>>>,
    len: usize,
    /// Further rows of servers that several hosts report, since they are being moved.
    further: Arc<BTreeMap<ServerId, Vec<u32>>>,
}

type Part = Vec<(ServerId, u32)>;

/// How many servers a part has on average before there are twice as many parts.
const PART: usize = 128;

impl ServerIndex {
    pub(super) fn get(&self, server: &ServerId) -> Option<u32> {
        let part = self.parts.get(self.place(server)?)?;
        let found = part.binary_search_by(|(id, _)| id.cmp(server)).ok()?;
        part.get(found).map(|(_, row)| *row)
    }

    /// All rows that a server is on, each once.
    pub(super) fn rows(&self, server: &ServerId) -> impl Iterator<Item = u32> + use<'_> {
        let further = self.further.get(server);
        let further = further.into_iter().flatten().copied();
        self.get(server).into_iter().chain(further)
    }

    /// Notes a server on a row, which is the one that it is found on from now on.
    pub(super) fn insert(&mut self, server: ServerId, row: u32) {
        if let Some(former) = self.get(&server).filter(|former| *former != row) {
            let further = Arc::make_mut(&mut self.further);
            let rows = further.entry(server).or_default();
            rows.retain(|other| *other != row);
            rows.push(former);
        }
        self.set(server, row);
    }

    fn set(&mut self, server: ServerId, row: u32) {
        if self.len >= self.parts.len().saturating_mul(PART) {
            self.grow();
        }
        let Some(place) = self.place(&server) else {
            return;
        };
        let Some(part) = Arc::make_mut(&mut self.parts).get_mut(place) else {
            return;
        };
        let part = Arc::make_mut(part);
        match part.binary_search_by(|(id, _)| id.cmp(&server)) {
            Ok(found) => part[found].1 = row,
            Err(gap) => {
                part.insert(gap, (server, row));
                self.len += 1;
            }
        }
    }

    /// A server is on a row no longer. If it is on another one, it is found there.
    pub(super) fn remove(&mut self, server: &ServerId, row: u32) {
        let found = self.get(server) == Some(row);
        if self.further.contains_key(server) {
            let further = Arc::make_mut(&mut self.further);
            let rows = further.get_mut(server);
            let other = rows.and_then(|rows| {
                rows.retain(|other| *other != row);
                if found { rows.pop() } else { None }
            });
            if further.get(server).is_some_and(Vec::is_empty) {
                further.remove(server);
            }
            if let Some(other) = other {
                self.set(*server, other);
                return;
            }
        }
        if found {
            self.forget(server);
        }
    }

    fn forget(&mut self, server: &ServerId) {
        let Some(place) = self.place(server) else {
            return;
        };
        if let Some(part) = Arc::make_mut(&mut self.parts).get_mut(place) {
            let part = Arc::make_mut(part);
            if let Ok(found) = part.binary_search_by(|(id, _)| id.cmp(server)) {
                part.remove(found);
                self.len -= 1;
            }
        }
    }

    /// Gives back the memory that was kept for more servers.
    pub(super) fn shrink(&mut self) {
        for part in Arc::make_mut(&mut self.parts) {
            Arc::make_mut(part).shrink_to_fit();
        }
    }

    fn place(&self, server: &ServerId) -> Option<usize> {
        let (high, low) = server.as_uuid().as_u64_pair();
        let mixed = mix(low ^ mix(high));
        // The upper half: a number that fits everywhere.
        usize::try_from(mixed >> 32)
            .ok()?
            .checked_rem(self.parts.len())
    }

    fn grow(&mut self) {
        let mut larger = Self {
            parts: Arc::new(vec![Arc::default(); (self.parts.len() * 2).max(1)]),
            len: self.len,
            further: self.further.clone(),
        };
        for (server, row) in self.parts.iter().flat_map(|part| part.iter()) {
            if let Some(place) = larger.place(server)
                && let Some(part) = Arc::make_mut(&mut larger.parts).get_mut(place)
            {
                Arc::make_mut(part).push((*server, *row));
            }
        }
        for part in Arc::make_mut(&mut larger.parts) {
            Arc::make_mut(part).sort_unstable();
        }
        *self = larger;
    }
}

/// Every bit of what it gives hangs on every bit of what it takes (the finaliser of `SplitMix64`),
/// whichever bytes of the ids differ: random ones, the first (UUIDs of version 1) or the last.
fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_small_wherever_ids_differ() {
        for pattern in [
            (|number| format!("{number:08x}-0000-1000-8000-0123456789ab")) as fn(u32) -> String,
            |number| {
                format!(
                    "01234567-{:04x}-1{:03x}-8000-0123456789ab",
                    number & 0xffff,
                    number >> 16
                )
            },
            |number| format!("01234567-89ab-4000-8000-{number:012x}"),
            |number| format!("01234567-89ab-4000-8000-{:012x}", u64::from(number) << 24),
        ] {
            let mut index = ServerIndex::default();
            for number in 0..20_000 {
                index.insert(pattern(number).parse().unwrap(), number);
            }
            let largest = index.parts.iter().map(|part| part.len()).max();
            assert!(largest.unwrap() < 2 * PART, "{largest:?} {}", pattern(1));
        }
    }

    #[test]
    fn every_server_is_found_until_it_is_removed() {
        let id = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
        let ids: Vec<ServerId> = (0..3000)
            .map(|number| id(number).parse().unwrap())
            .collect();
        let mut index = ServerIndex::default();
        assert_eq!(index.get(&ids[0]), None);
        for (row, id) in (0..).zip(&ids) {
            index.insert(*id, row);
            index.insert(*id, row + 1);
            index.insert(*id, row + 1);
        }
        let before = index.clone();
        for (row, id) in (1..).zip(&ids) {
            // It is on two rows: the one that was told last is found first.
            assert_eq!(index.get(id), Some(row));
            if row % 2 == 0 {
                index.remove(id, row);
                assert_eq!(index.get(id), Some(row - 1));
                index.remove(id, row);
                index.remove(id, row - 1);
            } else {
                index.remove(id, row - 1);
                assert_eq!(index.get(id), Some(row));
                index.remove(id, row);
            }
            assert_eq!(index.get(id), None);
        }
        assert!(index.further.is_empty());
        assert_eq!((index.len, before.len), (0, 3000));
        assert_eq!(before.get(&ids[7]), Some(8));
    }
}

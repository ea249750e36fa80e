//! The same share in use everywhere.

use nova_core::model::ResourceClass;

use super::{FleetLoad, HostLoad, Score};

/// The same share of every host in use.
///
/// The score is minus the sum, over hosts and classes, of (u − ū)², where u is the part of the
/// host's capacity that is claimed and ū that of the whole fleet: the variance of utilisation
/// times the number of hosts, with hosts that have nothing of a class left out. 0 is the best
/// that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    classes: Vec<ResourceClass>,
}

impl Spread {
    /// By the use of these classes.
    pub fn new(classes: impl IntoIterator<Item = ResourceClass>) -> Self {
        Self {
            classes: classes.into_iter().collect(),
        }
    }
}

impl Default for Spread {
    /// By the use of `VCPU` and `MEMORY_MB`.
    fn default() -> Self {
        Self::new([ResourceClass::Vcpu, ResourceClass::MemoryMb])
    }
}

impl Score for Spread {
    fn name(&self) -> &str {
        "spread"
    }

    fn host(&self, fleet: &FleetLoad, host: &HostLoad<'_>) -> f64 {
        let distance = |class| {
            let mean = fleet.utilisation(class)?;
            Some(host.utilisation(class)? - mean)
        };
        let distances = self.classes.iter().filter_map(distance);
        -distances.map(|distance| distance * distance).sum::<f64>()
    }
}

//! Nothing left that cannot be used for want of something else.

use nova_core::model::ResourceClass;

use super::{FleetLoad, HostLoad, Score};

/// As little as can be left over that no server can use, because something else is used up.
///
/// Of a host, as much of each class is of use as of the scarcest; what is free beyond is stranded.
/// The score is minus the sum, over hosts and classes, of the part of the host's capacity that is
/// stranded: (free part of the class) − (free part of the scarcest class). 0 is the best that
/// there is. It says nothing of hosts that are free or used evenly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranded {
    classes: Vec<ResourceClass>,
}

impl Stranded {
    /// Of these classes.
    pub fn new(classes: impl IntoIterator<Item = ResourceClass>) -> Self {
        Self {
            classes: classes.into_iter().collect(),
        }
    }
}

impl Default for Stranded {
    /// Of `VCPU` and `MEMORY_MB`.
    fn default() -> Self {
        Self::new([ResourceClass::Vcpu, ResourceClass::MemoryMb])
    }
}

impl Score for Stranded {
    fn name(&self) -> &str {
        "stranded"
    }

    fn host(&self, _fleet: &FleetLoad, host: &HostLoad<'_>) -> f64 {
        let free = |class| host.utilisation(class).map(|used| (1.0 - used).max(0.0));
        let free = self.classes.iter().filter_map(free);
        let scarcest = free.clone().fold(1.0, f64::min);
        -free.map(|free| free - scarcest).sum::<f64>()
    }
}

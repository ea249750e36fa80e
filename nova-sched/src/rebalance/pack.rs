//! As many empty hosts as can be.

use nova_core::model::ResourceClass;

use super::{FleetLoad, HostLoad, Score};

/// As many empty hosts as can be, and those that are not empty as full as can be.
///
/// An empty host counts 1. Any other counts u², where u is the part of its capacity that is
/// claimed, the mean over the classes, at most 1: so that servers leave the emptier host for the
/// fuller one, until the emptier is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    classes: Vec<ResourceClass>,
}

impl Pack {
    /// By the use of these classes.
    pub fn new(classes: impl IntoIterator<Item = ResourceClass>) -> Self {
        Self {
            classes: classes.into_iter().collect(),
        }
    }
}

impl Default for Pack {
    /// By the use of `VCPU` and `MEMORY_MB`.
    fn default() -> Self {
        Self::new([ResourceClass::Vcpu, ResourceClass::MemoryMb])
    }
}

impl Score for Pack {
    fn name(&self) -> &str {
        "pack"
    }

    fn host(&self, _fleet: &FleetLoad, host: &HostLoad<'_>) -> f64 {
        if host.servers() == 0 {
            return 1.0;
        }
        let (mut sum, mut classes) = (0.0_f64, 0.0_f64);
        for used in self
            .classes
            .iter()
            .filter_map(|class| host.utilisation(class))
        {
            sum += used;
            classes += 1.0;
        }
        let used = (sum / classes.max(1.0)).min(1.0);
        used * used
    }
}

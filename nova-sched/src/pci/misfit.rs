//! Why devices cannot be had.

use std::fmt;

use nova_core::model::PciNumaAffinity;
use serde::{Deserialize, Serialize};

use crate::text::Brief;

/// What too few devices are left for, in the order of Nova's checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum PciShortage {
    /// Placement offers them.
    NoCandidate,
    /// They match what is asked for.
    Matching,
    /// They are near enough to the server's NUMA cells.
    NumaAffinity {
        /// How near they must be.
        policy: PciNumaAffinity,
    },
    /// They are no physical functions, which nobody asked for.
    PhysicalFunctions,
    /// They are no vDPA devices, which nobody asked for.
    Vdpa,
    /// They are not managed from elsewhere, which nobody asked for.
    RemoteManaged,
    /// They are those of the providers that Placement chose.
    Provider,
    /// They are live migratable or not, as was asked for.
    LiveMigratable,
    /// A provider's devices are in one pool, as they have to be.
    SplitProvider,
}

/// Why devices that a server asks for cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PciMisfit {
    /// The first of the requests that cannot be served after those before it.
    pub request: usize,
    /// Its alias in the flavor; `None` if a port asks.
    pub alias: Option<String>,
    /// How many are wanted.
    pub wanted: u32,
    /// How many are left after the check that left too few.
    pub left: u64,
    /// That check.
    pub shortage: PciShortage,
}

impl fmt::Display for PciMisfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wanted, left, .. } = self;
        match &self.alias {
            Some(alias) => write!(f, "PCI devices {}: ", Brief::value(alias))?,
            None => f.write_str("PCI devices of a port: ")?,
        }
        write!(f, "wanted {wanted}, {left} ")?;
        match self.shortage {
            PciShortage::NoCandidate => f.write_str("offered by Placement"),
            PciShortage::Matching => f.write_str("match"),
            PciShortage::NumaAffinity { policy } => {
                write!(f, "near enough to the NUMA cells ({policy})")
            }
            PciShortage::PhysicalFunctions => f.write_str("besides physical functions"),
            PciShortage::Vdpa => f.write_str("besides vDPA devices"),
            PciShortage::RemoteManaged => f.write_str("besides remotely managed ones"),
            PciShortage::Provider => f.write_str("of the providers that Placement chose"),
            PciShortage::LiveMigratable => f.write_str("with the live migration asked for"),
            PciShortage::SplitProvider => {
                f.write_str("of the providers that Placement chose, one of which is in two pools")
            }
        }
    }
}

impl std::error::Error for PciMisfit {}

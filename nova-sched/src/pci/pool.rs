//! Devices that are alike.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a PCI device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PciDeviceType {
    /// A plain device.
    #[serde(rename = "type-PCI")]
    Standard,
    /// An SR-IOV physical function. It is given only to those who ask for one.
    #[serde(rename = "type-PF")]
    PhysicalFunction,
    /// An SR-IOV virtual function.
    #[serde(rename = "type-VF")]
    VirtualFunction,
    /// A vDPA device. It is given only to those who ask for one.
    #[serde(rename = "vdpa")]
    Vdpa,
}

impl PciDeviceType {
    /// The name that Nova has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "type-PCI",
            Self::PhysicalFunction => "type-PF",
            Self::VirtualFunction => "type-VF",
            Self::Vdpa => "vdpa",
        }
    }
}

impl fmt::Display for PciDeviceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A number of devices of a host that are alike (Nova's `PciDevicePool`).
///
/// ```
/// use nova_sched::pci::{PciDeviceType, PciPool};
///
/// let pool = PciPool::new("8086", "1520", 4)
///     .with_dev_type(PciDeviceType::VirtualFunction)
///     .with_numa_node(1)
///     .with_tag("physical_network", "physnet0");
/// let json = r#"{"vendor_id": "8086", "product_id": "1520", "numa_node": 1, "count": 4,
///     "dev_type": "type-VF", "physical_network": "physnet0"}"#;
/// assert_eq!(serde_json::from_str::<PciPool>(json)?, pool);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PciPool {
    /// The maker, as four hexadecimal digits.
    pub vendor_id: String,
    /// The product, as four hexadecimal digits.
    pub product_id: String,
    /// The NUMA cell that they are near to, if the host says so.
    #[serde(default)]
    pub numa_node: Option<u32>,
    /// How many of them are free.
    pub count: u32,
    /// What they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev_type: Option<PciDeviceType>,
    /// What else the host's administrator says of them: `physical_network`, `remote_managed`,
    /// `live_migratable`, …; and the provider that they are in Placement, `rp_uuid`.
    #[serde(flatten)]
    pub tags: BTreeMap<String, Option<String>>,
}

impl PciPool {
    /// So many devices of a maker and a product.
    pub fn new(vendor_id: impl Into<String>, product_id: impl Into<String>, count: u32) -> Self {
        Self {
            vendor_id: vendor_id.into(),
            product_id: product_id.into(),
            numa_node: None,
            count,
            dev_type: None,
            tags: BTreeMap::new(),
        }
    }

    /// The same near to a NUMA cell.
    #[must_use]
    pub fn with_numa_node(mut self, node: u32) -> Self {
        self.numa_node = Some(node);
        self
    }

    /// The same of a type.
    #[must_use]
    pub fn with_dev_type(mut self, dev_type: PciDeviceType) -> Self {
        self.dev_type = Some(dev_type);
        self
    }

    /// The same with one more tag.
    #[must_use]
    pub fn with_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(name.into(), Some(value.into()));
        self
    }

    /// How many things are known of the devices: Nova tries pools of which less is known first.
    pub(super) fn keys(&self) -> usize {
        4 + usize::from(self.dev_type.is_some()) + self.tags.len()
    }

    /// Whether the devices of both are alike, however many there are.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.vendor_id == other.vendor_id
            && self.product_id == other.product_id
            && self.numa_node == other.numa_node
            && self.dev_type == other.dev_type
            && self.tags == other.tags
    }
}

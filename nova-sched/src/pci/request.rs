//! Devices that a server asks for.

use nova_core::model::PciNumaAffinity;
use serde::{Deserialize, Serialize};

use super::tags::{self, Tags};
use super::{PciDeviceType, PciPool};

/// What a device must be. What is not set may be anything; text is compared in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PciSpec {
    /// The maker, as four hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<String>,
    /// The product, as four hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dev_type: Option<PciDeviceType>,
    /// Tags that it must have. `resource_class` and `traits` are Placement's, and
    /// `rp_uuids` are the providers that it chose, after commas.
    #[serde(flatten)]
    pub tags: Tags,
}

impl PciSpec {
    /// Any device.
    pub fn new() -> Self {
        Self::default()
    }

    /// A device of a maker and a product.
    pub fn of(vendor_id: impl Into<String>, product_id: impl Into<String>) -> Self {
        Self {
            vendor_id: Some(vendor_id.into()),
            product_id: Some(product_id.into()),
            ..Self::default()
        }
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

    /// Whether the devices of a pool do.
    pub(super) fn matches(&self, pool: &PciPool) -> bool {
        let same = |wanted: &Option<String>, actual: &str| {
            wanted
                .as_deref()
                .is_none_or(|wanted| tags::same(wanted, actual))
        };
        same(&self.vendor_id, &pool.vendor_id)
            && same(&self.product_id, &pool.product_id)
            && (self.dev_type.is_none() || self.dev_type == pool.dev_type)
            && self.tags.iter().all(|(name, wanted)| {
                tags::IGNORED.contains(&&**name)
                    || match (&**name, wanted.as_deref()) {
                        // The number of a node and a count are no text.
                        ("numa_node", None) => pool.numa_node.is_none(),
                        ("numa_node" | "count", _) => false,
                        (_, None) => tags::text(&pool.tags, name).is_none(),
                        (_, Some(wanted)) => tags::text(&pool.tags, name)
                            .is_some_and(|actual| tags::same(wanted, actual)),
                    }
            })
    }
}

/// So many devices that a server asks for (Nova's `InstancePCIRequest`).
///
/// ```
/// use nova_sched::pci::{PciPool, PciPools, PciRequest, PciScope, PciSpec};
///
/// let pools = PciPools::new([PciPool::new("10de", "2330", 4)]);
/// let request = |count| PciRequest::new(count, [PciSpec::of("10de", "2330")]).with_alias("gpu");
/// assert!(pools.support(&[request(3)], &PciScope::default()).is_ok());
/// let misfit = pools.support(&[request(3), request(3)], &PciScope::default()).unwrap_err();
/// assert_eq!(misfit.to_string(), "PCI devices gpu: wanted 3, 1 match");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PciRequest {
    /// How many.
    pub count: u32,
    /// What each of them must be: any of these will do, and without one none does.
    pub spec: Vec<PciSpec>,
    /// The alias in the flavor that asks for them; `None` if a port does.
    #[serde(default)]
    pub alias_name: Option<String>,
    /// How near they must be to the server's NUMA cells; `None` is as `legacy`.
    #[serde(default)]
    pub numa_policy: Option<PciNumaAffinity>,
    /// By which the groups of Placement's answer are known: their names begin with it.
    #[serde(default)]
    pub request_id: Option<String>,
}

impl PciRequest {
    /// So many devices that match any of these.
    pub fn new(count: u32, spec: impl IntoIterator<Item = PciSpec>) -> Self {
        Self {
            count,
            spec: spec.into_iter().collect(),
            alias_name: None,
            numa_policy: None,
            request_id: None,
        }
    }

    /// The same for an alias of the flavor.
    #[must_use]
    pub fn with_alias(mut self, name: impl Into<String>) -> Self {
        self.alias_name = Some(name.into());
        self
    }

    /// The same so near to the server's NUMA cells.
    #[must_use]
    pub fn with_numa_policy(mut self, policy: PciNumaAffinity) -> Self {
        self.numa_policy = Some(policy);
        self
    }

    /// The same, known in Placement's answer by an id.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Whether a type of device is asked for by name.
    pub(super) fn asks_for(&self, dev_type: PciDeviceType) -> bool {
        self.spec.iter().any(|spec| spec.dev_type == Some(dev_type))
    }
}

//! How a compute role is set up.

use std::collections::BTreeMap;
use std::time::Duration;

use nova_core::id::{HostName, ZoneName};
use nova_core::model::{HostReport, Inventory, ResourceClass};
use nova_core::units::{Gibibytes, Mebibytes};
use nova_virt::{Capabilities, HostInventory};

use crate::error::{Error, Result};

/// How many times over a host lends its resources.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratios {
    /// Virtual processors. Nova's `initial_cpu_allocation_ratio`: 4.
    pub cpu: f64,
    /// Memory. Nova's `initial_ram_allocation_ratio`: 1.
    pub memory: f64,
    /// Disk. Nova's `initial_disk_allocation_ratio`: 1.
    pub disk: f64,
}

impl Default for Ratios {
    fn default() -> Self {
        Self {
            cpu: 4.0,
            memory: 1.0,
            disk: 1.0,
        }
    }
}

/// What a host keeps for itself. More than there is counts as all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// Processors. Nova's `reserved_host_cpus`: 0.
    pub vcpus: u32,
    /// Memory. Nova's `reserved_host_memory_mb`: 512.
    pub memory: Mebibytes,
    /// Disk. Nova's `reserved_host_disk_mb`: 0.
    pub disk: Gibibytes,
}

impl Default for Reserved {
    fn default() -> Self {
        Self {
            vcpus: 0,
            memory: Mebibytes::new(512),
            disk: Gibibytes::ZERO,
        }
    }
}

/// How a compute role is set up. The defaults are Nova's.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ComputeConfig {
    /// The host's name, unique in the deployment.
    pub host: HostName,
    /// The availability zone that it is in.
    pub zone: ZoneName,
    /// How many times over it lends its resources.
    pub ratios: Ratios,
    /// What it keeps for itself.
    pub reserved: Reserved,
    /// How often it reports. Nova's `report_interval`: 10 s.
    pub report_interval: Duration,
    /// How many guests it builds at a time. Nova's `max_concurrent_builds`: 10.
    pub max_concurrent_builds: usize,
    /// How long one call to a conductor may take.
    pub call_timeout: Duration,
    /// How long stopping waits for calls under way.
    pub drain_timeout: Duration,
}

impl ComputeConfig {
    /// The defaults for a host of this name, in Nova's default zone, `nova`.
    ///
    /// # Errors
    /// [`Error::Core`] if it cannot be a host's name.
    pub fn new(host: impl Into<String>) -> Result<Self> {
        Ok(Self {
            host: HostName::new(host)?,
            zone: ZoneName::new("nova")?,
            ratios: Ratios::default(),
            reserved: Reserved::default(),
            report_interval: Duration::from_secs(10),
            max_concurrent_builds: 10,
            call_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(60),
        })
    }

    /// Puts the host into a zone.
    ///
    /// # Errors
    /// [`Error::Core`] if it cannot be a zone's name.
    pub fn zone(mut self, zone: impl Into<String>) -> Result<Self> {
        self.zone = ZoneName::new(zone)?;
        Ok(self)
    }

    /// How many times over the host lends its resources.
    #[must_use]
    pub fn ratios(mut self, ratios: Ratios) -> Self {
        self.ratios = ratios;
        self
    }

    /// What the host keeps for itself.
    #[must_use]
    pub fn reserved(mut self, reserved: Reserved) -> Self {
        self.reserved = reserved;
        self
    }

    /// How often the host reports.
    #[must_use]
    pub fn report_interval(mut self, interval: Duration) -> Self {
        self.report_interval = interval;
        self
    }

    pub(super) fn validate(&self) -> Result<()> {
        if self.report_interval.is_zero() {
            return Err(Error::configuration("the report interval is zero"));
        }
        if self.max_concurrent_builds == 0 {
            return Err(Error::configuration(
                "no guest could be built: max_concurrent_builds is 0",
            ));
        }
        Ok(())
    }

    /// What the host says of itself: what the driver found, less what is reserved.
    pub(super) fn report(
        &self,
        inventory: HostInventory,
        capabilities: Capabilities,
    ) -> Result<HostReport> {
        let offer = |total: u64, reserved: u64, ratio: f64| {
            Inventory::new(total, reserved.min(total), ratio).map_err(Error::from)
        };
        let inventories = BTreeMap::from([
            (
                ResourceClass::Vcpu,
                offer(
                    inventory.vcpus.into(),
                    self.reserved.vcpus.into(),
                    self.ratios.cpu,
                )?,
            ),
            (
                ResourceClass::MemoryMb,
                offer(
                    inventory.memory.get(),
                    self.reserved.memory.get(),
                    self.ratios.memory,
                )?,
            ),
            (
                ResourceClass::DiskGb,
                offer(
                    inventory.disk.get(),
                    self.reserved.disk.get(),
                    self.ratios.disk,
                )?,
            ),
        ]);
        let mut offered = inventory.capabilities;
        offered.insert(SUPPORTS_PAUSE.to_owned(), capabilities.pause.to_string());
        let (name, zone) = (self.host.clone(), self.zone.clone());
        Ok(HostReport::new(name, zone, inventory.hypervisor)
            .with_capabilities(offered)
            .with_traits(inventory.traits)
            .with_inventories(inventories))
    }
}

/// The capability that says whether the host's driver can pause: `true` or `false`.
pub(crate) const SUPPORTS_PAUSE: &str = "supports_pause";

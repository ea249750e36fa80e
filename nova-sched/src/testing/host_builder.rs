//! Hosts, a line each.

use std::net::IpAddr;

use nova_core::model::{HypervisorInfo, Inventory, ResourceClass, Resources};

use super::names::{parsed, server_id};
use crate::fleet::{Fleet, HostState, Liveness, PlacedServer, ServerShape, SupportedInstance};
use crate::request::PlacementRequest;

/// Begins a host: up, enabled, empty, in the zone `az1`, with 16 processors that are lent 4 times,
/// 65,536 MiB of memory and 1,000 GiB of disk.
///
/// ```
/// use nova_core::model::ResourceClass;
/// use nova_sched::testing;
///
/// let host = testing::host("node-1").vcpus(32, 2.0).memory_mib(131_072).zone("az2").build();
/// assert_eq!(host.inventories[&ResourceClass::Vcpu].capacity(), 64);
/// ```
///
/// # Panics
/// If the name is none: an empty one, or one with white space.
#[track_caller]
pub fn host(name: &str) -> HostBuilder {
    let state = HostState::new(parsed(name), parsed("az1"));
    HostBuilder { state }
        .vcpus(16, 4.0)
        .memory_mib(65_536)
        .disk_gib(1000)
}

/// A fleet of these hosts, in this order.
///
/// ```
/// use nova_sched::testing;
///
/// let fleet = testing::fleet_of([testing::host("node-1"), testing::host("node-2").zone("az2")]);
/// assert_eq!(fleet.zones().len(), 2);
/// ```
pub fn fleet_of<H: Into<HostState>>(hosts: impl IntoIterator<Item = H>) -> Fleet {
    Fleet::builder()
        .hosts(hosts.into_iter().map(Into::into))
        .build()
}

/// A [`HostState`] in the making, for tests. Every method panics if a name or a number cannot be
/// used; a test has nothing to handle there.
#[derive(Debug, Clone)]
#[must_use = "nothing comes of it until build is called"]
pub struct HostBuilder {
    state: HostState,
}

impl HostBuilder {
    /// So many processors, lent so many times over.
    #[track_caller]
    pub fn vcpus(self, total: u64, ratio: f64) -> Self {
        self.inventory(ResourceClass::Vcpu, total, 0, ratio)
    }

    /// So much memory.
    #[track_caller]
    pub fn memory_mib(self, total: u64) -> Self {
        self.inventory(ResourceClass::MemoryMb, total, 0, 1.0)
    }

    /// So much disk.
    #[track_caller]
    pub fn disk_gib(self, total: u64) -> Self {
        self.inventory(ResourceClass::DiskGb, total, 0, 1.0)
    }

    /// So much of a class by its name, as `CUSTOM_GPU` or `VGPU`.
    #[track_caller]
    pub fn resource(self, class: &str, total: u64) -> Self {
        self.inventory(parsed(class), total, 0, 1.0)
    }

    /// So much of a class, of which some is reserved and the rest lent so many times over.
    #[track_caller]
    #[expect(clippy::panic, reason = "as for names: see the type")]
    pub fn inventory(
        mut self,
        class: ResourceClass,
        total: u64,
        reserved: u64,
        ratio: f64,
    ) -> Self {
        match Inventory::new(total, reserved, ratio) {
            Ok(inventory) => {
                self.state.inventories.insert(class, inventory);
                self
            }
            Err(error) => panic!("{total} {class}, {reserved} reserved, × {ratio}: {error}"),
        }
    }

    /// So much of a class is claimed.
    pub fn used(mut self, class: ResourceClass, amount: u64) -> Self {
        self.state.used.set(class, amount);
        self
    }

    /// In this zone.
    #[track_caller]
    pub fn zone(mut self, zone: &str) -> Self {
        self.state.zone = parsed(zone);
        self
    }

    /// In this cell.
    #[track_caller]
    pub fn cell(mut self, cell: &str) -> Self {
        self.state.cell = Some(parsed(cell));
        self
    }

    /// At this address.
    pub fn ip(mut self, address: impl Into<IpAddr>) -> Self {
        self.state.host_ip = Some(address.into());
        self
    }

    /// Managed by the compute service of this host.
    #[track_caller]
    pub fn service_host(mut self, host: &str) -> Self {
        self.state.service_host = Some(parsed(host));
        self
    }

    /// So many servers, of which nothing else is known.
    pub fn servers(mut self, servers: u64) -> Self {
        self.state.servers = servers;
        self
    }

    /// The server of a number ([`server_id`]), with what it holds.
    pub fn server(self, number: u64, resources: Resources) -> Self {
        self.placed(PlacedServer::new(
            server_id(number),
            ServerShape::new(resources),
        ))
    }

    /// The server of a number ([`server_id`]), as a request asks for one: with its resources, its
    /// project, flavor, image properties and priority.
    ///
    /// ```
    /// use nova_sched::testing;
    ///
    /// let alpha = testing::request().memory_mib(4096).project("alpha").build();
    /// let fleet = testing::fleet_of([testing::host("node-1").server_of(1, &alpha)]);
    /// let host = fleet.host(fleet.host_of(&testing::server_id(1)).ok_or("it is there")?);
    /// assert_eq!(host.placed()[0].shape.project.as_ref(), alpha.project());
    /// # Ok::<(), &str>(())
    /// ```
    pub fn server_of(self, number: u64, request: &PlacementRequest) -> Self {
        self.placed(PlacedServer::new(server_id(number), request.shape()))
    }

    /// This server, with what it holds.
    pub fn placed(mut self, server: PlacedServer) -> Self {
        self.state = self.state.with_server(server);
        self
    }

    /// So many operations are under way.
    pub fn io_operations(mut self, operations: u64) -> Self {
        self.state.io_operations = operations;
        self
    }

    /// So many builds failed of late.
    pub fn failed_builds(mut self, builds: u64) -> Self {
        self.state.failed_builds = builds;
        self
    }

    /// No new servers, for this reason.
    pub fn disabled(mut self, reason: &str) -> Self {
        self.state.disabled = Some(reason.to_owned());
        self
    }

    /// Declared down.
    pub fn down(mut self) -> Self {
        self.state.liveness = Liveness::ForcedDown;
        self
    }

    /// A capability, as text.
    pub fn capability(mut self, name: &str, value: &str) -> Self {
        self.state = self.state.with_capability(name, value);
        self
    }

    /// A counter of its agent.
    pub fn stat(mut self, name: &str, value: &str) -> Self {
        self.state.stats.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A measurement.
    pub fn metric(mut self, name: &str, value: f64) -> Self {
        self.state.metrics.insert(name.to_owned(), value);
        self
    }

    /// A trait, as `CUSTOM_GOLD`.
    #[track_caller]
    pub fn has_trait(mut self, name: &str) -> Self {
        self.state.traits.insert(parsed(name));
        self
    }

    /// A hypervisor of this kind and version, for guests of `x86_64`.
    pub fn hypervisor(mut self, kind: &str, version: u64) -> Self {
        self.state.hypervisor = Some(HypervisorInfo::new(kind, version, "x86_64"));
        self
    }

    /// A kind of guest that it runs: architecture, hypervisor type, VM mode.
    pub fn runs(mut self, architecture: &str, hypervisor_type: &str, vm_mode: &str) -> Self {
        let kind = SupportedInstance::new(architecture, hypervisor_type, vm_mode);
        self.state.supported_instances.push(kind);
        self
    }

    /// With anything else that a host can have.
    pub fn with(mut self, change: impl FnOnce(HostState) -> HostState) -> Self {
        self.state = change(self.state);
        self
    }

    /// The host.
    pub fn build(self) -> HostState {
        self.state
    }
}

impl From<HostBuilder> for HostState {
    fn from(builder: HostBuilder) -> Self {
        builder.build()
    }
}

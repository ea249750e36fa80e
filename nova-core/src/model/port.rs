//! Network ports as a server sees them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::fixed_ip::{FixedIp, check_address};
use super::{DeviceTag, Generation, MacAddress};
use crate::error::{Error, Result};
use crate::id::{NetworkId, PortId, ServerId};
use crate::text_enum::text_enum;

text_enum! {
    /// How a port is bound on its host, by the names of the network service's `binding:vif_type`.
    pub enum VifType: "vif type" {
        /// A Linux bridge.
        Bridge = "bridge",
        /// Open vSwitch.
        Ovs = "ovs",
        /// The hypervisor's own user-mode network.
        User = "user",
        /// A tap device that something else connects.
        Tap = "tap",
        /// A process of its own, over vhost-user.
        VhostUser = "vhostuser",
        /// Not bound yet.
        Unbound = "unbound",
        /// It could not be bound.
        BindingFailed = "binding_failed",
        /// Something that this list does not know.
        Other = "other",
    }
}

/// A network port that a server has: what the control plane keeps of it, so that a server can be
/// shown and built again without asking the network service.
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::{NetworkId, PortId, ServerId};
/// use nova_core::model::{FixedIp, ServerPort, VifType};
///
/// let env = Env::system();
/// let port = ServerPort::builder(
///     PortId::generate(&env),
///     ServerId::generate(&env),
///     NetworkId::generate(&env),
///     "fa:16:3e:00:00:01".parse()?,
/// )
/// .fixed_ips([FixedIp::new([10, 0, 0, 5].into(), Some(24))?])
/// .build()?;
/// assert_eq!(port.vif_type(), VifType::Unbound);
///
/// let bound = port.edit().vif_type(VifType::Ovs).active(true).build()?;
/// assert!(bound.active());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ServerPortBuilder", into = "ServerPortBuilder")]
pub struct ServerPort(ServerPortBuilder);

/// A port that was not checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use = "a builder does nothing until it builds"]
pub struct ServerPortBuilder {
    id: PortId,
    server_id: ServerId,
    network_id: NetworkId,
    mac: MacAddress,
    #[serde(default)]
    fixed_ips: Vec<FixedIp>,
    #[serde(default)]
    floating_ips: BTreeSet<IpAddr>,
    vif_type: VifType,
    active: bool,
    #[serde(default)]
    mtu: Option<u32>,
    #[serde(default)]
    tag: Option<DeviceTag>,
    #[serde(default)]
    security_groups: BTreeSet<String>,
    order: u32,
    generation: Generation,
}

impl ServerPort {
    /// The most fixed and the most floating addresses of one port.
    pub const MAX_ADDRESSES: usize = 128;
    /// The most security groups of one port.
    pub const MAX_SECURITY_GROUPS: usize = 128;
    /// The smallest MTU, in bytes: what every IPv4 host must take.
    pub const MIN_MTU: u32 = 68;
    /// The largest MTU, in bytes.
    pub const MAX_MTU: u32 = 65_535;

    /// Begins a port: the first of its server, without addresses, not bound, not active.
    pub fn builder(
        id: PortId,
        server_id: ServerId,
        network_id: NetworkId,
        mac: MacAddress,
    ) -> ServerPortBuilder {
        ServerPortBuilder {
            id,
            server_id,
            network_id,
            mac,
            fixed_ips: Vec::new(),
            floating_ips: BTreeSet::new(),
            vif_type: VifType::Unbound,
            active: false,
            mtu: None,
            tag: None,
            security_groups: BTreeSet::new(),
            order: 0,
            generation: Generation::FIRST,
        }
    }

    /// The same port, to be changed and checked again.
    pub fn edit(&self) -> ServerPortBuilder {
        self.0.clone()
    }

    /// Its id.
    pub fn id(&self) -> PortId {
        self.0.id
    }

    /// The server that it is on.
    pub fn server_id(&self) -> ServerId {
        self.0.server_id
    }

    /// The network that it is of.
    pub fn network_id(&self) -> NetworkId {
        self.0.network_id
    }

    /// The address of its interface.
    pub fn mac(&self) -> MacAddress {
        self.0.mac
    }

    /// Its addresses, the first first.
    pub fn fixed_ips(&self) -> &[FixedIp] {
        &self.0.fixed_ips
    }

    /// The addresses outside that lead to it.
    pub fn floating_ips(&self) -> &BTreeSet<IpAddr> {
        &self.0.floating_ips
    }

    /// How it is bound on its host.
    pub fn vif_type(&self) -> VifType {
        self.0.vif_type
    }

    /// Whether the network service reports it active.
    pub fn active(&self) -> bool {
        self.0.active
    }

    /// The largest packet, in bytes; `None` leaves it to the guest.
    pub fn mtu(&self) -> Option<u32> {
        self.0.mtu
    }

    /// What its owner calls it.
    pub fn tag(&self) -> Option<&DeviceTag> {
        self.0.tag.as_ref()
    }

    /// The names of its security groups.
    pub fn security_groups(&self) -> &BTreeSet<String> {
        &self.0.security_groups
    }

    /// Its place among the server's ports, 0 being the first interface. Two of the same place come
    /// by id.
    pub fn order(&self) -> u32 {
        self.0.order
    }

    /// How often it was written.
    pub fn generation(&self) -> Generation {
        self.0.generation
    }

    /// The port as a store holds it after a write of `wanted` over `self`: id, server and network
    /// stay.
    pub(crate) fn written(&self, wanted: &Self) -> Self {
        Self(ServerPortBuilder {
            id: self.0.id,
            server_id: self.0.server_id,
            network_id: self.0.network_id,
            generation: self.0.generation.next(),
            ..wanted.0.clone()
        })
    }
}

impl ServerPortBuilder {
    /// The address of its interface.
    pub fn mac(mut self, mac: MacAddress) -> Self {
        self.mac = mac;
        self
    }

    /// Its addresses, the first first, in the place of those before.
    pub fn fixed_ips(mut self, ips: impl IntoIterator<Item = FixedIp>) -> Self {
        self.fixed_ips = ips.into_iter().collect();
        self
    }

    /// The addresses outside that lead to it, in the place of those before.
    pub fn floating_ips(mut self, ips: impl IntoIterator<Item = IpAddr>) -> Self {
        self.floating_ips = ips.into_iter().collect();
        self
    }

    /// How it is bound on its host.
    pub fn vif_type(mut self, vif_type: VifType) -> Self {
        self.vif_type = vif_type;
        self
    }

    /// Whether the network service reports it active.
    pub fn active(mut self, active: bool) -> Self {
        self.active = active;
        self
    }

    /// The largest packet, in bytes.
    pub fn mtu(mut self, mtu: impl Into<Option<u32>>) -> Self {
        self.mtu = mtu.into();
        self
    }

    /// What its owner calls it.
    pub fn tag(mut self, tag: impl Into<Option<DeviceTag>>) -> Self {
        self.tag = tag.into();
        self
    }

    /// The names of its security groups, in the place of those before.
    pub fn security_groups(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.security_groups = names.into_iter().map(Into::into).collect();
        self
    }

    /// Its place among the server's ports, 0 being the first interface.
    pub fn order(mut self, order: u32) -> Self {
        self.order = order;
        self
    }

    /// How often it was written, for whoever reads it from where it is kept.
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Invalid`] if an address is there twice, or unspecified or multicast; there are
    /// more than [`ServerPort::MAX_ADDRESSES`] or [`ServerPort::MAX_SECURITY_GROUPS`]; the MTU is
    /// not between [`ServerPort::MIN_MTU`] and [`ServerPort::MAX_MTU`]; or the name of a security
    /// group is not 1 to 255 characters, or has a control character in it.
    pub fn build(self) -> Result<ServerPort> {
        let addresses: BTreeSet<IpAddr> = self.fixed_ips.iter().map(FixedIp::address).collect();
        if addresses.len() != self.fixed_ips.len() {
            return Err(Error::invalid("fixed IP", "an address is there twice"));
        }
        for (field, count, most) in [
            ("fixed IP", self.fixed_ips.len(), ServerPort::MAX_ADDRESSES),
            (
                "floating IP",
                self.floating_ips.len(),
                ServerPort::MAX_ADDRESSES,
            ),
            (
                "security group",
                self.security_groups.len(),
                ServerPort::MAX_SECURITY_GROUPS,
            ),
        ] {
            if count > most {
                return Err(Error::invalid(field, format!("there are more than {most}")));
            }
        }
        for address in &self.floating_ips {
            check_address("floating IP", *address)?;
        }
        let mtus = ServerPort::MIN_MTU..=ServerPort::MAX_MTU;
        if self.mtu.is_some_and(|mtu| !mtus.contains(&mtu)) {
            return Err(Error::invalid(
                "MTU",
                format!("it is not between {} and {}", mtus.start(), mtus.end()),
            ));
        }
        for name in &self.security_groups {
            let chars = name.chars().count();
            if chars == 0 || chars > 255 || name.chars().any(char::is_control) {
                return Err(Error::invalid(
                    "security group",
                    "its name is not 1 to 255 characters, or has a control character in it",
                ));
            }
        }
        Ok(ServerPort(self))
    }
}

impl TryFrom<ServerPortBuilder> for ServerPort {
    type Error = Error;

    fn try_from(raw: ServerPortBuilder) -> Result<Self> {
        raw.build()
    }
}

impl From<ServerPort> for ServerPortBuilder {
    fn from(port: ServerPort) -> Self {
        port.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::Env;

    fn begin() -> ServerPortBuilder {
        let env = Env::system();
        ServerPort::builder(
            PortId::generate(&env),
            ServerId::generate(&env),
            NetworkId::generate(&env),
            "fa:16:3e:00:00:01".parse().unwrap(),
        )
    }

    #[test]
    fn nonsense_is_refused() {
        let ip = |last| FixedIp::new([10, 0, 0, last].into(), Some(24)).unwrap();
        let refused = [
            ("an address twice", begin().fixed_ips([ip(1), ip(1)])),
            ("too many addresses", begin().fixed_ips((0..129).map(ip))),
            (
                "a floating multicast address",
                begin().floating_ips([[224, 0, 0, 1].into()]),
            ),
            ("a small MTU", begin().mtu(67)),
            ("a large MTU", begin().mtu(65_536)),
            ("a group without a name", begin().security_groups([""])),
            (
                "a group with a control character",
                begin().security_groups(["a\nb"]),
            ),
            (
                "too many groups",
                begin().security_groups((0..129).map(|n| n.to_string())),
            ),
        ];
        for (what, port) in refused {
            let json = serde_json::to_string(&port).unwrap();
            assert!(
                matches!(port.build(), Err(Error::Invalid { .. })),
                "{what} passed"
            );
            assert!(
                serde_json::from_str::<ServerPort>(&json).is_err(),
                "{what} was read"
            );
        }
        let port = begin()
            .fixed_ips((0..128).map(ip))
            .mtu(9000)
            .build()
            .unwrap();
        let json = serde_json::to_string(&port).unwrap();
        assert_eq!(serde_json::from_str::<ServerPort>(&json).unwrap(), port);
    }
}

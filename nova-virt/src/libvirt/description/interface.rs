//! Network interfaces.

use serde::Serialize;

use super::common::Enabled;
use crate::spec::NicSpec;

/// A network interface, unplugged: from libvirt's user-mode network a guest would reach whatever
/// the host reaches.
#[derive(Serialize)]
pub(super) struct Interface {
    #[serde(rename = "@type")]
    kind: &'static str,
    mac: Mac,
    model: InterfaceModel,
    link: LinkState,
    rom: Enabled,
}

impl Interface {
    /// The interface with this address.
    pub(super) fn new(nic: &NicSpec) -> Self {
        let mac: Vec<String> = nic.mac.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            kind: "user",
            mac: Mac {
                address: mac.join(":"),
            },
            model: InterfaceModel { kind: "virtio" },
            link: LinkState { state: "down" },
            // Nothing is booted from the network.
            rom: Enabled { enabled: "no" },
        }
    }
}

#[derive(Serialize)]
struct Mac {
    #[serde(rename = "@address")]
    address: String,
}

#[derive(Serialize)]
struct InterfaceModel {
    #[serde(rename = "@type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct LinkState {
    #[serde(rename = "@state")]
    state: &'static str,
}

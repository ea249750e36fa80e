//! What two attachments of servers may not have in common, the same in every store.

use crate::error::{Error, ObjectKind, Result};
use crate::model::{BlockDevice, ServerPort};

use super::{MAX_BLOCK_DEVICES, MAX_PORTS};

/// Refuses a disk that has something of another of its server.
pub(super) fn check_block_device(device: &BlockDevice, others: &[BlockDevice]) -> Result<()> {
    let taken = |what: String| {
        let id = format!("{what} of server {}", device.server_id());
        Err(Error::already_exists(ObjectKind::BlockDevice, id))
    };
    let others = || others.iter().filter(|other| other.id() != device.id());
    if let Some(volume) = device.volume_id()
        && others().any(|other| other.volume_id() == Some(volume))
    {
        return taken(format!("volume {volume}"));
    }
    if let Some(name) = device.device_name()
        && others().any(|other| other.device_name() == Some(name))
    {
        return taken(name.to_string());
    }
    if let Some(index) = device.boot_index()
        && others().any(|other| other.boot_index() == Some(index))
    {
        return taken(format!("boot index {index}"));
    }
    Ok(())
}

/// Refuses one disk more than a server may have.
pub(super) fn check_block_device_count(held: usize) -> Result<()> {
    if held >= MAX_BLOCK_DEVICES {
        return Err(Error::invalid(
            "block devices",
            format!("a server has at most {MAX_BLOCK_DEVICES}"),
        ));
    }
    Ok(())
}

/// Refuses one port more than a server may have.
pub(super) fn check_port_count(held: usize) -> Result<()> {
    if held >= MAX_PORTS {
        return Err(Error::invalid(
            "ports",
            format!("a server has at most {MAX_PORTS}"),
        ));
    }
    Ok(())
}

/// The error for a MAC address that is taken.
pub(super) fn mac_taken(port: &ServerPort) -> Error {
    let id = format!("{} of network {}", port.mac(), port.network_id());
    Error::already_exists(ObjectKind::Port, id)
}

/// Puts the disks of a server into their order.
pub(super) fn sort_block_devices(devices: &mut [BlockDevice]) {
    // `None` comes last, unlike in its own order.
    let key = |device: &BlockDevice| {
        (
            device.boot_index().unwrap_or(u32::MAX),
            device.device_name().is_none(),
            device.device_name().cloned(),
            device.created_at(),
            device.id(),
        )
    };
    devices.sort_by_cached_key(key);
}

/// Puts the ports of a server into their order.
pub(super) fn sort_ports(ports: &mut [ServerPort]) {
    ports.sort_unstable_by_key(|port| (port.order(), port.id()));
}

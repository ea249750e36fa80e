//! Addresses of ports.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// An address of a port, and how much of it is its subnet's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "RawFixedIp", into = "RawFixedIp")]
pub struct FixedIp {
    address: IpAddr,
    prefix: Option<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFixedIp {
    address: IpAddr,
    #[serde(default)]
    prefix: Option<u8>,
}

impl FixedIp {
    /// An address with the length of its subnet's prefix in bits, if that is known.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the prefix is longer than the address, or the address is unspecified
    /// or multicast.
    pub fn new(address: IpAddr, prefix: Option<u8>) -> Result<Self> {
        check_address("fixed IP", address)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        if prefix.is_some_and(|prefix| prefix > bits) {
            return Err(Error::invalid(
                "fixed IP",
                format!("its prefix is longer than {bits} bits"),
            ));
        }
        Ok(Self { address, prefix })
    }

    /// The address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// The length of its subnet's prefix in bits, if that is known.
    pub fn prefix(&self) -> Option<u8> {
        self.prefix
    }
}

impl TryFrom<RawFixedIp> for FixedIp {
    type Error = Error;

    fn try_from(raw: RawFixedIp) -> Result<Self> {
        Self::new(raw.address, raw.prefix)
    }
}

impl From<FixedIp> for RawFixedIp {
    fn from(ip: FixedIp) -> Self {
        Self {
            address: ip.address,
            prefix: ip.prefix,
        }
    }
}

/// Refuses what cannot be the address of one interface.
pub(super) fn check_address(field: &'static str, address: IpAddr) -> Result<()> {
    if address.is_unspecified() || address.is_multicast() {
        return Err(Error::invalid(
            field,
            format!("{address} is not the address of one interface"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_fits_its_address() {
        assert!(FixedIp::new([10, 0, 0, 1].into(), Some(33)).is_err());
        assert!(FixedIp::new("fd00::1".parse().unwrap(), Some(128)).is_ok());
        assert!(FixedIp::new("fd00::1".parse().unwrap(), Some(129)).is_err());
        assert!(FixedIp::new("::".parse().unwrap(), None).is_err());
        let json = r#"{"address": "10.0.0.1", "prefix": 64}"#;
        assert!(serde_json::from_str::<FixedIp>(json).is_err());
    }
}

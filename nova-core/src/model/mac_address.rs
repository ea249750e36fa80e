//! Addresses of network interfaces.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The address of one interface on an Ethernet: `aa:bb:cc:dd:ee:ff`, written in small letters.
///
/// It is of one interface: neither zero nor that of a group.
///
/// ```
/// use nova_core::model::MacAddress;
///
/// let mac: MacAddress = "FA:16:3E:00:00:01".parse()?;
/// assert_eq!(mac.to_string(), "fa:16:3e:00:00:01");
/// assert!("01:00:5e:00:00:01".parse::<MacAddress>().is_err());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress([u8; 6]);

impl MacAddress {
    /// Checks and wraps the bytes, the first sent first.
    ///
    /// # Errors
    /// [`Error::Invalid`] if they are all zero, or the address is that of a group (the lowest
    /// bit of the first byte is set), as multicast and broadcast are.
    pub fn new(bytes: [u8; 6]) -> Result<Self> {
        if bytes == [0; 6] {
            return Err(Error::invalid("MAC address", "it is zero"));
        }
        if bytes[0] & 1 == 1 {
            return Err(Error::invalid("MAC address", "it is that of a group"));
        }
        Ok(Self(bytes))
    }

    /// Its bytes, the first sent first.
    pub const fn octets(self) -> [u8; 6] {
        self.0
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl FromStr for MacAddress {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused =
            || Error::invalid("MAC address", "it is not six bytes as in aa:bb:cc:dd:ee:ff");
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().ok_or_else(refused)?;
            // The length first: a sign is no digit.
            if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Err(refused());
            }
            *byte = u8::from_str_radix(part, 16).map_err(|_| refused())?;
        }
        if parts.next().is_some() {
            return Err(refused());
        }
        Self::new(bytes)
    }
}

impl TryFrom<String> for MacAddress {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<MacAddress> for String {
    fn from(mac: MacAddress) -> Self {
        mac.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_one_interface_pass() {
        for bad in [
            "",
            "00:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
            "01:00:5e:00:00:01",
            "fa:16:3e:00:00",
            "fa:16:3e:00:00:01:02",
            "fa:16:3e:00:00:+1",
            "fa-16-3e-00-00-01",
            "fa:16:3e:00:00:1",
            "fa:16:3e:00:00:001",
            " fa:16:3e:00:00:01",
            "fa:16:3e:00:00:\u{e4}",
        ] {
            assert!(bad.parse::<MacAddress>().is_err(), "{bad:?} passed");
        }
        let mac: MacAddress = "Fa:16:3e:00:0A:01".parse().unwrap();
        assert_eq!(mac.octets(), [0xfa, 0x16, 0x3e, 0, 10, 1]);
        assert_eq!(
            serde_json::to_string(&mac).unwrap(),
            "\"fa:16:3e:00:0a:01\""
        );
        assert!(serde_json::from_str::<MacAddress>("\"01:00:5e:00:00:01\"").is_err());
    }
}

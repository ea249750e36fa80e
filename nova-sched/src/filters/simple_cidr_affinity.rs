//! Near to a certain address.

use std::fmt;
use std::net::IpAddr;

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::python::python_int;
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts whose address is in the network of the hints, as Nova's filter of this name does:
/// `build_near_host_ip` is an address of it, and `cidr` its size as in `/24`, which it is unless
/// it is said, or `/255.255.255.0`. Without the first hint all hosts pass.
///
/// Where the hints are no network, or the host's address is not known, the host is refused as
/// [`Reason::Malformed`]; Nova raises.
///
/// ```
/// use nova_core::model::Resources;
/// use nova_sched::filters::SimpleCIDRAffinityFilter;
/// use nova_sched::{Filter, Fleet, HostState, PlacementRequest};
///
/// let host = HostState::new("node-1".parse()?, "az1".parse()?)
///     .with_host_ip([192, 168, 1, 7].into());
/// let fleet = Fleet::builder().host(host).build();
/// let near = |address: &str, cidr: &str| {
///     let request = PlacementRequest::new(Resources::new())
///         .with_hint("build_near_host_ip", [address])
///         .with_hint("cidr", [cidr]);
///     fleet.hosts().all(|host| SimpleCIDRAffinityFilter.check(&request, &host).is_pass())
/// };
/// assert!(near("192.168.1.200", "/24") && !near("192.168.1.200", "/28"));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SimpleCIDRAffinityFilter;

const ADDRESS: &str = "build_near_host_ip";
const SIZE: &str = "cidr";

impl Filter for SimpleCIDRAffinityFilter {
    fn name(&self) -> &str {
        "SimpleCIDRAffinityFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let malformed = |wanted: String, problem: &str| {
            Verdict::Reject(Reason::Malformed {
                key: ADDRESS.to_owned(),
                wanted,
                problem: problem.to_owned(),
            })
        };
        match (Network::of(request), host.host_ip()) {
            (Ok(None), _) => Verdict::Pass,
            (Err(wanted), _) => malformed(wanted, "it is not a network"),
            (Ok(Some(network)), None) => {
                malformed(network.to_string(), "the host's address is not known")
            }
            (Ok(Some(network)), Some(address)) if network.contains(address) => Verdict::Pass,
            (Ok(Some(network)), Some(actual)) => Verdict::Reject(Reason::OtherNetwork {
                wanted: network.to_string(),
                actual,
            }),
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        match Network::of(request) {
            Ok(None) => {}
            Err(_) => candidates.clear(),
            Ok(Some(network)) => candidates.retain(|host| {
                fleet
                    .host(host)
                    .host_ip()
                    .is_some_and(|address| network.contains(address))
            }),
        }
    }
}

/// An address, and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// The network of the hints: `None` if there is none, and their text if they are none.
    fn of(request: &PlacementRequest) -> Result<Option<Self>, String> {
        let address = match request.hint(ADDRESS) {
            [] => return Ok(None),
            [address] if address.is_empty() => return Ok(None),
            [address] => address,
            several => return Err(several.join(",")),
        };
        let size = match (request.hints().get(SIZE).map(Vec::as_slice), address) {
            (None, _) => "/24",
            (Some([size]), _) => size,
            (Some(several), _) => return Err(several.join(",")),
        };
        let text = format!("{address}{size}");
        Self::read(&text).map(Some).ok_or(text)
    }

    /// An address, a slash, and the number of bits, a mask of the network or one of its hosts.
    /// Without a slash the network is the one address.
    fn read(text: &str) -> Option<Self> {
        let Some((address, size)) = text.split_once('/') else {
            let address: IpAddr = text.parse().ok()?;
            return Some(Self {
                address,
                bits: width(address),
            });
        };
        let address: IpAddr = address.parse().ok()?;
        let bits = match python_int(size) {
            Some(bits) => u32::try_from(bits)
                .ok()
                .filter(|bits| *bits <= width(address))?,
            None => bits_of_mask(address, size.parse().ok()?)?,
        };
        Some(Self { address, bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        let ((one, width), (other, other_width)) = (number(self.address), number(address));
        let rest = width.saturating_sub(self.bits);
        let shifted = |value: u128| value.checked_shr(rest).unwrap_or(0);
        width == other_width && shifted(one) == shifted(other)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The bits of an address as a number, and how many there are.
fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

fn width(address: IpAddr) -> u32 {
    number(address).1
}

/// How many bits a mask keeps: ones and then zeros, or zeros and then ones.
fn bits_of_mask(address: IpAddr, mask: IpAddr) -> Option<u32> {
    let (mask, width) = match (number(address), number(mask)) {
        ((_, width), (mask, same)) if width == same => (mask, width),
        _ => return None,
    };
    let all = u128::MAX
        .checked_shr(128_u32.saturating_sub(width))
        .unwrap_or(0);
    let is_host_mask = |mask: u128| mask & mask.wrapping_add(1) & all == 0;
    if is_host_mask(!mask & all) {
        Some(mask.count_ones())
    } else if is_host_mask(mask) {
        Some(width.saturating_sub(mask.count_ones()))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_as_by_netaddr() {
        for (text, bits) in [
            ("10.0.0.1/24", Some(24)),
            ("10.0.0.1", Some(32)),
            ("10.0.0.1/ 8 ", Some(8)),
            ("10.0.0.1/0", Some(0)),
            ("10.0.0.1/33", None),
            ("10.0.0.1/-1", None),
            ("10.0.0.1/255.255.0.0", Some(16)),
            ("10.0.0.1/0.0.255.255", Some(16)),
            ("10.0.0.1/0.0.0.0", Some(0)),
            ("10.0.0.1/255.0.255.0", None),
            ("10.0.0.1/", None),
            ("10.0.0/24", None),
            ("10.0.0.01/24", None),
            ("fd00::1/112", Some(112)),
            ("fd00::1/ffff::", Some(16)),
            ("fd00::1/255.255.0.0", None),
            ("fd00::1/129", None),
        ] {
            assert_eq!(
                Network::read(text).map(|network| network.bits),
                bits,
                "{text}"
            );
        }
        let all = Network::read("10.0.0.1/0").unwrap();
        assert!(all.contains([192, 168, 0, 1].into()));
        assert!(!all.contains("fd00::1".parse().unwrap()));
        let every = Network::read("fd00::1/0").unwrap();
        assert!(every.contains("::".parse().unwrap()));
    }
}

//! Hosts that run guests of the image's kind.

use nova_core::model::{Architecture, ImageProperties, VersionPredicate};

use super::attributes::Value;
use super::{Filter, profiles};
use crate::candidates::Candidates;
use crate::fleet::{Column, Fleet, HostView, Profile, SupportedInstance};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts that run guests of the kind that the image names, as Nova's filter of this name
/// does.
///
/// * `hw_architecture`, or the configured default for images that name none, `img_hv_type` and
///   `hw_vm_mode`: one of the host's [supported
///   instances](crate::HostState::supported_instances) must have each that is set. If none is
///   set, every host passes, and nothing else is looked at.
/// * `img_hv_requested_version`: the hypervisor's version must be so, if it is known.
/// * `hw_maxphysaddr_bits`: the host's processors must address as many bits, if `cpu_info` says
///   how many they do.
///
/// Nova 34 raises on the last one, since it takes `cpu_info` for a map and it is text. This filter
/// does so ([`Reason::Malformed`]) only where [`with_address_bits_malformed`] is on.
///
/// [`with_address_bits_malformed`]: Self::with_address_bits_malformed
///
/// ```
/// use nova_core::model::{ImageProperties, Resources};
/// use nova_sched::filters::ImagePropertiesFilter;
/// use nova_sched::{Filter, Fleet, HostState, PlacementRequest, RequestImage, SupportedInstance};
///
/// let host = HostState::new("node-1".parse()?, "az1".parse()?)
///     .with_supported_instance(SupportedInstance::new("x86_64", "kvm", "hvm"));
/// let fleet = Fleet::builder().host(host).build();
/// let properties = ImageProperties::default().with("hw_architecture", "aarch64")?;
/// let request = PlacementRequest::new(Resources::new())
///     .with_image(RequestImage::new(None, &properties));
/// let filter = ImagePropertiesFilter::default();
/// assert!(fleet.hosts().all(|host| !filter.check(&request, &host).is_pass()));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImagePropertiesFilter {
    default_architecture: Option<Architecture>,
    address_bits_malformed: bool,
}

impl ImagePropertiesFilter {
    /// With this architecture for images that name none (Nova's option
    /// `image_properties_default_architecture`).
    pub fn new(default_architecture: Option<Architecture>) -> Self {
        Self {
            default_architecture,
            address_bits_malformed: false,
        }
    }

    /// Whether `hw_maxphysaddr_bits` cannot be evaluated, as in Nova 34. No unless it is said.
    #[must_use]
    pub fn with_address_bits_malformed(mut self, malformed: bool) -> Self {
        self.address_bits_malformed = malformed;
        self
    }
}

impl Filter for ImagePropertiesFilter {
    fn name(&self) -> &str {
        "ImagePropertiesFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match (self.wanted(request), host.profile()) {
            (None, _) => Verdict::Pass,
            (Some(wanted), Some(profile)) => wanted.verdict(profile),
            (Some(wanted), None) => wanted.verdict(&Profile::default()),
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn run_on_rebuild(&self) -> bool {
        true
    }

    fn told_apart_by<'a>(
        &self,
        _request: &PlacementRequest,
        fleet: &'a Fleet,
    ) -> Option<&'a Column<u32>> {
        Some(fleet.profile_numbers())
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        if let Some(wanted) = self.wanted(request) {
            profiles::retain(fleet, candidates, |profile| {
                wanted.verdict(profile).is_pass()
            });
        }
    }
}

const ARCHITECTURE: &str = "hw_architecture";
const HYPERVISOR: &str = "img_hv_type";
const MODE: &str = "hw_vm_mode";
const VERSION: &str = "img_hv_requested_version";
const ADDRESS_BITS: &str = "hw_maxphysaddr_bits";

/// What an image asks for.
struct Wanted<'a> {
    /// Architecture, hypervisor and mode, as far as they are set.
    kind: Vec<String>,
    /// The versions that are accepted, and their text.
    version: Option<(&'a str, Option<VersionPredicate>)>,
    address_bits: Option<&'a str>,
    address_bits_malformed: bool,
}

impl ImagePropertiesFilter {
    /// What the image of a request asks for; `None` if it does not name its kind.
    fn wanted<'a>(&self, request: &'a PlacementRequest) -> Option<Wanted<'a>> {
        let property = |key| request.image().and_then(|image| image.property(key));
        let mut kind = Vec::new();
        for key in [ARCHITECTURE, HYPERVISOR, MODE] {
            match property(key) {
                Some(text) => kind.push(canonical(key, text)),
                None if key == ARCHITECTURE => {
                    kind.extend(self.default_architecture.map(|name| name.to_string()));
                }
                None => {}
            }
        }
        if kind.is_empty() {
            return None;
        }
        Some(Wanted {
            kind,
            version: property(VERSION).map(|text| (text, text.parse().ok())),
            address_bits: property(ADDRESS_BITS).filter(|bits| *bits != "0"),
            address_bits_malformed: self.address_bits_malformed,
        })
    }
}

impl Wanted<'_> {
    fn verdict(&self, profile: &Profile) -> Verdict {
        if !profile
            .supported_instances
            .iter()
            .any(|kind| self.is_of(kind))
        {
            return Verdict::Reject(Reason::UnsupportedImage {
                wanted: self.kind.join(" "),
            });
        }
        let refusal = self.version_refusal(profile);
        match refusal.or_else(|| self.address_refusal(profile)) {
            Some(reason) => Verdict::Reject(reason),
            None => Verdict::Pass,
        }
    }

    /// Whether a kind of guest has everything that is wanted. Nova does not mind which word is
    /// the architecture and which the hypervisor.
    fn is_of(&self, kind: &SupportedInstance) -> bool {
        let words = [&kind.architecture, &kind.hypervisor_type, &kind.vm_mode];
        self.kind.iter().all(|wanted| words.contains(&wanted))
    }

    fn version_refusal(&self, profile: &Profile) -> Option<Reason> {
        let (text, wanted) = self.version.as_ref()?;
        let actual = profile
            .hypervisor
            .as_ref()
            .map_or(0, |hypervisor| hypervisor.version);
        if actual == 0 {
            return None;
        }
        let Some(wanted) = wanted else {
            return Some(malformed(
                VERSION,
                text,
                "it is not a list of conditions on a version",
            ));
        };
        let refused = !wanted.holds(in_three_parts(actual));
        refused.then(|| Reason::WrongHypervisorVersion {
            wanted: (*text).to_owned(),
            actual,
        })
    }

    fn address_refusal(&self, profile: &Profile) -> Option<Reason> {
        let text = self.address_bits?;
        if self.address_bits_malformed {
            return Some(malformed(
                ADDRESS_BITS,
                text,
                "Nova takes cpu_info for a map",
            ));
        }
        let Ok(wanted) = text.parse::<u64>() else {
            return Some(malformed(ADDRESS_BITS, text, "it is not a number"));
        };
        let info = Value::from_json(profile.capabilities.get("cpu_info")?)?;
        let Value::Integer(actual) = info.entry("maxphysaddr")?.entry("bits")? else {
            return None;
        };
        let actual = u64::try_from(*actual).ok().filter(|bits| *bits > 0)?;
        (actual < wanted).then_some(Reason::FewAddressBits { wanted, actual })
    }
}

/// The one form of a value that Nova compares; as it is if it is none that we know.
fn canonical(key: &str, text: &str) -> String {
    ImageProperties::canonical(key, text).unwrap_or_else(|| text.to_owned())
}

fn malformed(key: &str, wanted: &str, problem: &str) -> Reason {
    Reason::Malformed {
        key: key.to_owned(),
        wanted: wanted.to_owned(),
        problem: problem.to_owned(),
    }
}

/// A version below a million has fewer than three parts, and the first is the highest: 1000 is
/// 1.0, and 800 is 800.
fn in_three_parts(mut version: u64) -> u64 {
    while (1..1_000_000).contains(&version) {
        version *= 1000;
    }
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_versions_begin_with_their_highest_part() {
        for (version, parts) in [
            (0, 0),
            (800, 800_000_000),
            (1000, 1_000_000),
            (6_002, 6_002_000),
            (8_002_002, 8_002_002),
        ] {
            assert_eq!(in_three_parts(version), parts);
        }
    }
}

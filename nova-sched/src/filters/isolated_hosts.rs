//! Images and hosts that are set apart from the others.

use std::collections::BTreeSet;

use nova_core::id::{HostName, ImageId};

use super::Filter;
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Keeps certain images to certain hosts, as Nova's filter of this name does.
///
/// | | isolated image | other image, or none |
/// |---|---|---|
/// | isolated host | passes | is refused, unless not restricted |
/// | other host | is refused | passes |
///
/// Hosts are compute services, by their exact names.
///
/// ```
/// use nova_core::model::Resources;
/// use nova_sched::filters::IsolatedHostsFilter;
/// use nova_sched::{Filter, Fleet, HostState, PlacementRequest};
///
/// let image = "5c2f9c7e-59a8-4d5c-9b0a-0e1a6c1d2b3f".parse()?;
/// let filter = IsolatedHostsFilter::new([image], ["vault".parse()?]);
/// let fleet = Fleet::builder().host(HostState::new("vault".parse()?, "az1".parse()?)).build();
/// let request = PlacementRequest::new(Resources::new());
/// assert!(fleet.hosts().all(|host| !filter.check(&request, &host).is_pass()));
/// let lenient = filter.with_restricted_hosts(false);
/// assert!(fleet.hosts().all(|host| lenient.check(&request, &host).is_pass()));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IsolatedHostsFilter {
    images: BTreeSet<ImageId>,
    hosts: BTreeSet<HostName>,
    restricted: bool,
}

impl Default for IsolatedHostsFilter {
    /// Without isolated images and hosts, as in Nova: all hosts pass.
    fn default() -> Self {
        Self::new([], [])
    }
}

impl IsolatedHostsFilter {
    /// With these images on these hosts (Nova's options `isolated_images` and `isolated_hosts`),
    /// which take no others.
    pub fn new<I, H>(images: I, hosts: H) -> Self
    where
        I: IntoIterator<Item = ImageId>,
        H: IntoIterator<Item = HostName>,
    {
        Self {
            images: images.into_iter().collect(),
            hosts: hosts.into_iter().collect(),
            restricted: true,
        }
    }

    /// Whether isolated hosts take isolated images only (Nova's option
    /// `restrict_isolated_hosts_to_isolated_images`): yes unless it is said.
    #[must_use]
    pub fn with_restricted_hosts(mut self, restricted: bool) -> Self {
        self.restricted = restricted;
        self
    }

    fn is_isolated(&self, request: &PlacementRequest) -> bool {
        let image = request.image().and_then(|image| image.id);
        image.is_some_and(|image| self.images.contains(&image))
    }
}

impl Filter for IsolatedHostsFilter {
    fn name(&self) -> &str {
        "IsolatedHostsFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let (image, host) = (
            self.is_isolated(request),
            self.hosts.contains(host.service_host()),
        );
        if image == host || (host && !self.restricted) {
            Verdict::Pass
        } else {
            Verdict::Reject(Reason::Isolation { host })
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn run_on_rebuild(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        let isolated = self.is_isolated(request);
        if !isolated && (self.hosts.is_empty() || !self.restricted) {
            return;
        }
        let mut hosts = Candidates::none(fleet.len());
        for host in self
            .hosts
            .iter()
            .flat_map(|service| fleet.nodes_of(service))
        {
            hosts.insert(host);
        }
        if isolated {
            candidates.intersect(&hosts);
        } else {
            candidates.subtract(&hosts);
        }
    }
}

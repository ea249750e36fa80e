//! Hosts whose aggregates want certain properties of images.

use super::Filter;
use super::aggregate_metadata::{Holders, joined, words};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts whose aggregates agree with the image, as Nova's filter of this name does: where
/// the metadata have the name of a property that the image sets, the property's text must be
/// among the values of all the host's aggregates, which are split at commas. Properties that are
/// not set, zero, `False` or empty are not looked at.
///
/// Values are compared with the text that Nova makes of a property (`True`, not `yes`; see
/// [`RequestImage::properties`](crate::RequestImage::properties)).
///
/// ```
/// use nova_core::model::{ImageProperties, Resources};
/// use nova_sched::filters::AggregateImagePropertiesIsolation;
/// use nova_sched::{Filter, Fleet, HostAggregate, HostState, PlacementRequest, RequestImage};
///
/// let fleet = Fleet::builder()
///     .host(HostState::new("node-1".parse()?, "az1".parse()?))
///     .aggregate(
///         HostAggregate::new("6e7b9a3c-0f3d-4f2e-9e61-3a6a0a6a1c11".parse()?, "licensed")
///             .with_host("node-1".parse()?)
///             .with_metadata("os_distro", "windows"),
///     )
///     .build();
/// let properties = ImageProperties::default().with("os_distro", "debian")?;
/// let image = RequestImage::new(None, &properties);
/// let request = PlacementRequest::new(Resources::new()).with_image(image);
/// let filter = AggregateImagePropertiesIsolation::default();
/// assert!(fleet.hosts().all(|host| !filter.check(&request, &host).is_pass()));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AggregateImagePropertiesIsolation {
    /// What keys must begin with to be looked at.
    prefix: Option<String>,
}

impl AggregateImagePropertiesIsolation {
    /// Only looks at keys that begin with this namespace and the separator (Nova's options
    /// `aggregate_image_properties_isolation_namespace` and `…_separator`). They are part of the
    /// property's name: `hw` and `_` leave `hw_disk_bus` and its like. An empty namespace, as
    /// none, leaves every key.
    #[must_use]
    pub fn with_namespace(namespace: &str, separator: &str) -> Self {
        let prefix = (!namespace.is_empty()).then(|| format!("{namespace}{separator}"));
        Self { prefix }
    }

    /// The properties of the image that count, if an aggregate should name them.
    fn properties<'a>(
        &'a self,
        request: &'a PlacementRequest,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let properties = request
            .image()
            .into_iter()
            .flat_map(|image| &image.properties);
        properties
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .filter(|(key, value)| self.concerns(key) && is_set(key, value))
    }

    fn concerns(&self, key: &str) -> bool {
        self.prefix
            .as_ref()
            .is_none_or(|prefix| key.starts_with(prefix))
    }
}

/// Properties of free text, which count as soon as they are not empty.
const TEXTS: &[&str] = &[
    "hw_auto_disk_config",
    "hw_cpu_realtime_mask",
    "hw_disk_type",
    "hw_machine_type",
    "hw_mem_page_size",
    "img_owner_id",
    "img_root_device_name",
    "img_signature",
    "os_admin_user",
    "os_command_line",
    "os_distro",
];

/// Whether Python counts the value behind a text as true.
fn is_set(key: &str, text: &str) -> bool {
    match text {
        "" => false,
        "False" | "0" => TEXTS.contains(&key),
        _ => true,
    }
}

impl Filter for AggregateImagePropertiesIsolation {
    fn name(&self) -> &str {
        "AggregateImagePropertiesIsolation"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        for (key, wanted) in self.properties(request) {
            let mut values = host.aggregate_values(key).flat_map(words).peekable();
            if values.peek().is_some() && !values.any(|value| value == wanted) {
                return Verdict::Reject(Reason::AggregateMismatch {
                    key: key.to_owned(),
                    wanted: wanted.to_owned(),
                    actual: joined(host, key),
                });
            }
        }
        Verdict::Pass
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn run_on_rebuild(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        for (key, wanted) in self.properties(request) {
            if fleet.aggregates_with(key).next().is_some() {
                let fits = |value: &str| words(value).any(|word| word == wanted);
                candidates.subtract(&Holders::of(fleet, [key], fits).unfitting());
            }
        }
    }
}

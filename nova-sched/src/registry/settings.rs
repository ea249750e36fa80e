//! How filters are made whose options have to be read.

use nova_core::id::{HostName, ImageId};
use nova_core::model::{Architecture, ImageProperties};

use super::Config;
use super::check::invalid;
use crate::error::Result;
use crate::filters::{
    AggregateImagePropertiesIsolation, ImagePropertiesFilter, IsolatedHostsFilter, MetricsFilter,
};

pub(super) fn image_properties_isolation(config: &Config) -> AggregateImagePropertiesIsolation {
    let options = &config.filter_scheduler;
    AggregateImagePropertiesIsolation::with_namespace(
        options
            .aggregate_image_properties_isolation_namespace
            .as_deref()
            .unwrap_or_default(),
        &options.aggregate_image_properties_isolation_separator,
    )
}

pub(super) fn metrics(config: &Config) -> MetricsFilter {
    MetricsFilter::from_settings(&config.metrics.weight_setting)
}

pub(super) fn image_properties(config: &Config) -> Result<ImagePropertiesFilter> {
    let option = &config
        .filter_scheduler
        .image_properties_default_architecture;
    let architecture = option
        .as_deref()
        .filter(|name| !name.is_empty())
        .map(architecture);
    let malformed = config.compatibility.image_address_bits_malformed;
    Ok(
        ImagePropertiesFilter::new(architecture.transpose()?)
            .with_address_bits_malformed(malformed),
    )
}

fn architecture(name: &str) -> Result<Architecture> {
    let canonical = ImageProperties::canonical("hw_architecture", name);
    canonical.and_then(|name| name.parse().ok()).ok_or_else(|| {
        invalid(
            "filter_scheduler.image_properties_default_architecture",
            format!("`{name}` is no known architecture"),
        )
    })
}

pub(super) fn isolated_hosts(config: &Config) -> Result<IsolatedHostsFilter> {
    let options = &config.filter_scheduler;
    let images: Vec<ImageId> =
        parsed("filter_scheduler.isolated_images", &options.isolated_images)?;
    let hosts: Vec<HostName> = parsed("filter_scheduler.isolated_hosts", &options.isolated_hosts)?;
    Ok(IsolatedHostsFilter::new(images, hosts)
        .with_restricted_hosts(options.restrict_isolated_hosts_to_isolated_images))
}

fn parsed<T: std::str::FromStr<Err = nova_core::Error>>(
    option: &str,
    texts: &[String],
) -> Result<Vec<T>> {
    let parse = |text: &String| {
        text.parse()
            .map_err(|error: nova_core::Error| invalid(option, error.to_string()))
    };
    texts.iter().map(parse).collect()
}

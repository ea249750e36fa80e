//! The table of names, and how a scheduler is made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::check::invalid;
use super::{Config, settings};
use crate::error::{Error, Result};
use crate::filters::{
    AggregateCoreFilter, AggregateDiskFilter, AggregateInstanceExtraSpecsFilter,
    AggregateIoOpsFilter, AggregateMultiTenancyIsolation, AggregateNumInstancesFilter,
    AggregateRamFilter, AggregateTypeAffinityFilter, AllHostsFilter, AvailabilityZoneFilter,
    CellFilter, ComputeCapabilitiesFilter, ComputeFilter, CoreFilter, DifferentHostFilter,
    DiskFilter, Filter, InTreeFilter, IoOpsFilter, JsonFilter, MemberOfFilter, NUMATopologyFilter,
    NumInstancesFilter, PciPassthroughFilter, RamFilter, ResourceFilter, RetryFilter,
    SameHostFilter, ServerGroupAffinityFilter, ServerGroupAntiAffinityFilter,
    SimpleCIDRAffinityFilter, Stage, TraitsFilter, TypeAffinityFilter,
};
use crate::scheduler::Scheduler;
use crate::weighers::{
    BuildFailureWeigher, CPUWeigher, CrossCellWeigher, DiskWeigher, HypervisorVersionWeigher,
    ImagePropertiesWeigher, IoOpsWeigher, MetricsWeigher, NumInstancesWeigher, PCIWeigher,
    RAMWeigher, ServerGroupSoftAffinityWeigher, ServerGroupSoftAntiAffinityWeigher, Weigher,
    parse_weight_setting,
};

type MakeFilter = Arc<dyn Fn(&Config) -> Result<Arc<dyn Filter>> + Send + Sync>;
type MakeWeigher = Arc<dyn Fn(&Config) -> Result<Arc<dyn Weigher>> + Send + Sync>;

/// Filters and weighers by the names that configuration files use: those of Nova's classes, with
/// or without the module in front (`nova.scheduler.filters.compute_filter.ComputeFilter`), and
/// those of somebody's own.
#[derive(Clone, Default)]
pub struct Registry {
    filters: BTreeMap<String, MakeFilter>,
    /// In the order in which `all_weighers` sums them.
    weighers: Vec<(String, MakeWeigher)>,
    /// How many of the weighers `all_weighers` stands for: Nova's.
    standard: usize,
}

/// `name => what makes it from the configuration`, one row each.
macro_rules! rows {
    ($registry:ident . $register:ident: $($name:literal => $make:expr,)*) => {
        $($registry.$register($name, move |config: &Config| {
            let make: fn(&Config) -> _ = $make;
            Ok(make(config))
        });)*
    };
}

impl Registry {
    /// Without any name.
    pub fn new() -> Self {
        Self::default()
    }

    /// With all of Nova's.
    pub fn nova() -> Self {
        let mut registry = Self::new();
        rows! { registry.register_filter:
            "AggregateCoreFilter" => |_| AggregateCoreFilter,
            "AggregateDiskFilter" => |_| AggregateDiskFilter,
            "AggregateImagePropertiesIsolation" => settings::image_properties_isolation,
            "AggregateInstanceExtraSpecsFilter" => |_| AggregateInstanceExtraSpecsFilter,
            "AggregateIoOpsFilter" => |config| AggregateIoOpsFilter::new(config.filter_scheduler.max_io_ops_per_host),
            "AggregateMultiTenancyIsolation" => |_| AggregateMultiTenancyIsolation,
            "AggregateNumInstancesFilter" => |config| AggregateNumInstancesFilter::new(config.filter_scheduler.max_instances_per_host),
            "AggregateRamFilter" => |_| AggregateRamFilter,
            "AggregateTypeAffinityFilter" => |_| AggregateTypeAffinityFilter,
            "AllHostsFilter" => |_| AllHostsFilter,
            "AvailabilityZoneFilter" => |_| AvailabilityZoneFilter,
            "CellFilter" => |_| CellFilter,
            "ComputeCapabilitiesFilter" => |_| ComputeCapabilitiesFilter,
            "ComputeFilter" => |_| ComputeFilter,
            "CoreFilter" => |_| CoreFilter,
            "DifferentHostFilter" => |_| DifferentHostFilter,
            "DiskFilter" => |_| DiskFilter,
            "InTreeFilter" => |_| InTreeFilter,
            "IoOpsFilter" => |config| IoOpsFilter::new(config.filter_scheduler.max_io_ops_per_host),
            "JsonFilter" => |_| JsonFilter,
            "MemberOfFilter" => |_| MemberOfFilter,
            "MetricsFilter" => settings::metrics,
            "NumInstancesFilter" => |config| NumInstancesFilter::new(config.filter_scheduler.max_instances_per_host),
            "NUMATopologyFilter" => |config| NUMATopologyFilter::new(config.numa_settings())
                .image_required(config.compatibility.malformed_fails_request),
            "PciPassthroughFilter" => |_| PciPassthroughFilter,
            "RamFilter" => |_| RamFilter,
            "ResourceFilter" => |_| ResourceFilter,
            "RetryFilter" => |_| RetryFilter,
            "SameHostFilter" => |_| SameHostFilter,
            "ServerGroupAffinityFilter" => |_| ServerGroupAffinityFilter,
            "ServerGroupAntiAffinityFilter" => |_| ServerGroupAntiAffinityFilter,
            "SimpleCIDRAffinityFilter" => |_| SimpleCIDRAffinityFilter,
            "TraitsFilter" => |_| TraitsFilter,
            "TypeAffinityFilter" => |_| TypeAffinityFilter,
        }
        registry.register_filter("ImagePropertiesFilter", settings::image_properties);
        registry.register_filter("IsolatedHostsFilter", settings::isolated_hosts);
        rows! { registry.register_weigher:
            "BuildFailureWeigher" => |config| {
                BuildFailureWeigher::new(config.filter_scheduler.build_failure_weight_multiplier)
            },
            "CPUWeigher" => |config| CPUWeigher::new(config.filter_scheduler.cpu_weight_multiplier),
            "CrossCellWeigher" => |config| {
                CrossCellWeigher::new(config.filter_scheduler.cross_cell_move_weight_multiplier)
            },
            "DiskWeigher" => |config| DiskWeigher::new(config.filter_scheduler.disk_weight_multiplier),
            "HypervisorVersionWeigher" => |config| {
                let options = &config.filter_scheduler;
                HypervisorVersionWeigher::new(options.hypervisor_version_weight_multiplier)
            },
            "ImagePropertiesWeigher" => |config| {
                let options = &config.filter_scheduler;
                ImagePropertiesWeigher::new(options.image_props_weight_multiplier)
                    .with_setting(parse_weight_setting(&options.image_props_weight_setting))
            },
            "IoOpsWeigher" => |config| IoOpsWeigher::new(config.filter_scheduler.io_ops_weight_multiplier),
            "MetricsWeigher" => |config| {
                let options = &config.metrics;
                let setting = parse_weight_setting(&options.weight_setting);
                MetricsWeigher::new(options.weight_multiplier, setting)
                    .with_required(options.required)
                    .with_weight_of_unavailable(options.weight_of_unavailable)
            },
            "NumInstancesWeigher" => |config| {
                NumInstancesWeigher::new(config.filter_scheduler.num_instances_weight_multiplier)
            },
            "PCIWeigher" => |config| PCIWeigher::new(config.filter_scheduler.pci_weight_multiplier),
            "RAMWeigher" => |config| RAMWeigher::new(config.filter_scheduler.ram_weight_multiplier),
            "ServerGroupSoftAffinityWeigher" => |config| {
                let options = &config.filter_scheduler;
                ServerGroupSoftAffinityWeigher::new(options.soft_affinity_weight_multiplier)
            },
            "ServerGroupSoftAntiAffinityWeigher" => |config| {
                let options = &config.filter_scheduler;
                ServerGroupSoftAntiAffinityWeigher::new(options.soft_anti_affinity_weight_multiplier)
            },
        }
        registry.standard = registry.weighers.len();
        registry
    }

    /// Adds a filter under a name, or puts it in the place of the one of that name. Its settings
    /// are those that [`Config::custom_settings`] finds under its name.
    ///
    /// ```
    /// use nova_sched::filters::NumInstancesFilter;
    /// use nova_sched::{Config, Registry};
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Most {
    ///     servers: u64,
    /// }
    ///
    /// let mut registry = Registry::nova();
    /// registry.register_filter("FewServersFilter", |config| {
    ///     let most: Most = config.custom_settings("FewServersFilter")?;
    ///     Ok(NumInstancesFilter::new(most.servers))
    /// });
    /// let config: Config = serde_json::from_str(
    ///     r#"{
    ///         "filter_scheduler": {"enabled_filters": ["ComputeFilter", "FewServersFilter"]},
    ///         "custom": {"FewServersFilter": {"servers": 3}}
    ///     }"#,
    /// )?;
    /// registry.scheduler(&config)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register_filter<F: Filter>(
        &mut self,
        name: impl Into<String>,
        make: impl Fn(&Config) -> Result<F> + Send + Sync + 'static,
    ) {
        let make: MakeFilter = Arc::new(move |config| Ok(Arc::new(make(config)?)));
        self.filters.insert(name.into(), make);
    }

    /// Adds a weigher under a name, or puts it in the place of the one of that name.
    pub fn register_weigher<W: Weigher>(
        &mut self,
        name: impl Into<String>,
        make: impl Fn(&Config) -> Result<W> + Send + Sync + 'static,
    ) {
        let name = name.into();
        let make: MakeWeigher = Arc::new(move |config| Ok(Arc::new(make(config)?)));
        match self.weighers.iter_mut().find(|(known, _)| *known == name) {
            Some((_, former)) => *former = make,
            None => self.weighers.push((name, make)),
        }
    }

    /// The names of the filters.
    pub fn filters(&self) -> impl Iterator<Item = &str> {
        self.filters.keys().map(String::as_str)
    }

    /// The names of the weighers.
    pub fn weighers(&self) -> impl Iterator<Item = &str> {
        self.weighers.iter().map(|(name, _)| name.as_str())
    }

    /// One filter by its name.
    ///
    /// # Errors
    /// [`Error::UnknownFilter`]; [`Error::InvalidOption`], whether or not this filter reads that
    /// option; or what its maker says of the configuration.
    pub fn filter(&self, name: &str, config: &Config) -> Result<Arc<dyn Filter>> {
        self.check(config)?;
        let (_, make) = self.find_filter(name)?;
        make(config)
    }

    /// The weighers that a name stands for: one, or all of Nova's for `all_weighers`.
    ///
    /// # Errors
    /// [`Error::UnknownWeigher`]; [`Error::InvalidOption`], whether or not these weighers read that
    /// option; or what a maker says of the configuration.
    pub fn weigher(&self, name: &str, config: &Config) -> Result<Vec<Arc<dyn Weigher>>> {
        self.check(config)?;
        let found = self.find_weighers(name)?;
        found.iter().map(|(_, make)| make(config)).collect()
    }

    fn find_filter(&self, name: &str) -> Result<(&str, &MakeFilter)> {
        let found = self.filters.get_key_value(name);
        let found = found.or_else(|| self.filters.get_key_value(class(name)));
        let (known, make) = found.ok_or_else(|| Error::UnknownFilter {
            name: name.to_owned(),
        })?;
        Ok((known, make))
    }

    fn find_weighers(&self, name: &str) -> Result<&[(String, MakeWeigher)]> {
        if class(name) == "all_weighers" {
            return Ok(self.weighers.get(..self.standard).unwrap_or_default());
        }
        let find = |wanted: &str| self.weighers.iter().find(|(known, _)| known == wanted);
        let found = find(name).or_else(|| find(class(name)));
        found
            .map(std::slice::from_ref)
            .ok_or_else(|| Error::UnknownWeigher {
                name: name.to_owned(),
            })
    }

    /// Refuses values that cannot be used, and settings that nobody would read.
    fn check(&self, config: &Config) -> Result<()> {
        config.check()?;
        for name in config.custom.keys() {
            let weighs = || self.weighers().any(|known| known == name);
            if !self.filters.contains_key(name) && !weighs() {
                return Err(invalid(
                    format!("custom.{name}"),
                    "no filter and no weigher of this name is registered",
                ));
            }
        }
        Ok(())
    }

    /// The scheduler that a configuration describes.
    ///
    /// Where [`placement_filters`](super::FilterSchedulerOptions::placement_filters) is on, the
    /// filters of [`Stage::Placement`] that the configuration does not name come first; of those
    /// of capacity, `AggregateCoreFilter` and its like take the place where they are named.
    ///
    /// # Errors
    /// [`Error::UnknownFilter`], [`Error::UnknownWeigher`]; [`Error::InvalidOption`] for what
    /// [`Config`] says is not taken.
    pub fn scheduler(&self, config: &Config) -> Result<Scheduler> {
        self.check(config)?;
        let options = &config.filter_scheduler;
        let mut named = Vec::new();
        let mut seen = BTreeSet::new();
        for name in &options.enabled_filters {
            let (known, make) = self.find_filter(name)?;
            if !seen.insert(known) {
                return Err(twice("filter_scheduler.enabled_filters", known));
            }
            named.push(make(config)?);
        }
        let mut builder = Scheduler::builder();
        if options.placement_filters {
            for filter in self.placement(config)? {
                if !named
                    .iter()
                    .any(|other| takes_place(other.name(), filter.name()))
                {
                    builder = builder.shared_filter(filter);
                }
            }
        }
        for filter in named {
            builder = builder.shared_filter(filter);
        }
        let mut seen = BTreeSet::new();
        for name in &options.weight_classes {
            for (known, make) in self.find_weighers(name)? {
                if !seen.insert(known) {
                    return Err(twice("filter_scheduler.weight_classes", known));
                }
                builder = builder.shared_weigher(make(config)?);
            }
        }
        Ok(builder
            .max_attempts(config.scheduler.max_attempts)
            .host_subset_size(options.host_subset_size)
            .shuffle_best(options.shuffle_best_same_weighed_hosts)
            .numa(config.numa_settings())
            .malformed_fails_request(config.compatibility.malformed_fails_request)
            .build())
    }

    /// The filters that stand for Placement.
    fn placement(&self, config: &Config) -> Result<Vec<Arc<dyn Filter>>> {
        let names = [
            "AvailabilityZoneFilter",
            "CellFilter",
            "InTreeFilter",
            "MemberOfFilter",
            "TraitsFilter",
            "CoreFilter",
            "RamFilter",
            "DiskFilter",
            "ResourceFilter",
        ];
        let mut filters = Vec::new();
        for name in names {
            let (_, make) = self.find_filter(name)?;
            let filter = make(config)?;
            debug_assert_eq!(filter.stage(), Stage::Placement);
            filters.push(filter);
        }
        Ok(filters)
    }
}

/// Whether a filter that is named stands for one of Placement's: it is the same, or the same with
/// what aggregates say.
fn takes_place(named: &str, placement: &str) -> bool {
    named.strip_prefix("Aggregate").unwrap_or(named) == placement || named == placement
}

fn twice(option: &str, name: &str) -> Error {
    invalid(option, format!("{name} is named twice"))
}

/// The class, without the module in front.
fn class(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("filters", &self.filters.keys())
            .field("weighers", &self.weighers().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

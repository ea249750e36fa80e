//! The options of Nova's scheduler, by its names and with its defaults.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::invalid;
use crate::error::Result;
use crate::numa::{CellOrder, NumaSettings};

/// What a configuration file says of a scheduler: the sections of `nova.conf` that concern it.
///
/// Every option is called what Nova calls it and has Nova's default, so that an empty file is
/// Nova's scheduler. It is read from any format that serde reads: JSON, TOML and others.
///
/// An option that there is not is refused, not ignored. These of Nova's are not there, since they
/// are about Nova's services and databases, or about its calls of Placement:
///
/// * of `[scheduler]`: `discover_hosts_in_cells_interval`, `max_placement_results`, `workers`,
///   `query_placement_for_routed_network_aggregates`, `limit_tenants_to_placement_aggregate`,
///   `placement_aggregate_required_for_tenants`, `query_placement_for_image_type_support`,
///   `enable_isolated_aggregate_filtering`, `image_metadata_prefilter`. What such calls ask for, a
///   [`PlacementRequest`](crate::PlacementRequest) says itself: traits, `member_of`;
/// * of `[filter_scheduler]`: `available_filters` (a [`Registry`](crate::Registry) has the
///   filters), `track_instance_changes`, `pci_in_placement`
///   (see [`with_candidates`](crate::PlacementRequest::with_candidates));
/// * of `[compute]`, all but the one that is there, and all other sections.
///
/// Nor are values taken that cannot be used: a [`Registry`](crate::Registry) makes no scheduler of
/// them ([`Error::InvalidOption`](crate::Error::InvalidOption)). Such are malformed weight
/// settings, numbers that are not finite, no host to choose from or to try, a filter or weigher
/// that is named twice, and settings of one that is not registered.
///
/// ```
/// use nova_sched::{Config, Registry};
///
/// let file = r#"{
///     "filter_scheduler": {
///         "enabled_filters": ["ComputeFilter", "RetryFilter"],
///         "weight_classes": ["RAMWeigher"],
///         "max_instances_per_host": 20
///     }
/// }"#;
/// let config: Config = serde_json::from_str(file)?;
/// assert_eq!(config.filter_scheduler.max_io_ops_per_host, 8);
/// let scheduler = Registry::nova().scheduler(&config)?;
/// assert_eq!(scheduler.weighers().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// `[scheduler]`.
    pub scheduler: SchedulerOptions,
    /// `[filter_scheduler]`.
    pub filter_scheduler: FilterSchedulerOptions,
    /// `[metrics]`.
    pub metrics: MetricsOptions,
    /// `[compute]`.
    pub compute: ComputeOptions,
    /// Where Nova is followed against better judgement.
    pub compatibility: Compatibility,
    /// The settings of filters and weighers that are not Nova's, by the names that they are
    /// registered under: see [`custom_settings`](Self::custom_settings).
    pub custom: Map<String, Value>,
}

impl Config {
    /// How NUMA cells are looked for.
    pub fn numa_settings(&self) -> NumaSettings {
        let order = match self.compute.packing_host_numa_cells_allocation_strategy {
            true => CellOrder::Pack,
            false => CellOrder::Spread,
        };
        NumaSettings::new(order, self.compatibility.numa_page_size_leak)
    }

    /// The settings of a filter or weigher of one's own: what stands in [`custom`](Self::custom)
    /// under its name. A section that is not there is an empty one: the default of a type that is
    /// `#[serde(default)]`, a mistake for one that needs a setting.
    ///
    /// ```
    /// use nova_sched::Config;
    ///
    /// #[derive(Debug, PartialEq, serde::Deserialize)]
    /// #[serde(default, deny_unknown_fields)]
    /// struct Quiet {
    ///     from_hour: u8,
    /// }
    ///
    /// impl Default for Quiet {
    ///     fn default() -> Self {
    ///         Self { from_hour: 22 }
    ///     }
    /// }
    ///
    /// let config: Config = serde_json::from_str(r#"{"custom": {"Quiet": {"from_hour": 20}}}"#)?;
    /// assert_eq!(config.custom_settings::<Quiet>("Quiet")?, Quiet { from_hour: 20 });
    /// assert_eq!(Config::default().custom_settings::<Quiet>("Quiet")?, Quiet { from_hour: 22 });
    ///
    /// let mistaken: Config = serde_json::from_str(r#"{"custom": {"Quiet": {"from": 20}}}"#)?;
    /// let refused = mistaken.custom_settings::<Quiet>("Quiet").unwrap_err().to_string();
    /// assert!(refused.starts_with("invalid option custom.Quiet: unknown field `from`"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidOption`](crate::Error::InvalidOption) that names the section, and says what
    /// is wrong in it.
    pub fn custom_settings<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let settings = match self.custom.get(name) {
            Some(settings) => T::deserialize(settings),
            None => T::deserialize(&Value::Object(Map::new())),
        };
        settings.map_err(|error| invalid(format!("custom.{name}"), error.to_string()))
    }
}

/// Nova's section `[scheduler]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SchedulerOptions {
    /// How many hosts are tried for a server: 3, and not 0. Plans name one less alternates, unless
    /// the request [says how many](crate::PlacementRequest::with_alternates).
    pub max_attempts: u32,
}

impl Default for SchedulerOptions {
    fn default() -> Self {
        Self { max_attempts: 3 }
    }
}

/// Nova's section `[filter_scheduler]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FilterSchedulerOptions {
    /// The filters, in the order in which they are run.
    pub enabled_filters: Vec<String>,
    /// The weighers, in the order in which weights are summed; `all_weighers` stands for all of
    /// Nova's.
    pub weight_classes: Vec<String>,
    /// Whether what Nova asks of Placement (zone, resources, traits, aggregates) is filtered by as
    /// well: yes. Nova itself has no such option; there Placement always decides.
    pub placement_filters: bool,
    /// From how many of the best hosts the winner is drawn: 1, and not 0.
    pub host_subset_size: usize,
    /// Whether hosts that weigh as much as the best are shuffled: no.
    pub shuffle_best_same_weighed_hosts: bool,
    /// The most operations under way on a host: 8.
    pub max_io_ops_per_host: u64,
    /// The most servers on a host: 50.
    pub max_instances_per_host: u64,
    /// What free memory counts: 1.
    pub ram_weight_multiplier: f64,
    /// What free processors count: 1.
    pub cpu_weight_multiplier: f64,
    /// What free disk counts: 1.
    pub disk_weight_multiplier: f64,
    /// What a newer hypervisor counts: 1.
    pub hypervisor_version_weight_multiplier: f64,
    /// What the number of servers counts: 0.
    pub num_instances_weight_multiplier: f64,
    /// What operations under way count: −1.
    pub io_ops_weight_multiplier: f64,
    /// What servers of the same image properties count: 0.
    pub image_props_weight_multiplier: f64,
    /// Which image properties count, and how much: `os_distro=2`.
    pub image_props_weight_setting: Vec<String>,
    /// What it counts to have no PCI devices free: 1.
    pub pci_weight_multiplier: f64,
    /// What members of a soft affinity group count: 1.
    pub soft_affinity_weight_multiplier: f64,
    /// What members of a soft anti-affinity group count: 1.
    pub soft_anti_affinity_weight_multiplier: f64,
    /// What builds that failed count, against the host: 1,000,000.
    pub build_failure_weight_multiplier: f64,
    /// What it counts to stay in the cell: 1,000,000.
    pub cross_cell_move_weight_multiplier: f64,
    /// The architecture of images that name none.
    pub image_properties_default_architecture: Option<String>,
    /// The images that go to isolated hosts, by id.
    pub isolated_images: Vec<String>,
    /// The hosts that isolated images go to.
    pub isolated_hosts: Vec<String>,
    /// Whether isolated hosts take isolated images only: yes.
    pub restrict_isolated_hosts_to_isolated_images: bool,
    /// What the keys of aggregates begin with that image properties are compared to.
    pub aggregate_image_properties_isolation_namespace: Option<String>,
    /// What stands between that and the name of the property: `.`.
    pub aggregate_image_properties_isolation_separator: String,
}

impl Default for FilterSchedulerOptions {
    fn default() -> Self {
        let enabled = [
            "ComputeFilter",
            "ComputeCapabilitiesFilter",
            "ImagePropertiesFilter",
            "ServerGroupAntiAffinityFilter",
            "ServerGroupAffinityFilter",
        ];
        Self {
            enabled_filters: enabled.map(str::to_owned).to_vec(),
            weight_classes: vec!["nova.scheduler.weights.all_weighers".to_owned()],
            placement_filters: true,
            host_subset_size: 1,
            shuffle_best_same_weighed_hosts: false,
            max_io_ops_per_host: 8,
            max_instances_per_host: 50,
            ram_weight_multiplier: 1.0,
            cpu_weight_multiplier: 1.0,
            disk_weight_multiplier: 1.0,
            hypervisor_version_weight_multiplier: 1.0,
            num_instances_weight_multiplier: 0.0,
            io_ops_weight_multiplier: -1.0,
            image_props_weight_multiplier: 0.0,
            image_props_weight_setting: Vec::new(),
            pci_weight_multiplier: 1.0,
            soft_affinity_weight_multiplier: 1.0,
            soft_anti_affinity_weight_multiplier: 1.0,
            build_failure_weight_multiplier: 1_000_000.0,
            cross_cell_move_weight_multiplier: 1_000_000.0,
            image_properties_default_architecture: None,
            isolated_images: Vec::new(),
            isolated_hosts: Vec::new(),
            restrict_isolated_hosts_to_isolated_images: true,
            aggregate_image_properties_isolation_namespace: None,
            aggregate_image_properties_isolation_separator: ".".to_owned(),
        }
    }
}

/// Nova's section `[metrics]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct MetricsOptions {
    /// What metrics count: 1.
    pub weight_multiplier: f64,
    /// Which metrics count, and how much: `cpu.frequency=-1`.
    pub weight_setting: Vec<String>,
    /// Whether a host must have all of them: yes.
    pub required: bool,
    /// The weight of a host that has not, where it need not: −10,000.
    pub weight_of_unavailable: f64,
}

impl Default for MetricsOptions {
    fn default() -> Self {
        Self {
            weight_multiplier: 1.0,
            weight_setting: Vec::new(),
            required: true,
            weight_of_unavailable: -10_000.0,
        }
    }
}

/// Nova's section `[compute]`, as far as the scheduler reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ComputeOptions {
    /// Whether the fuller NUMA cells of a host are tried first: no, the emptier.
    pub packing_host_numa_cells_allocation_strategy: bool,
}

/// What Nova does and nobody would want: off unless it is asked for, to move from Nova without a
/// difference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Compatibility {
    /// A request whose extra spec, hint or metric cannot be evaluated for one host fails whole,
    /// instead of passing that host over.
    pub malformed_fails_request: bool,
    /// An image with `hw_maxphysaddr_bits` cannot be evaluated on any host that runs its kind of
    /// guests, instead of being held against the processors of each.
    pub image_address_bits_malformed: bool,
    /// The page size that the first attempt on a host found is kept for further attempts on it,
    /// and with it what else Nova's search for NUMA cells leaves behind
    /// ([`LeakingSearch`](crate::numa::LeakingSearch)).
    pub numa_page_size_leak: bool,
    /// What is malformed in a weight setting (`metrics.weight_setting`,
    /// `filter_scheduler.image_props_weight_setting`) is passed over, instead of being refused
    /// with the configuration.
    pub malformed_settings_ignored: bool,
}

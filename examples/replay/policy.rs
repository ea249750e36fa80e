//! Filters and weighers by name.

use anyhow::{Context as _, bail, ensure};
use nova_sched::registry::{FilterSchedulerOptions, Registry};
use nova_sched::replay::FaultDomainFilter;
use nova_sched::{Config, Scheduler};

use crate::options::Options;

/// The policies and their schedulers, the first one first.
pub fn schedulers(options: &Options) -> anyhow::Result<Vec<(&str, Scheduler)>> {
    let policies = options.policies();
    policies
        .map(|policy| Ok((policy, scheduler(options, policy)?)))
        .collect()
}

/// The scheduler of a policy.
fn scheduler(options: &Options, policy: &str) -> anyhow::Result<Scheduler> {
    let mut registry = Registry::nova();
    registry.register_filter("FaultDomainFilter", |_| Ok(FaultDomainFilter));
    Ok(registry.scheduler(&config(options, policy)?)?)
}

fn config(options: &Options, policy: &str) -> anyhow::Result<Config> {
    let mut config = Config::default();
    let nova = &mut config.filter_scheduler;
    if options.filters.is_empty() {
        for filter in ["NUMATopologyFilter", "FaultDomainFilter"] {
            nova.enabled_filters.push(filter.to_owned());
        }
    } else {
        nova.enabled_filters.clone_from(&options.filters);
    }
    match policy {
        "spread" => {}
        "pack" => {
            for weigher in ["CPUWeigher", "RAMWeigher", "DiskWeigher"] {
                *multiplier(nova, weigher)? = -1.0;
            }
        }
        "first-fit" => nova.weight_classes.clear(),
        "random" => {
            nova.weight_classes.clear();
            nova.shuffle_best_same_weighed_hosts = true;
        }
        list => {
            nova.weight_classes.clear();
            for text in list.split(',') {
                let (name, number) = text.trim().split_once('=').unwrap_or((text.trim(), "1"));
                let number: f64 = number
                    .parse()
                    .with_context(|| format!("{text}: the multiplier is not a number"))?;
                ensure!(number.is_finite(), "{text}: the multiplier is not finite");
                *multiplier(nova, name)? = number;
                nova.weight_classes.push(name.to_owned());
            }
        }
    }
    Ok(config)
}

/// The option that a weigher's multiplier is.
fn multiplier<'a>(
    options: &'a mut FilterSchedulerOptions,
    weigher: &str,
) -> anyhow::Result<&'a mut f64> {
    Ok(match weigher {
        "RAMWeigher" => &mut options.ram_weight_multiplier,
        "CPUWeigher" => &mut options.cpu_weight_multiplier,
        "DiskWeigher" => &mut options.disk_weight_multiplier,
        "NumInstancesWeigher" => &mut options.num_instances_weight_multiplier,
        "IoOpsWeigher" => &mut options.io_ops_weight_multiplier,
        "PCIWeigher" => &mut options.pci_weight_multiplier,
        "HypervisorVersionWeigher" => &mut options.hypervisor_version_weight_multiplier,
        "ServerGroupSoftAffinityWeigher" => &mut options.soft_affinity_weight_multiplier,
        "ServerGroupSoftAntiAffinityWeigher" => &mut options.soft_anti_affinity_weight_multiplier,
        "BuildFailureWeigher" => &mut options.build_failure_weight_multiplier,
        "CrossCellWeigher" => &mut options.cross_cell_move_weight_multiplier,
        "ImagePropertiesWeigher" => &mut options.image_props_weight_multiplier,
        other => bail!("no policy is called {other}, and no weigher that has a multiplier"),
    })
}

//! What no configuration may say.

use super::Config;
use crate::error::{Error, Result};
use crate::weighers::weight_setting_problem;

impl Config {
    /// Refuses values that cannot be used, whoever reads them.
    pub(super) fn check(&self) -> Result<()> {
        let filters = &self.filter_scheduler;
        if self.scheduler.max_attempts == 0 {
            return Err(invalid(
                "scheduler.max_attempts",
                "it is 0: no server would be tried on any host",
            ));
        }
        if filters.host_subset_size == 0 {
            return Err(invalid(
                "filter_scheduler.host_subset_size",
                "it is 0: there would be no host to choose",
            ));
        }
        for (option, number) in self.numbers() {
            if !number.is_finite() {
                return Err(invalid(option, format!("{number} is not finite")));
            }
        }
        if self.compatibility.malformed_settings_ignored {
            return Ok(());
        }
        for (option, settings) in [
            ("metrics.weight_setting", &self.metrics.weight_setting),
            (
                "filter_scheduler.image_props_weight_setting",
                &filters.image_props_weight_setting,
            ),
        ] {
            if let Some(problem) = settings
                .iter()
                .find_map(|text| weight_setting_problem(text))
            {
                return Err(invalid(option, problem));
            }
        }
        Ok(())
    }

    /// Every option that is a number with a fraction.
    fn numbers(&self) -> [(&'static str, f64); 14] {
        let (filters, metrics) = (&self.filter_scheduler, &self.metrics);
        macro_rules! of_filter_scheduler {
            ($($option:ident)*) => {
                [
                    ("metrics.weight_multiplier", metrics.weight_multiplier),
                    ("metrics.weight_of_unavailable", metrics.weight_of_unavailable),
                    $((concat!("filter_scheduler.", stringify!($option)), filters.$option),)*
                ]
            };
        }
        of_filter_scheduler! {
            ram_weight_multiplier
            cpu_weight_multiplier
            disk_weight_multiplier
            hypervisor_version_weight_multiplier
            num_instances_weight_multiplier
            io_ops_weight_multiplier
            image_props_weight_multiplier
            pci_weight_multiplier
            soft_affinity_weight_multiplier
            soft_anti_affinity_weight_multiplier
            build_failure_weight_multiplier
            cross_cell_move_weight_multiplier
        }
    }
}

pub(super) fn invalid(option: impl Into<String>, reason: impl Into<String>) -> Error {
    Error::InvalidOption {
        option: option.into(),
        reason: reason.into(),
    }
}

//! The weighers of what is left of one resource class.

use nova_core::model::ResourceClass;

use crate::fleet::{Amounts, Fleet, HostIndex};

/// Declares such a weigher: its class, its raw weight, and Nova's option for its multiplier.
macro_rules! free_weigher {
    (
        $(#[$doc:meta])*
        $name:ident, $class:expr, option $option:literal, raw $raw:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name {
            multiplier: f64,
        }

        impl $name {
            #[doc = concat!("With this multiplier (Nova's `", $option, "`, by default 1.0).")]
            /// A negative one fills hosts up instead of spreading servers out.
            pub fn new(multiplier: f64) -> Self {
                Self { multiplier }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(1.0)
            }
        }

        impl crate::weighers::Weigher for $name {
            fn name(&self) -> &str {
                stringify!($name)
            }

            fn weigh(
                &self,
                _request: &crate::request::PlacementRequest,
                host: &crate::fleet::HostView<'_>,
            ) -> f64 {
                crate::weighers::free::weigh(&host.amounts(&$class), $raw)
            }

            fn multiplier(&self, _host: &crate::fleet::HostView<'_>) -> f64 {
                self.multiplier
            }

            fn lower_bound(&self) -> Option<f64> {
                Some(0.0)
            }

            fn sweep(
                &self,
                _request: &crate::request::PlacementRequest,
                fleet: &crate::fleet::Fleet,
                hosts: &[crate::fleet::HostIndex],
                weights: &mut Vec<f64>,
            ) {
                crate::weighers::free::sweep(fleet, &$class, hosts, weights, $raw);
            }
        }
    };
}

pub(super) use free_weigher;

/// What a raw weight is made of: total, allocation ratio, and reserved plus claimed units.
pub(super) struct Free {
    pub(super) total: f64,
    pub(super) ratio: f64,
    pub(super) reserved: f64,
    pub(super) used: f64,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "amounts stay below 2^53, where f64 is exact"
)]
pub(super) fn weigh(amounts: &Amounts, raw: impl Fn(Free) -> f64) -> f64 {
    raw(Free {
        total: amounts.total as f64,
        ratio: amounts.ratio,
        reserved: amounts.reserved as f64,
        used: amounts.used as f64,
    })
}

pub(super) fn sweep(
    fleet: &Fleet,
    class: &ResourceClass,
    hosts: &[HostIndex],
    weights: &mut Vec<f64>,
    raw: impl Fn(Free) -> f64,
) {
    let column = fleet.resource(class);
    weights.extend(hosts.iter().map(|host| {
        let amounts = column.map_or_else(Amounts::default, |column| column.amounts(host.get()));
        weigh(&amounts, &raw)
    }));
}

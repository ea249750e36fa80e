//! The weighers whose raw weight is one of the fleet's measures.

/// Declares such a weigher: its measure, Nova's option for its multiplier with the default, and
/// the lowest raw weight, if there is one. `negated` turns the multiplier's sign; `unless` names the
/// function that says why a host cannot be weighed.
macro_rules! measured_weigher {
    (
        $(#[$doc:meta])*
        $name:ident, $measure:expr,
        option $option:literal = $default:literal,
        lowest $lowest:expr
        $(, $negated:ident)?
        $(; unless $unweighable:path)?
    ) => {
        $(#[$doc])*
        ///
        #[doc = concat!("The metadata key `", $option, "` of a host's aggregates overrides the multiplier.")]
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name {
            multiplier: crate::weighers::AggregateMultiplier,
        }

        impl $name {
            #[doc = concat!("With this multiplier (Nova's `", $option, "`, by default ", stringify!($default), ").")]
            pub fn new(multiplier: f64) -> Self {
                Self {
                    multiplier: crate::weighers::AggregateMultiplier::new($option, multiplier)
                        $(.$negated())?,
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new($default)
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
                host.measure($measure)
            }

            $(
                fn unweighable(
                    &self,
                    _request: &crate::request::PlacementRequest,
                    host: &crate::fleet::HostView<'_>,
                ) -> Option<crate::verdict::Reason> {
                    $unweighable(host)
                }
            )?

            fn multiplier(&self, host: &crate::fleet::HostView<'_>) -> f64 {
                self.multiplier.of(host)
            }

            fn multipliers<'a>(
                &self,
                _request: &crate::request::PlacementRequest,
                fleet: &'a crate::fleet::Fleet,
            ) -> crate::weighers::Multipliers<'a> {
                self.multiplier.over(fleet)
            }

            fn scores<'a>(
                &self,
                _request: &crate::request::PlacementRequest,
                fleet: &'a crate::fleet::Fleet,
            ) -> crate::weighers::Scores<'a> {
                crate::weighers::Scores::Column(fleet.measure($measure))
            }

            fn is_local(&self, _request: &crate::request::PlacementRequest) -> bool {
                true
            }

            fn lower_bound(&self) -> Option<f64> {
                $lowest
            }
        }
    };
}

pub(super) use measured_weigher;

//! How a weigher of one of these files counts: what all of them have in common.

/// The methods of [`Weigher`](super::Weigher) that follow from the field `multiplier`, an
/// [`AggregateMultiplier`](super::AggregateMultiplier).
macro_rules! by_multiplier {
    () => {
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

        fn is_local(&self, _request: &crate::request::PlacementRequest) -> bool {
            true
        }
    };
}

pub(super) use by_multiplier;

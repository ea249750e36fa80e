//! How a weigher of one of these files counts: what all of them have in common.

/// The methods of [`Weigher`](super::Weigher) that follow from the field `multiplier`, an
/// [`AggregateMultiplier`](super::AggregateMultiplier).
macro_rules! by_multiplier {
    () => {
        by_multiplier!(local | _request | true);
    };
    (local |$request:ident| $local:expr) => {
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

        fn is_local(&self, $request: &crate::request::PlacementRequest) -> bool {
            $local
        }
    };
}

pub(super) use by_multiplier;

//! Weighs hosts by what their monitors report.

use super::weighted::by_multiplier;
use super::{AggregateMultiplier, Scores, Weigher};
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::Reason;

/// Weighs hosts by measurements that their monitors report. Nova's `MetricsWeigher`. It says
/// nothing unless it gets a setting.
///
/// Raw: the sum of measurement × ratio, in the order of the setting. Of a host that lacks one of
/// them: where all are required, it [cannot be weighed](Weigher::unweighable) and counts as the
/// lowest; else its raw weight is [`weight_of_unavailable`](Self::with_weight_of_unavailable),
/// unless the ratio or the host's multiplier is 0.
///
/// The metadata key `metrics_weight_multiplier` of a host's aggregates overrides the multiplier.
///
/// ```
/// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler, weighers::MetricsWeigher};
///
/// let host = |name: &str, percent| {
///     let host = HostState::new(name.parse()?, "az1".parse()?);
///     Ok::<_, nova_core::Error>(host.with_metric("cpu.percent", percent))
/// };
/// let fleet = Fleet::builder().host(host("busy", 90.0)?).host(host("idle", 10.0)?).build();
/// let weigher = MetricsWeigher::new(1.0, vec![("cpu.percent".to_owned(), -1.0)]);
/// let scheduler = Scheduler::builder().weigher(weigher).build();
/// let plan = scheduler.plan(&fleet, &PlacementRequest::new(Default::default()));
/// assert_eq!(plan.placements()[0].host.as_str(), "idle");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MetricsWeigher {
    multiplier: AggregateMultiplier,
    setting: Vec<(String, f64)>,
    required: bool,
    weight_of_unavailable: f64,
}

impl MetricsWeigher {
    /// With this multiplier (Nova's `[metrics] weight_multiplier`, by default 1.0), and the names
    /// of measurements with their ratios (`weight_setting`, see
    /// [`parse_weight_setting`](super::parse_weight_setting)), all of which are required.
    pub fn new(multiplier: f64, setting: Vec<(String, f64)>) -> Self {
        Self {
            multiplier: AggregateMultiplier::new("metrics_weight_multiplier", multiplier),
            setting,
            required: true,
            weight_of_unavailable: -10_000.0,
        }
    }

    /// Whether a host must have all measurements (Nova's `required`, by default yes).
    #[must_use]
    pub fn with_required(mut self, required: bool) -> Self {
        self.required = required;
        self
    }

    /// The raw weight of a host that lacks one, where it need not have it (Nova's
    /// `weight_of_unavailable`, by default −10,000).
    #[must_use]
    pub fn with_weight_of_unavailable(mut self, weight: f64) -> Self {
        self.weight_of_unavailable = weight;
        self
    }

    fn missing(&self, host: &HostView<'_>) -> Option<&str> {
        let mut names = self.setting.iter().map(|(name, _)| name.as_str());
        names.find(|name| !host.metrics().contains_key(*name))
    }
}

impl Default for MetricsWeigher {
    fn default() -> Self {
        Self::new(1.0, Vec::new())
    }
}

impl Weigher for MetricsWeigher {
    fn name(&self) -> &str {
        "MetricsWeigher"
    }

    fn weigh(&self, _request: &PlacementRequest, host: &HostView<'_>) -> f64 {
        let mut sum = 0.0;
        for (name, ratio) in &self.setting {
            if let Some(value) = host.metrics().get(name) {
                sum += value * ratio;
            } else if self.required {
                return f64::NAN;
            } else if ratio * self.multiplier.of(host) != 0.0 {
                return self.weight_of_unavailable;
            }
        }
        sum
    }

    fn unweighable(&self, _request: &PlacementRequest, host: &HostView<'_>) -> Option<Reason> {
        let missing = self.missing(host).filter(|_| self.required)?;
        Some(Reason::Malformed {
            key: missing.to_owned(),
            wanted: String::new(),
            problem: "the host does not report it".to_owned(),
        })
    }

    fn scores<'a>(&self, _request: &PlacementRequest, _fleet: &'a Fleet) -> Scores<'a> {
        if self.setting.is_empty() {
            Scores::Same(0.0)
        } else {
            Scores::Each
        }
    }

    by_multiplier!();
}

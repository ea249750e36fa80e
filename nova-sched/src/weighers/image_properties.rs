//! Prefers hosts whose servers have images like the request's.

use std::collections::BTreeMap;

use super::weighted::by_multiplier;
use super::{AggregateMultiplier, Scores, Weigher};
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;

/// Prefers hosts with more servers whose images have the properties of the request's image. Nova's
/// `ImagePropertiesWeigher`. A negative multiplier spreads such servers out. It is off unless it
/// gets a multiplier: one that aggregates name alone does not turn it on.
///
/// Raw: for each property of the image, how many servers on the host have it with the same value;
/// the sum, each times what the [setting](Self::with_setting) says of the property.
///
/// The metadata key `image_props_weight_multiplier` of a host's aggregates overrides the
/// multiplier.
///
/// ```
/// use nova_sched::{Scheduler, weighers::ImagePropertiesWeigher};
///
/// let weigher = ImagePropertiesWeigher::new(1.0).with_setting([("os_distro".to_owned(), 2.0)]);
/// let scheduler = Scheduler::builder().weigher(weigher).build();
/// # let _ = scheduler;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePropertiesWeigher {
    multiplier: AggregateMultiplier,
    setting: BTreeMap<String, f64>,
}

impl ImagePropertiesWeigher {
    /// With this multiplier (Nova's `image_props_weight_multiplier`, by default 0.0); every
    /// property counts once.
    pub fn new(multiplier: f64) -> Self {
        Self {
            multiplier: AggregateMultiplier::new("image_props_weight_multiplier", multiplier),
            setting: BTreeMap::new(),
        }
    }

    /// How much each property counts (Nova's `image_props_weight_setting`, see
    /// [`parse_weight_setting`](super::parse_weight_setting)): those that are not named, nothing,
    /// unless none is named. Of two numbers for one name the later counts.
    #[must_use]
    pub fn with_setting(mut self, setting: impl IntoIterator<Item = (String, f64)>) -> Self {
        self.setting = setting.into_iter().collect();
        self
    }

    fn counts(&self, property: &str) -> f64 {
        match self.setting.is_empty() {
            true => 1.0,
            false => self.setting.get(property).copied().unwrap_or(0.0),
        }
    }
}

impl Default for ImagePropertiesWeigher {
    fn default() -> Self {
        Self::new(0.0)
    }
}

impl Weigher for ImagePropertiesWeigher {
    fn name(&self) -> &str {
        "ImagePropertiesWeigher"
    }

    fn weigh(&self, request: &PlacementRequest, host: &HostView<'_>) -> f64 {
        let Some(image) = request
            .image()
            .filter(|_| self.multiplier.configured() != 0.0)
        else {
            return 0.0;
        };
        let mut weight = 0.0;
        for (name, value) in &image.properties {
            let alike = host
                .placed()
                .iter()
                .filter(|server| server.shape.image_properties.get(name) == Some(value));
            let alike = u32::try_from(alike.count()).unwrap_or(u32::MAX);
            if alike > 0 {
                weight += self.counts(name) * f64::from(alike);
            }
        }
        weight
    }

    fn scores<'a>(&self, request: &PlacementRequest, _fleet: &'a Fleet) -> Scores<'a> {
        let counting = self.multiplier.configured() != 0.0;
        let image = request.image().filter(|_| counting);
        match image {
            Some(image) if !image.properties.is_empty() => Scores::Each,
            _ => Scores::Same(0.0),
        }
    }

    by_multiplier!();
}

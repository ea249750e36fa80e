//! Host aggregates.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Generation;
use super::label::check_label;
use crate::checked_text::checked_text;
use crate::env::Timestamp;
use crate::error::{Error, Result};
use crate::id::{AggregateId, HostName, ZoneName};

checked_text!(
    /// An aggregate's name: 1 to 255 characters, no control character, no white space at either
    /// end.
    AggregateName, |text| check_label("aggregate name", text, 1)
);

/// What filters look for in an aggregate: texts by their keys.
///
/// A key has 1 to 255 characters, a value 0 to 255, neither with a control character or white
/// space at either end. The key [`ZONE_KEY`](Self::ZONE_KEY) is not among them: an aggregate's zone
/// is [`Aggregate::availability_zone`].
///
/// ```
/// use nova_core::model::AggregateMetadata;
///
/// let metadata = AggregateMetadata::new([("ssd", "true")])?;
/// assert_eq!(metadata.get("ssd"), Some("true"));
/// assert!(AggregateMetadata::new([("availability_zone", "east")]).is_err());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, String>",
    into = "BTreeMap<String, String>"
)]
pub struct AggregateMetadata(BTreeMap<String, String>);

impl AggregateMetadata {
    /// The key under which Nova keeps an aggregate's availability zone.
    pub const ZONE_KEY: &'static str = "availability_zone";
    /// The most keys.
    pub const MAX_KEYS: usize = 1024;

    /// Checks and wraps the texts.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a key or a value breaks the rules above, or there are more than
    /// [`MAX_KEYS`](Self::MAX_KEYS).
    pub fn new<K, V>(texts: impl IntoIterator<Item = (K, V)>) -> Result<Self>
    where
        K: Into<String>,
        V: Into<String>,
    {
        let texts = texts
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        Self::try_from(texts.collect::<BTreeMap<String, String>>())
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether an aggregate can have this key, with this value. A store need not look for others.
    #[cfg_attr(
        not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
        expect(
            dead_code,
            reason = "only a database is asked for texts that it may not take"
        )
    )]
    pub(crate) fn may_hold(key: &str, value: Option<&str>) -> bool {
        check_label("aggregate metadata key", key, 1).is_ok()
            && value.is_none_or(|value| check_label("aggregate metadata value", value, 0).is_ok())
    }

    /// Keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<BTreeMap<String, String>> for AggregateMetadata {
    type Error = Error;

    fn try_from(texts: BTreeMap<String, String>) -> Result<Self> {
        if texts.len() > Self::MAX_KEYS {
            let reason = format!("it has more than {} keys", Self::MAX_KEYS);
            return Err(Error::invalid("aggregate metadata", reason));
        }
        for (key, value) in &texts {
            check_label("aggregate metadata key", key, 1)?;
            check_label("aggregate metadata value", value, 0)?;
            if key == Self::ZONE_KEY {
                let reason = "the availability zone is a field of the aggregate";
                return Err(Error::invalid("aggregate metadata key", reason));
            }
        }
        Ok(Self(texts))
    }
}

impl From<AggregateMetadata> for BTreeMap<String, String> {
    fn from(metadata: AggregateMetadata) -> Self {
        metadata.0
    }
}

/// A set of hosts that have something in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Aggregate {
    /// Its id.
    pub id: AggregateId,
    /// Its name, which no other aggregate has.
    pub name: AggregateName,
    /// The availability zone that its hosts are in (Nova's metadata key `availability_zone`).
    /// A host is in at most one zone, by whichever aggregates.
    pub availability_zone: Option<ZoneName>,
    /// What filters look for.
    pub metadata: AggregateMetadata,
    /// Its hosts.
    pub hosts: BTreeSet<HostName>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When name, zone or metadata were last written.
    pub updated_at: Timestamp,
    /// How often name, zone and metadata were written. Hosts come and go without it.
    pub generation: Generation,
}

impl Aggregate {
    /// A new aggregate, without zone, metadata or hosts.
    pub fn new(id: AggregateId, name: AggregateName, now: Timestamp) -> Self {
        Self {
            id,
            name,
            availability_zone: None,
            metadata: AggregateMetadata::default(),
            hosts: BTreeSet::new(),
            created_at: now,
            updated_at: now,
            generation: Generation::FIRST,
        }
    }

    /// The value of a metadata key as Nova's filters see it: the availability zone counts as the
    /// key [`AggregateMetadata::ZONE_KEY`].
    pub fn property(&self, key: &str) -> Option<&str> {
        if key == AggregateMetadata::ZONE_KEY {
            return self.availability_zone.as_ref().map(ZoneName::as_str);
        }
        self.metadata.get(key)
    }

    /// All metadata as Nova's filters see them, the availability zone among them.
    pub fn properties(&self) -> BTreeMap<&str, &str> {
        let zone = self
            .availability_zone
            .as_ref()
            .map(|zone| (AggregateMetadata::ZONE_KEY, zone.as_str()));
        self.metadata.iter().chain(zone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Env, ManualClock};

    #[test]
    fn bad_names_and_metadata_are_refused() {
        for bad in ["", " a", "a ", "a\0", "a\n", &"\u{e4}".repeat(256)] {
            assert!(AggregateName::new(bad).is_err(), "{bad:?} passed as a name");
            assert!(
                AggregateMetadata::new([(bad, "value")]).is_err(),
                "{bad:?} passed as a key"
            );
        }
        for bad in [" a", "a ", "\0", "a\nb", &"x".repeat(256)] {
            assert!(
                AggregateMetadata::new([("key", bad)]).is_err(),
                "{bad:?} passed as a value"
            );
        }
        let long = "\u{1f980}".repeat(255);
        assert!(AggregateName::new(&*long).is_ok());
        assert!(AggregateMetadata::new([(&*long, &*long), ("empty", "")]).is_ok());
        assert!(AggregateMetadata::new((0..1025).map(|n| (n.to_string(), ""))).is_err());
        let json = r#"{"availability_zone": "east"}"#;
        assert!(serde_json::from_str::<AggregateMetadata>(json).is_err());
    }

    #[test]
    fn the_zone_is_seen_as_metadata() {
        let env = Env::with_clock(1, ManualClock::new(Timestamp::EPOCH));
        let id = AggregateId::generate(&env);
        let mut aggregate = Aggregate::new(id, "fast".parse().unwrap(), env.now());
        assert_eq!(aggregate.property("availability_zone"), None);
        assert!(aggregate.properties().is_empty());
        aggregate.availability_zone = Some("east".parse().unwrap());
        aggregate.metadata = AggregateMetadata::new([("ssd", "true")]).unwrap();
        assert_eq!(aggregate.property("availability_zone"), Some("east"));
        assert_eq!(aggregate.property("ssd"), Some("true"));
        assert_eq!(aggregate.property("SSD"), None);
        assert_eq!(aggregate.properties().len(), 2);
    }
}

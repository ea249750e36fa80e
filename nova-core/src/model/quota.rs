//! How much a project may use.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::text_enum::text_enum;

text_enum! {
    /// What a project's use is limited of, by the names of Nova's quotas.
    #[non_exhaustive]
    pub enum QuotaResource: "quota resource" {
        /// Servers.
        Instances = "instances",
        /// Virtual processors of servers.
        Cores = "cores",
        /// Memory of servers in MiB.
        Ram = "ram",
        /// Server groups.
        ServerGroups = "server_groups",
    }
}

/// The most that a project may use of something.
///
/// Serialised as Nova writes it: a number, -1 for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct QuotaLimit(Option<u64>);

impl QuotaLimit {
    /// No limit.
    pub const UNLIMITED: Self = Self(None);

    /// So many units and no more. Zero forbids all use.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is above 2^63 - 2: stores keep the number after that for no limit.
    pub fn at_most(units: u64) -> Result<Self> {
        match i64::try_from(units) {
            Ok(number) if number < i64::MAX => Ok(Self(Some(units))),
            _ => Err(Error::invalid("quota limit", "it is above 2^63 - 2")),
        }
    }

    /// The number of units; `None` for no limit.
    pub const fn get(self) -> Option<u64> {
        self.0
    }

    /// How many more may be used; `None` for no limit.
    pub fn left(self, used: u64) -> Option<u64> {
        self.0.map(|limit| limit.saturating_sub(used))
    }
}

impl fmt::Display for QuotaLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(limit) => limit.fmt(f),
            None => f.pad("unlimited"),
        }
    }
}

impl TryFrom<i64> for QuotaLimit {
    type Error = Error;

    fn try_from(number: i64) -> Result<Self> {
        match number {
            -1 => Ok(Self::UNLIMITED),
            _ => match u64::try_from(number) {
                Ok(units) => Self::at_most(units),
                Err(_) => Err(Error::invalid(
                    "quota limit",
                    "it is negative, and not -1 for unlimited",
                )),
            },
        }
    }
}

impl From<QuotaLimit> for i64 {
    fn from(limit: QuotaLimit) -> Self {
        limit.0.map_or(-1, u64::cast_signed)
    }
}

/// Whose limit is set.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaScope {
    /// Every project's that has none of its own.
    Default,
    /// This project's.
    Project(ProjectId),
}

/// What a project may use of something, and uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Of what.
    pub resource: QuotaResource,
    /// The limit that holds: the project's own, else the default, else none.
    pub limit: QuotaLimit,
    /// Whether the limit is the project's own.
    pub own: bool,
    /// How much is used.
    pub used: u64,
}

/// Amounts that are charged to a project. What is not there stands for zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuotaCharge(BTreeMap<QuotaResource, u64>);

impl QuotaCharge {
    /// Nothing.
    pub const fn none() -> Self {
        Self(BTreeMap::new())
    }

    /// The amount of a resource.
    pub fn get(&self, resource: QuotaResource) -> u64 {
        self.0.get(&resource).copied().unwrap_or(0)
    }

    /// The same with so many more units of a resource; sums stay at the largest number there is.
    #[must_use]
    pub fn plus(mut self, resource: QuotaResource, units: u64) -> Self {
        let sum = self.get(resource).saturating_add(units);
        if sum > 0 {
            self.0.insert(resource, sum);
        }
        self
    }

    /// Adds the other amounts.
    pub fn add(&mut self, other: &Self) {
        for (resource, units) in other.iter() {
            *self = std::mem::take(self).plus(resource, units);
        }
    }

    /// By how much this is more than the other, resource by resource.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Self {
        let more = self
            .iter()
            .map(|(resource, units)| (resource, units.saturating_sub(other.get(resource))));
        Self(more.filter(|(_, units)| *units > 0).collect())
    }

    /// The resources and their amounts, in the order of [`QuotaResource`].
    pub fn iter(&self) -> impl Iterator<Item = (QuotaResource, u64)> {
        self.0.iter().map(|(resource, units)| (*resource, *units))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_written_as_nova_does() {
        assert_eq!(i64::from(QuotaLimit::UNLIMITED), -1);
        let ten = QuotaLimit::at_most(10).unwrap();
        assert_eq!(serde_json::to_string(&ten).unwrap(), "10");
        assert_eq!(
            serde_json::from_str::<QuotaLimit>("-1").unwrap(),
            QuotaLimit::UNLIMITED
        );
        assert!(serde_json::from_str::<QuotaLimit>("-2").is_err());
        assert!(QuotaLimit::at_most(u64::MAX).is_err());
        assert!(QuotaLimit::at_most(i64::MAX as u64).is_err());
        assert!(QuotaLimit::try_from(i64::MAX).is_err());
        assert_eq!((ten.left(4), ten.left(11)), (Some(6), Some(0)));
    }

    #[test]
    fn charges_add_and_subtract_by_resource() {
        let one = QuotaCharge::none()
            .plus(QuotaResource::Cores, 4)
            .plus(QuotaResource::Ram, 8);
        let two = QuotaCharge::none().plus(QuotaResource::Cores, 6);
        assert_eq!(
            two.beyond(&one),
            QuotaCharge::none().plus(QuotaResource::Cores, 2)
        );
        assert_eq!(
            one.beyond(&two),
            QuotaCharge::none().plus(QuotaResource::Ram, 8)
        );
        let mut sum = one.clone();
        sum.add(&two);
        assert_eq!(sum.get(QuotaResource::Cores), 10);
        assert!(QuotaCharge::none().plus(QuotaResource::Cores, 0).is_empty());
    }
}

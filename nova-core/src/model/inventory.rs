//! How much of a resource a host offers.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// What a host offers of one class of resource.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Inventory {
    total: u64,
    reserved: u64,
    allocation_ratio: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    total: u64,
    reserved: u64,
    allocation_ratio: f64,
}

impl Inventory {
    /// The most units a total may have: what every database's signed integer column can hold,
    /// and every `f64` can hold exactly.
    pub const MAX_TOTAL: u64 = 1 << 53;

    /// `total` units, of which the host keeps `reserved` for itself, lent out `allocation_ratio`
    /// times over.
    ///
    /// # Errors
    /// [`Error::Invalid`] if more is reserved than there is, the ratio is not a positive number,
    /// or total or capacity is above [`MAX_TOTAL`](Self::MAX_TOTAL).
    pub fn new(total: u64, reserved: u64, allocation_ratio: f64) -> Result<Self> {
        if reserved > total {
            return Err(Error::invalid(
                "inventory",
                "more is reserved than there is",
            ));
        }
        if !(allocation_ratio.is_finite() && allocation_ratio > 0.0) {
            return Err(Error::invalid(
                "allocation ratio",
                "it is not a positive number",
            ));
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "compared with a bound far below the loss"
        )]
        let too_large = total > Self::MAX_TOTAL
            || (total - reserved) as f64 * allocation_ratio > Self::MAX_TOTAL as f64;
        if too_large {
            return Err(Error::invalid("inventory", "it is larger than 2^53 units"));
        }
        Ok(Self {
            total,
            reserved,
            allocation_ratio,
        })
    }

    /// How many units there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many of them the host keeps for itself.
    pub fn reserved(&self) -> u64 {
        self.reserved
    }

    /// How many times over the rest is lent out.
    pub fn allocation_ratio(&self) -> f64 {
        self.allocation_ratio
    }

    /// How many units may be claimed altogether: (total − reserved) × ratio, rounded down, as
    /// OpenStack Placement reckons it.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the constructor keeps the product within 0 ..= 2^53, where f64 is exact"
    )]
    pub fn capacity(&self) -> u64 {
        ((self.total - self.reserved) as f64 * self.allocation_ratio).floor() as u64
    }
}

impl TryFrom<Raw> for Inventory {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.total, raw.reserved, raw.allocation_ratio)
    }
}

impl From<Inventory> for Raw {
    fn from(inventory: Inventory) -> Self {
        Self {
            total: inventory.total,
            reserved: inventory.reserved,
            allocation_ratio: inventory.allocation_ratio,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacity_is_rounded_down() {
        assert_eq!(Inventory::new(8, 0, 4.0).unwrap().capacity(), 32);
        assert_eq!(Inventory::new(10, 1, 1.5).unwrap().capacity(), 13);
        assert_eq!(Inventory::new(4, 4, 16.0).unwrap().capacity(), 0);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Inventory::new(1, 2, 1.0).is_err());
        for ratio in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Inventory::new(1, 0, ratio).is_err(), "{ratio} passed");
        }
        assert!(Inventory::new(u64::MAX, 0, 1.0).is_err());
        assert!(Inventory::new(1 << 52, 0, 16.0).is_err());
        let json = r#"{"total": 1, "reserved": 2, "allocation_ratio": 1.0}"#;
        assert!(serde_json::from_str::<Inventory>(json).is_err());
    }
}

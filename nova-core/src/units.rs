//! Sizes with their unit in the type.
//!
//! Nova counts memory in MiB and disks in GiB; hypervisors count bytes. A bare integer that
//! crosses that border is how a 2 GiB server gets 2 MiB, so the unit travels with the number.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $bytes:expr, $suffix:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(0);

            /// So many units.
            pub const fn new(count: u64) -> Self {
                Self(count)
            }

            /// The number of units.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// Whether it is zero.
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// The same size in bytes.
            ///
            /// # Errors
            /// [`Error::Invalid`] if it does not fit into 64 bits.
            pub fn to_bytes(self) -> Result<Bytes> {
                self.0.checked_mul($bytes).map(Bytes).ok_or_else(|| {
                    Error::invalid("size", format!("{self} is more than 64 bits of bytes can say"))
                })
            }

            /// The sum, or `None` on overflow.
            pub const fn checked_add(self, other: Self) -> Option<Self> {
                match self.0.checked_add(other.0) {
                    Some(sum) => Some(Self(sum)),
                    None => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} {}", self.0, $suffix)
            }
        }
    };
}

unit!(
    /// A size in bytes.
    Bytes, 1, "B"
);
unit!(
    /// A size in mebibytes (2^20 bytes): memory, as Nova counts it.
    Mebibytes, 1 << 20, "MiB"
);
unit!(
    /// A size in gibibytes (2^30 bytes): disks, as Nova counts them.
    Gibibytes, 1 << 30, "GiB"
);

impl Bytes {
    /// The smallest whole number of gibibytes that holds these bytes.
    pub const fn ceil_gibibytes(self) -> Gibibytes {
        Gibibytes(self.0.div_ceil(1 << 30))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversion_is_exact_and_refuses_overflow() {
        assert_eq!(Mebibytes::new(3).to_bytes().unwrap(), Bytes::new(3 << 20));
        assert_eq!(Gibibytes::new(2).to_bytes().unwrap(), Bytes::new(2 << 30));
        assert!(Gibibytes::new(u64::MAX).to_bytes().is_err());
        assert_eq!(
            Bytes::new((1 << 30) + 1).ceil_gibibytes(),
            Gibibytes::new(2)
        );
    }
}

//! What a server may ask of its cells.

use std::fmt;
use std::str::FromStr;

use nova_core::model::MemoryPageSize;
use serde::{Deserialize, Serialize};

/// Where the threads of the hypervisor run that emulate devices (`hw:emulator_threads_policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmulatorThreadsPolicy {
    /// On the CPUs of the server.
    Share,
    /// On a CPU of their own, next to those of the server's first cell.
    Isolate,
}

impl EmulatorThreadsPolicy {
    /// The value as it is in an extra spec.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Isolate => "isolate",
        }
    }
}

impl fmt::Display for EmulatorThreadsPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EmulatorThreadsPolicy {
    type Err = nova_core::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "share" => Ok(Self::Share),
            "isolate" => Ok(Self::Isolate),
            _ => Err(nova_core::Error::invalid(
                "hw:emulator_threads_policy",
                "it is neither `share` nor `isolate`",
            )),
        }
    }
}

/// The size of the pages that a cell's memory is asked for in. Serialised it is Nova's number: a
/// size in KiB, -1 for the smallest, -2 for larger ones, and -3 for any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub enum PageSize {
    /// The smallest that the cell has.
    Small,
    /// Larger than the smallest, and the largest that does.
    Large,
    /// The largest that does.
    Any,
    /// So many KiB.
    Kib(u64),
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small => f.write_str("the smallest size"),
            Self::Large => f.write_str("a large size"),
            Self::Any => f.write_str("any size"),
            Self::Kib(size) => write!(f, "{size} KiB"),
        }
    }
}

impl From<MemoryPageSize> for PageSize {
    fn from(size: MemoryPageSize) -> Self {
        match size {
            MemoryPageSize::Small => Self::Small,
            MemoryPageSize::Large => Self::Large,
            MemoryPageSize::Any => Self::Any,
            MemoryPageSize::Kibibytes(count) => Self::Kib(count),
        }
    }
}

/// A number is no size of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no size of pages: it is a number of KiB, or -1, -2 or -3")]
pub struct PageSizeError(i64);

impl TryFrom<i64> for PageSize {
    type Error = PageSizeError;

    fn try_from(number: i64) -> Result<Self, PageSizeError> {
        match number {
            -1 => Ok(Self::Small),
            -2 => Ok(Self::Large),
            -3 => Ok(Self::Any),
            _ => match u64::try_from(number) {
                Ok(size) if size > 0 => Ok(Self::Kib(size)),
                _ => Err(PageSizeError(number)),
            },
        }
    }
}

impl From<PageSize> for i64 {
    fn from(size: PageSize) -> Self {
        match size {
            PageSize::Small => -1,
            PageSize::Large => -2,
            PageSize::Any => -3,
            PageSize::Kib(size) => super::cell::signed(size),
        }
    }
}

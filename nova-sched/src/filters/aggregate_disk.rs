//! Enough disk, by the ratios of aggregates.

use nova_core::model::ResourceClass;

use super::aggregate_capacity::{self, aggregate_capacity_filter};
use super::{Filter, Stage};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::Verdict;

aggregate_capacity_filter!(
    AggregateDiskFilter,
    DiskFilter,
    ResourceClass::DiskGb,
    "disk_allocation_ratio"
);

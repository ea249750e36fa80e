//! The plan as a value.

use nova_core::model::Resources;
use serde::{Deserialize, Serialize};

use super::{Placement, PlanDiff};
use crate::error::NoValidHost;
use crate::explain::Explanation;
use crate::request::PlacementRequest;

/// What a scheduler proposes: a host and alternates for each server, or none and the reasons.
///
/// It is a plain value: it can be compared, stored and sent. It names the generation of the fleet
/// that it was made from, so that whoever commits it can tell how old it is.
///
/// ```
/// use nova_core::model::{ResourceClass, Resources};
/// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
///
/// let fleet = Fleet::builder().host(HostState::new("node-1".parse()?, "az1".parse()?)).build();
/// let one_vcpu = PlacementRequest::new(Resources::new().with(ResourceClass::Vcpu, 1));
/// let plan = Scheduler::default().plan(&fleet, &one_vcpu);
///
/// let no_host = plan.into_result().unwrap_err();
/// assert_eq!(no_host.to_string(), "no valid host was found: CoreFilter refused the only host");
/// println!("{}", no_host.explanation());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan {
    record: Explanation,
}

impl Plan {
    pub(super) fn new(record: Explanation) -> Self {
        Self { record }
    }

    /// Whether every server has a host, or, where as many as fit will do, any has.
    pub fn is_placed(&self) -> bool {
        self.record.is_placed()
    }

    /// A host for each server, or for those that fit; empty if
    /// [not enough](PlacementRequest::least) of them could be placed.
    pub fn placements(&self) -> &[Placement] {
        &self.record.placements
    }

    /// What each server holds on its host.
    pub fn resources(&self) -> &Resources {
        self.record.request.resources()
    }

    /// What was asked for.
    pub fn request(&self) -> &PlacementRequest {
        &self.record.request
    }

    /// The generation of the fleet that it was made from.
    pub fn generation(&self) -> u64 {
        self.record.generation
    }

    /// Why it came out so: data, and readable text through `Display`.
    ///
    /// How much there is depends on the [`Detail`](crate::Detail) that was asked for.
    pub fn explain(&self) -> &Explanation {
        &self.record
    }

    /// What is otherwise in another plan: its decisions, not the reasons for them.
    pub fn diff(&self, other: &Self) -> PlanDiff {
        PlanDiff::between(self, other)
    }

    /// The placements, or the error that says why there are none.
    ///
    /// # Errors
    /// [`NoValidHost`] if not [enough](PlacementRequest::least) servers could be placed.
    pub fn into_result(self) -> Result<Vec<Placement>, NoValidHost> {
        if self.is_placed() {
            Ok(self.record.placements)
        } else {
            Err(NoValidHost::new(self.record))
        }
    }
}

//! Traits that a host must have, or must not.

use std::collections::BTreeSet;

use nova_core::model::HostTrait;

use super::{Filter, Stage, profiles};
use crate::candidates::Candidates;
use crate::fleet::{Column, Fleet, HostView};
use crate::request::{GroupKey, PlacementRequest};
use crate::verdict::{Reason, Verdict};

/// Passes hosts that have every trait that is required, and none that is forbidden, as Nova asks
/// it of OpenStack Placement.
///
/// Traits come from the extra specs `trait:NAME` and those of numbered groups (`trait1:NAME`),
/// with the value `required` or `forbidden` (others are passed over, as in Nova), from the image,
/// and from the request itself. A host is one provider: what any group requires or forbids, the
/// host must have or lack.
///
/// An extra spec whose name can be no trait's refuses every host as [`Reason::Malformed`].
/// (Placement refuses the whole request.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TraitsFilter;

impl Filter for TraitsFilter {
    fn name(&self) -> &str {
        "TraitsFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match Wanted::of(request) {
            Ok(wanted) => wanted.verdict(host.traits()),
            Err(reason) => Verdict::Reject(reason),
        }
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn stage(&self) -> Stage {
        Stage::Placement
    }

    fn told_apart_by<'a>(
        &self,
        _request: &PlacementRequest,
        fleet: &'a Fleet,
    ) -> Option<&'a Column<u32>> {
        Some(fleet.profile_numbers())
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        match Wanted::of(request) {
            Ok(wanted) if wanted.is_empty() => {}
            Ok(wanted) => profiles::retain(fleet, candidates, |profile| {
                wanted.verdict(&profile.traits).is_pass()
            }),
            Err(_) => candidates.clear(),
        }
    }
}

struct Wanted {
    required: BTreeSet<HostTrait>,
    forbidden: BTreeSet<HostTrait>,
}

impl Wanted {
    fn of(request: &PlacementRequest) -> Result<Self, Reason> {
        let mut wanted = Self {
            required: request.required_traits().clone(),
            forbidden: request.forbidden_traits().clone(),
        };
        if let Some(image) = request.image() {
            wanted
                .required
                .extend(image.required_traits.iter().cloned());
            wanted
                .forbidden
                .extend(image.forbidden_traits.iter().cloned());
        }
        for (key, value) in request.extra_specs() {
            let Some(GroupKey::Trait { name, .. }) = GroupKey::read(key) else {
                continue;
            };
            let traits = match value.as_str() {
                "required" => &mut wanted.required,
                "forbidden" => &mut wanted.forbidden,
                _ => continue,
            };
            let name: HostTrait = name.parse().map_err(|_| Reason::Malformed {
                key: key.clone(),
                wanted: value.clone(),
                problem: "it names no trait".to_owned(),
            })?;
            traits.insert(name);
        }
        Ok(wanted)
    }

    fn is_empty(&self) -> bool {
        self.required.is_empty() && self.forbidden.is_empty()
    }

    fn verdict(&self, traits: &BTreeSet<HostTrait>) -> Verdict {
        if let Some(name) = self.required.difference(traits).next() {
            return Verdict::Reject(Reason::MissingTrait { name: name.clone() });
        }
        match self.forbidden.intersection(traits).next() {
            Some(name) => Verdict::Reject(Reason::ForbiddenTrait { name: name.clone() }),
            None => Verdict::Pass,
        }
    }
}

//! What removes the reason for which a filter refuses a host.

use std::num::NonZeroU32;

use nova_core::model::ServerGroupPolicy;

use super::Change;
use crate::filters::Filter;
use crate::fleet::{Fleet, HostIndex, HostView};
use crate::request::{Destination, PlacementRequest};
use crate::verdict::{Reason, Verdict};

/// What removes a reason.
pub(super) enum Relief {
    /// These changes.
    Changes(Vec<Change>),
    /// Nothing that the request or the host could change.
    Nothing,
    /// It does not say: the parts of the request are left away one after another, to see which the
    /// filter refuses the host for.
    Unknown,
}

/// What a reason itself says of its relief.
pub(super) fn relief(reason: &Reason, request: &PlacementRequest, host: &HostView<'_>) -> Relief {
    let name = || host.name().clone();
    let change = match reason {
        // By what the filter saw: aggregates may lend more or less than the host itself.
        Reason::InsufficientResource {
            class,
            wanted,
            free,
            capacity,
        }
        | Reason::AboveMaxUnit {
            class,
            wanted,
            free,
            capacity,
            ..
        } => {
            let amounts = host.amounts(class);
            let fits = (*free).min(amounts.max_unit());
            let largest = (*capacity).min(amounts.max_unit());
            let lower = |to| Change::LowerResource {
                class: class.clone(),
                from: *wanted,
                to,
            };
            if fits > 0 && fits < *wanted {
                lower(fits)
            } else if largest == 0 {
                // The host does not offer the class: it can only be left away.
                if matches!(class.as_str(), "VCPU" | "MEMORY_MB") {
                    return Relief::Nothing;
                }
                lower(0)
            } else {
                let to = largest.min(*wanted);
                let amount = amounts.used.saturating_add(to).saturating_sub(*capacity);
                let free = Change::FreeResource {
                    host: name(),
                    class: class.clone(),
                    amount,
                };
                if to < *wanted {
                    return Relief::Changes(vec![lower(to), free]);
                }
                free
            }
        }
        Reason::WrongZone { wanted, actual } => Change::OtherZone {
            from: wanted.clone(),
            to: actual.clone(),
        },
        Reason::HostDisabled { .. } => Change::EnableHost { host: name() },
        Reason::HostDown { .. } => Change::BringUpHost { host: name() },
        Reason::CapabilityMismatch { key, .. } | Reason::Malformed { key, .. }
            if request.extra_specs().contains_key(key) =>
        {
            Change::DropCapability { key: key.clone() }
        }
        Reason::Malformed { key, .. } if request.hints().contains_key(key) => {
            Change::DropHint { name: key.clone() }
        }
        _ => return Relief::Unknown,
    };
    Relief::Changes(vec![change])
}

/// Which part of the request a filter refuses a host for: the smallest change after which it does
/// not, or else after which it gives another reason.
pub(super) fn search(
    filter: &dyn Filter,
    reason: &Reason,
    request: &PlacementRequest,
    fleet: &Fleet,
    host: HostIndex,
) -> Option<Change> {
    let mut other_reason = None;
    let view = fleet.host(host);
    for change in parts(request, &view) {
        let (changed, _) = change.apply(request, fleet);
        match filter.check(&changed, &view) {
            Verdict::Pass => return Some(change),
            Verdict::Reject(other) if !other.is_like(reason) => {
                other_reason.get_or_insert(change);
            }
            Verdict::Reject(_) => {}
        }
    }
    other_reason
}

/// Every part of a request that could be left away or eased, the smaller changes first.
fn parts(request: &PlacementRequest, host: &HostView<'_>) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    changes.extend(more_per_host(request, host));
    if request.tried_hosts().contains(host.service_host()) {
        changes.push(Change::TryAgain {
            host: host.service_host().clone(),
        });
    }
    let hint = |name: &String| Change::DropHint { name: name.clone() };
    changes.extend(request.hints().keys().map(hint));
    let spec = |key: &String| Change::DropCapability { key: key.clone() };
    changes.extend(request.extra_specs().keys().map(spec));
    let properties = request.image().map(|image| &image.properties);
    let property = |name: &String| Change::DropImageProperty { name: name.clone() };
    changes.extend(
        properties
            .into_iter()
            .flat_map(|map| map.keys())
            .map(property),
    );
    let traits = request.required_traits().union(request.forbidden_traits());
    changes.extend(traits.map(|name| Change::DropTrait { name: name.clone() }));
    let any = request.member_of().iter();
    changes.extend(any.map(|any| Change::DropMemberOf { any: any.clone() }));
    let excluded = request.not_member_of().iter();
    changes.extend(excluded.map(|aggregate| Change::AllowAggregate {
        aggregate: *aggregate,
    }));
    if let Some(node) = request.in_tree() {
        changes.push(Change::DropInTree { node: node.clone() });
    }
    if request.group().is_some() {
        changes.push(Change::LeaveGroup);
    }
    if request.destination().is_some() {
        changes.push(Change::DropDestination);
    }
    changes.sort_by(|one, other| one.magnitude().total_cmp(&other.magnitude()));
    changes
}

/// Room for one more member of an anti-affinity group than there are on the host.
fn more_per_host(request: &PlacementRequest, host: &HostView<'_>) -> Option<Change> {
    let group = request.group()?;
    if group.rules.policy() != ServerGroupPolicy::AntiAffinity {
        return None;
    }
    let here = host.service_host();
    let fleet = host.fleet();
    let is_here = |member: &&_| match fleet.host_of(member) {
        Some(_) => fleet.serves(here, member),
        None => group.places.get(*member) == Some(here),
    };
    let members = group.members.iter().filter(is_here).count();
    let from = group.rules.max_server_per_host().unwrap_or(NonZeroU32::MIN);
    let to = u32::try_from(members).ok()?.checked_add(1)?;
    let to = NonZeroU32::new(to).filter(|to| *to > from)?;
    Some(Change::RaiseMaxPerHost { from, to })
}

/// What the lists of the request call for. Filters know nothing of them.
pub(super) fn lists(request: &PlacementRequest, host: &HostView<'_>) -> Vec<Change> {
    let mut changes = Vec::new();
    let service = host.service_host();
    if let Some(Destination {
        host: Some(wanted),
        node,
        ..
    }) = request.destination()
        && (service != wanted || node.as_ref().is_some_and(|node| node != host.name()))
    {
        changes.push(Change::DropDestination);
    }
    if request.ignores(service) {
        changes.push(Change::StopIgnoring {
            host: service.clone(),
        });
    }
    if !request.allows(service) {
        changes.push(Change::ForceOtherHost {
            host: service.clone(),
        });
    }
    if !request.force_nodes().is_empty() && !request.force_nodes().contains(host.name()) {
        changes.push(Change::ForceOtherNode {
            node: host.name().clone(),
        });
    }
    changes
}

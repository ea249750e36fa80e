//! Hosts whose aggregates are what extra specs ask for.

use super::Filter;
use super::aggregate_metadata::{Holders, joined, words};
use super::extra_spec_operators::{OperatorError, Wish};
use crate::candidates::Candidates;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts whose aggregates have what the extra specs ask for, as Nova's filter of this name
/// does.
///
/// It looks at extra specs `aggregate_instance_extra_specs:KEY` and at those without any scope.
/// The values that the host's aggregates have for the key are united and split at commas; one of
/// them must be what is asked for, by the operators of
/// [`matches_extra_spec`](super::matches_extra_spec). A host whose aggregates lack the key is
/// refused, so that a host without aggregates only takes servers without such extra specs.
///
/// Where no value is what is asked for, and one cannot be compared, the host is refused as
/// [`Reason::Malformed`]. (Nova compares in no certain order, and may raise though a value would
/// have done.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AggregateInstanceExtraSpecsFilter;

const SCOPE: &str = "aggregate_instance_extra_specs:";

impl Filter for AggregateInstanceExtraSpecsFilter {
    fn name(&self) -> &str {
        "AggregateInstanceExtraSpecsFilter"
    }

    fn ignores_servers(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        for (spec, key, wanted) in specs(request) {
            let wish = Wish::new(wanted);
            let mut problem: Option<OperatorError> = None;
            let mut values = host.aggregate_values(key).flat_map(words);
            let fits = values.any(|value| {
                wish.holds(value).unwrap_or_else(|error| {
                    problem.get_or_insert(error);
                    false
                })
            });
            if fits {
                continue;
            }
            return Verdict::Reject(match problem {
                Some(problem) => Reason::Malformed {
                    key: spec.to_owned(),
                    wanted: wanted.to_owned(),
                    problem: problem.to_string(),
                },
                None => Reason::AggregateMismatch {
                    key: key.to_owned(),
                    wanted: wanted.to_owned(),
                    actual: joined(host, key),
                },
            });
        }
        Verdict::Pass
    }

    fn run_once_per_request(&self) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        for (_, key, wanted) in specs(request) {
            let wish = Wish::new(wanted);
            let fits = |value: &str| words(value).any(|word| matches!(wish.holds(word), Ok(true)));
            candidates.intersect(&Holders::of(fleet, [key], fits).fitting);
        }
    }
}

/// The extra specs that it looks at: as they are written, without the scope, and their values.
fn specs(request: &PlacementRequest) -> impl Iterator<Item = (&str, &str, &str)> {
    request.extra_specs().iter().filter_map(|(spec, wanted)| {
        let key = match spec.strip_prefix(SCOPE) {
            Some(key) => key,
            None if spec.contains(':') => return None,
            None => spec,
        };
        Some((spec.as_str(), key, wanted.as_str()))
    })
}

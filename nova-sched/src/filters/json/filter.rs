//! The filter itself.

use super::query::Query;
use crate::candidates::Candidates;
use crate::filters::Filter;
use crate::fleet::{Fleet, HostView};
use crate::request::PlacementRequest;
use crate::verdict::{Reason, Verdict};

/// Passes hosts of which the query of the request is true, as Nova's filter of this name does.
///
/// The query is the hint `query`, a text in JSON: a list of an operator and its arguments, which
/// may be lists of the same kind. A text `$name` stands for an attribute of Nova's host state
/// (`$free_ram_mb`, `$num_instances`, `$hypervisor_type`, …), and `$name.key` for the entry of
/// one that is a map (`$stats.gpu`, `$service.disabled`).
///
/// | Operator | True if |
/// |---|---|
/// | `=` `<` `>` `<=` `>=` | the first of at least two arguments compares so with each other one |
/// | `in` | the first argument is among the others |
/// | `and` `or` | all, any of the arguments are true |
/// | `not` | any argument is false; inside of `and`, `or` and `not`: always, if there is an argument |
///
/// The last one is how Nova reckons it: it makes a list of `not`, and a list counts as true. An
/// empty query or list is true. An argument without a value (an unknown name, an attribute that
/// is null, empty text) is left out. `$host_ip` is an object in Nova, which equals no text.
///
/// Where the query is none, is longer than 64 KiB or nested deeper than 127 lists, has an unknown
/// operator, compares what does not compare, or looks for an entry in what is no map, the host is
/// refused as [`Reason::Malformed`]; Nova raises (at its own limits, where a query is long or deep).
///
/// ```
/// use nova_core::model::{Inventory, Resources, ResourceClass};
/// use nova_sched::filters::JsonFilter;
/// use nova_sched::{Filter, Fleet, HostState, PlacementRequest};
///
/// let host = HostState::new("node-1".parse()?, "az1".parse()?)
///     .with_inventory(ResourceClass::MemoryMb, Inventory::new(8192, 0, 1.0)?);
/// let fleet = Fleet::builder().host(host).build();
/// let is_true = |query: &str| {
///     let request = PlacementRequest::new(Resources::new()).with_hint("query", [query]);
///     fleet.hosts().all(|host| JsonFilter.check(&request, &host).is_pass())
/// };
/// assert!(is_true(r#"["and", [">=", "$free_ram_mb", 4096], ["<", "$num_instances", 10]]"#));
/// assert!(!is_true(r#"[">", "$free_ram_mb", 8192]"#));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonFilter;

const HINT: &str = "query";

impl JsonFilter {
    /// The longest query. It is asked of every host.
    pub const MAX_QUERY_BYTES: usize = 65_536;
}

impl Filter for JsonFilter {
    fn name(&self) -> &str {
        "JsonFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        self.prepared(request)(host)
    }

    fn prepared<'a>(
        &'a self,
        request: &'a PlacementRequest,
    ) -> Box<dyn Fn(&HostView<'_>) -> Verdict + 'a> {
        let query = query(request);
        Box::new(move |host| {
            let query = query.as_ref().map_err(Clone::clone);
            match query.and_then(|query| query.is_true_of(host)) {
                Ok(true) => Verdict::Pass,
                Ok(false) => Verdict::Reject(Reason::QueryFalse),
                Err(problem) => Verdict::Reject(Reason::Malformed {
                    key: HINT.to_owned(),
                    wanted: request.hint(HINT).join(", "),
                    problem,
                }),
            }
        })
    }

    fn is_local(&self, _request: &PlacementRequest) -> bool {
        true
    }

    fn sweep(&self, request: &PlacementRequest, fleet: &Fleet, candidates: &mut Candidates) {
        match query(request) {
            Ok(Query::Always) => {}
            Ok(query) => {
                candidates.retain(|host| query.is_true_of(&fleet.host(host)) == Ok(true));
            }
            Err(_) => candidates.clear(),
        }
    }
}

/// The query of a request, or what is wrong with it.
fn query(request: &PlacementRequest) -> Result<Query, String> {
    match request.hint(HINT) {
        [] => Ok(Query::Always),
        [text] if text.is_empty() => Ok(Query::Always),
        [text] if text.len() > JsonFilter::MAX_QUERY_BYTES => Err(format!(
            "it is longer than {} bytes",
            JsonFilter::MAX_QUERY_BYTES
        )),
        [text] => Query::read(text),
        _ => Err("there is more than one".to_owned()),
    }
}

//! The record of a plan: data first, text through `Display`.

use nova_core::id::HostName;
use serde::{Deserialize, Serialize};

use super::{Failure, FilterStep, RankingTable, Shortfall, Suggestion};
use crate::plan::{Detail, Placement};
use crate::request::PlacementRequest;

/// Why a plan came out as it did.
///
/// The fields are for programs; `Display` writes text for people, some lines long.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass, Resources};
/// use nova_sched::{Change, Fleet, HostState, PlacementRequest, Scheduler};
///
/// let node = HostState::new("node-1".parse()?, "az1".parse()?)
///     .with_inventory(ResourceClass::MemoryMb, Inventory::new(4096, 0, 1.0)?)
///     .with_used(ResourceClass::MemoryMb, 1024);
/// let fleet = Fleet::builder().host(node).build();
/// let request = PlacementRequest::new(Resources::new().with(ResourceClass::MemoryMb, 8192));
///
/// let plan = Scheduler::default().plan(&fleet, &request);
/// let why = plan.explain();
/// let ram = why.rounds[0].filters.iter().find(|step| step.filter == "RamFilter").unwrap();
/// assert_eq!((ram.removed, ram.left), (1, 0));
/// assert_eq!(
///     why.suggestion.as_ref().unwrap().changes,
///     [Change::LowerResource { class: ResourceClass::MemoryMb, from: 8192, to: 3072 }],
/// );
/// println!("{why}");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Explanation {
    /// How much was recorded.
    pub detail: Detail,
    /// The generation of the fleet that was read.
    pub generation: u64,
    /// What was asked for.
    pub request: PlacementRequest,
    /// How many hosts the fleet has.
    pub hosts: usize,
    /// For how many of the servers a host was found. All or none are placed, unless the request takes
    /// as many as fit: see `placements`.
    pub fits: u32,
    /// What failed the request as a whole, so that nothing is placed, however much would fit.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// Where each server goes; empty if [not enough](PlacementRequest::least) of them could be
    /// placed.
    pub placements: Vec<Placement>,
    /// How each server was placed, up to the first that could not be: the first
    /// [`MAX_ROUNDS`](Self::MAX_ROUNDS) of them, and the last. Not recorded with
    /// [`Detail::Off`].
    pub rounds: Vec<Round>,
    /// What no host could take even if it were empty. Looked for only if not all servers could be
    /// placed, and with [`Detail::Full`].
    pub shortfalls: Vec<Shortfall>,
    /// The smallest change that would have fitted. Looked for only if not all servers could be
    /// placed, and with [`Detail::Full`].
    pub suggestion: Option<Suggestion>,
}

/// How one server was placed, or was not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Round {
    /// Which of the servers, from 1.
    pub server: u32,
    /// How many hosts it could choose from before the filters: the whole fleet for the first
    /// server, those that passed for the one before for each other.
    pub candidates: usize,
    /// What each filter did, in order.
    pub filters: Vec<FilterStep>,
    /// The filters that were not run because no host was left.
    pub not_reached: Vec<String>,
    /// How the hosts that were left compare; `None` if none was, or with less than
    /// [`Detail::Full`].
    pub ranking: Option<RankingTable>,
    /// The host that it got.
    pub chosen: Option<HostName>,
}

impl Explanation {
    /// How many servers of one request are told about, besides the last.
    pub const MAX_ROUNDS: usize = 100;

    /// Whether every server has a host, or, where as many as fit will do, any has.
    pub fn is_placed(&self) -> bool {
        self.failure.is_none() && self.fits >= self.request.least()
    }

    /// One line: where the servers go, or what stood in the way.
    pub fn summary(&self) -> String {
        let count = self.request.count();
        let hosts = self.hosts;
        if self.is_placed() {
            let mut names: Vec<&HostName> = Vec::new();
            for placement in &self.placements {
                if !names.contains(&&placement.host) {
                    names.push(&placement.host);
                }
            }
            let fits = self.fits;
            return match names.as_slice() {
                [] => "no server was asked for".to_owned(),
                [host] => format!("{fits} of {count} servers on {host}"),
                names => format!("{fits} of {count} servers on {} hosts", names.len()),
            };
        }
        if let Some(failure) = &self.failure {
            return failure.to_string();
        }
        if hosts == 0 {
            return "the fleet has no hosts".to_owned();
        }
        if self.fits > 0 {
            let fits = self.fits;
            return format!("only {fits} of {count} servers would fit");
        }
        let last = self
            .rounds
            .last()
            .and_then(|round| round.filters.iter().rev().find(|step| step.removed > 0));
        match last {
            Some(step) => {
                let (filter, removed) = (&step.filter, step.removed);
                match hosts {
                    1 => format!("{filter} refused the only host"),
                    _ => format!("{filter} refused the last {removed} of {hosts} hosts"),
                }
            }
            None => "no host was left".to_owned(),
        }
    }
}

//! The fleets and requests that laws are checked with.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::broken::{Broken, Found};
use super::shrink::shrink;
use super::{fleet, requests};
use crate::fleet::{Fleet, HostIndex, HostState, HostView, PlacedServer};
use crate::random::SplitMix64;
use crate::request::PlacementRequest;
use crate::scheduler::Scheduler;

/// How many hosts the fleets have that are made: none, few, more than a word of a bit set, and
/// more than a block of a column.
const SIZES: [usize; 9] = [1, 2, 3, 0, 5, 8, 20, 70, 1100];
/// How many requests are made for each.
const REQUESTS: usize = 24;
/// Fleets of more hosts get fewer requests, so that a check takes moments.
const LARGE: usize = 100;
const FEW_REQUESTS: usize = 3;

/// A fleet, and its hosts in other orders.
pub(super) struct Arranged {
    pub(super) fleet: Fleet,
    orders: OnceLock<Orders>,
}

/// One fleet three times.
pub(super) struct Orders {
    /// Made anew from the same hosts in the same order, so that nothing but the order differs.
    pub(super) same: Fleet,
    pub(super) others: [Fleet; 2],
}

impl Arranged {
    pub(super) fn of(fleet: Fleet) -> Self {
        Self {
            fleet,
            orders: OnceLock::new(),
        }
    }

    /// The orders; made when they are first needed.
    pub(super) fn orders(&self) -> &Orders {
        self.orders.get_or_init(|| {
            let hosts: Vec<HostState> = self.fleet.hosts().map(|host| host.to_state()).collect();
            let with = |hosts| {
                let aggregates = self.fleet.aggregates().cloned();
                Fleet::builder().hosts(hosts).aggregates(aggregates).build()
            };
            let (mut reversed, mut shuffled) = (hosts.clone(), hosts.clone());
            reversed.reverse();
            SplitMix64::new(11).shuffle(&mut shuffled);
            Orders {
                same: with(hosts),
                others: [with(reversed), with(shuffled)],
            }
        })
    }
}

/// Of so many hosts each is tried as the one that gets a server: enough to find what depends on
/// it, few enough for fleets of any size.
pub(super) const CLAIMED: usize = 8;

/// The fleet and the request as they are for the next server, after a host took one.
pub(super) fn after_claim(
    fleet: &Fleet,
    request: &PlacementRequest,
    host: HostIndex,
) -> (Fleet, PlacementRequest) {
    let (mut later, mut asked) = (fleet.clone(), request.clone());
    asked.note_group_host(fleet.host(host).service_host());
    let claim = Scheduler::default().hardware_for(request, &fleet.host(host));
    let placed = request.servers().first();
    match placed.filter(|server| fleet.host_of(server).is_none()) {
        Some(id) => {
            let server = PlacedServer::new(*id, request.shape()).with_hardware(claim);
            later.build_at(host, server);
        }
        None => later.claim_at(host, request.resources(), &request.size(), &claim),
    }
    (later, asked)
}

/// Whether two hosts are one, or nodes of one compute service.
pub(super) fn is_node_of(host: &HostView<'_>, other: &HostView<'_>) -> bool {
    host.service_host() == other.service_host()
}

/// A fleet and what is asked of it.
struct Prepared {
    hosts: Arranged,
    requests: Vec<PlacementRequest>,
}

/// The author's own cases, as far as there are any, and a seed for the others.
#[derive(Clone, Default)]
pub(super) struct Cases {
    fleets: Vec<Fleet>,
    requests: Vec<PlacementRequest>,
    seed: u64,
    /// Made when they are first needed, and shared by all that are checked with them.
    prepared: Arc<[OnceLock<Prepared>; SIZES.len()]>,
}

impl Cases {
    pub(super) fn fleet(&mut self, fleet: Fleet) {
        self.fleets.push(fleet);
        self.prepared = Arc::default();
    }

    pub(super) fn request(&mut self, request: PlacementRequest) {
        self.requests.push(request);
        self.prepared = Arc::default();
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.seed = seed;
        self.prepared = Arc::default();
    }

    /// Tries every case until a law is broken on one, and makes that one small.
    pub(super) fn check(
        &self,
        name: &str,
        probe: impl Fn(&Arranged, &PlacementRequest) -> Option<Found>,
    ) -> Result<(), Broken> {
        let broken = self.find(|hosts, request| {
            let found = probe(hosts, request)?;
            Some(shrink(name, &probe, &hosts.fleet, request, found))
        });
        broken.map_or(Ok(()), Err)
    }

    /// Tries every case until one gives something.
    fn find<T>(
        &self,
        mut look: impl FnMut(&Arranged, &PlacementRequest) -> Option<T>,
    ) -> Option<T> {
        let mut look = |case: &Prepared| {
            let mut requests = case.requests.iter();
            requests.find_map(|request| look(&case.hosts, request))
        };
        if self.fleets.is_empty() {
            let mut seeds = SplitMix64::new(self.seed);
            SIZES
                .iter()
                .zip(self.prepared.iter())
                .find_map(|(size, case)| {
                    let (fleet_seed, seed) = (seeds.next(), seeds.next());
                    look(case.get_or_init(|| self.prepare(fleet(*size, fleet_seed), seed)))
                })
        } else {
            let mut fleets = self.fleets.iter();
            fleets.find_map(|fleet| look(&self.prepare(fleet.clone(), self.seed)))
        }
    }

    fn prepare(&self, fleet: Fleet, seed: u64) -> Prepared {
        let requests = match self.requests.as_slice() {
            [] if fleet.len() > LARGE => requests(&fleet, FEW_REQUESTS, seed),
            [] => requests(&fleet, REQUESTS, seed),
            own => own.to_vec(),
        };
        Prepared {
            hosts: Arranged::of(fleet),
            requests,
        }
    }
}

impl fmt::Debug for Cases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cases")
            .field("fleets", &self.fleets)
            .field("requests", &self.requests.len())
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// How the cases are chosen that somebody's own are checked with: the same for all laws.
macro_rules! with_cases {
    ($laws:ident) => {
        impl $laws {
            /// With cases of every kind that are made from seed 0.
            pub fn new() -> Self {
                Self::default()
            }

            /// With this fleet, and others that were given, instead of those that are made.
            #[must_use]
            pub fn fleet(mut self, fleet: Fleet) -> Self {
                self.cases.fleet(fleet);
                self
            }

            /// With this request, and others that were given, instead of those that are made.
            #[must_use]
            pub fn request(mut self, request: PlacementRequest) -> Self {
                self.cases.request(request);
                self
            }

            /// With other cases that are made.
            #[must_use]
            pub fn seed(mut self, seed: u64) -> Self {
                self.cases.seed(seed);
                self
            }
        }
    };
}
pub(super) use with_cases;

//! The list of the cases.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::{
    action_events, actions, aggregate_zones, aggregates, archive, archive_children,
    block_device_writes, block_devices, cells, claim_moves, claim_races, claims, console_tokens,
    faults, flavor_access, flavors, host_lists, hosts, inventories, key_pairs, migration_lists,
    migrations, operation_leases, operation_lists, operations, ports, quotas, server_batches,
    server_filters, server_groups, server_lists, server_purges, server_sorts, servers,
};
use crate::env::Env;
use crate::repository::Store;

type CaseFn = for<'a> fn(&'a Store, &'a Env) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One case of the suite.
#[derive(Clone, Copy)]
pub struct Case {
    name: &'static str,
    check: CaseFn,
}

impl Case {
    pub(super) const fn new(name: &'static str, check: CaseFn) -> Self {
        Self { name, check }
    }

    /// Its module and function, as in `claims::ratio_and_reserve_bound_a_claim`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it.
    ///
    /// # Panics
    /// If the store does not keep the contract.
    pub async fn run(&self, store: &Store, env: &Env) {
        (self.check)(store, env).await;
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

/// Runs every case, one after another, and returns how many there were.
///
/// # Panics
/// If the store does not keep the contract.
pub async fn run(store: &Store, env: &Env) -> usize {
    let cases = all();
    for case in &cases {
        case.run(store, env).await;
    }
    cases.len()
}

/// Every case, those of one module together.
pub fn all() -> Vec<Case> {
    MODULES.concat()
}

const MODULES: &[&[Case]] = &[
    servers::CASES,
    server_batches::CASES,
    server_lists::CASES,
    server_filters::CASES,
    server_sorts::CASES,
    server_purges::CASES,
    flavors::CASES,
    flavor_access::CASES,
    faults::CASES,
    hosts::CASES,
    host_lists::CASES,
    inventories::CASES,
    claims::CASES,
    claim_races::CASES,
    claim_moves::CASES,
    aggregates::CASES,
    aggregate_zones::CASES,
    server_groups::CASES,
    key_pairs::CASES,
    cells::CASES,
    migrations::CASES,
    migration_lists::CASES,
    actions::CASES,
    action_events::CASES,
    operations::CASES,
    operation_lists::CASES,
    operation_leases::CASES,
    block_devices::CASES,
    block_device_writes::CASES,
    ports::CASES,
    console_tokens::CASES,
    quotas::CASES,
    archive::CASES,
    archive_children::CASES,
];

/// The cases of a module, by the names of its functions.
macro_rules! cases {
    ($module:ident { $($case:ident,)* }) => {
        &[$(Case::new(
            concat!(stringify!($module), "::", stringify!($case)),
            |store, env| Box::pin($case(store, env)),
        ),)*]
    };
}
pub(super) use cases;

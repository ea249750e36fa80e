//! Calls about quotas. They are charged by the calls about servers.

use nova_core::env::Timestamp;
use nova_core::model::{QuotaLimit, QuotaResource, QuotaScope};
use nova_core::repository::Store;
use proptest::prelude::*;

use super::fixture::{NUMBERS, few, json, perhaps, project_id, text};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    SetLimit {
        /// The default of all if none.
        project: Option<u8>,
        resource: usize,
        /// -1 for unlimited.
        limit: Option<i64>,
    },
    Of {
        project: u8,
    },
    Recount {
        project: u8,
    },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let limit = prop_oneof![1 => Just(-1), 6 => 0..12_i64, 2 => 0..600_i64];
    prop_oneof![
        3 => (perhaps(), 0..QuotaResource::ALL.len(), prop::option::of(limit))
            .prop_map(|(project, resource, limit)| Call::SetLimit { project, resource, limit }),
        2 => few().prop_map(|project| Call::Of { project }),
        1 => few().prop_map(|project| Call::Recount { project }),
    ]
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, _: Timestamp) -> String {
    let quotas = store.quotas();
    match call {
        Call::SetLimit {
            project,
            resource,
            limit,
        } => {
            let scope = project.map_or(QuotaScope::Default, |number| {
                QuotaScope::Project(project_id(number))
            });
            let limit = limit.map(|limit| QuotaLimit::try_from(limit).unwrap());
            let resource = QuotaResource::ALL[*resource];
            text(quotas.quota_set_limit(&scope, resource, limit).await)
        }
        Call::Of { project } => text(quotas.quotas_of(&project_id(*project)).await),
        Call::Recount { project } => text(quotas.quota_recount(&project_id(*project)).await),
    }
}

/// What the store holds of quotas.
pub async fn contents(store: &Store) -> Vec<String> {
    let quotas = store.quotas();
    let mut all = Vec::new();
    for number in NUMBERS {
        all.push(json(quotas.quotas_of(&project_id(number)).await));
        // Nothing was charged that is not there.
        all.push(text(quotas.quota_recount(&project_id(number)).await));
    }
    all
}

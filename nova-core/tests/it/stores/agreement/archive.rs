//! Calls about the archive.

use nova_core::env::Timestamp;
use nova_core::repository::{PageRequest, Store};
use proptest::prelude::*;

use super::fixture::{
    NUMBERS, few, instant, json, page, page_request, perhaps, project_id, server_id, text, time,
};

/// A call.
#[derive(Debug, Clone)]
pub enum Call {
    Archive {
        before: i64,
        limit: u32,
    },
    Get {
        server: u8,
    },
    List {
        project: Option<u8>,
        page: (u32, Option<u8>),
    },
    Purge {
        before: i64,
        limit: u32,
    },
}

/// Any call.
pub fn call() -> impl Strategy<Value = Call> {
    let batch = || (instant(), 0..3_u32);
    prop_oneof![
        4 => batch().prop_map(|(before, limit)| Call::Archive { before, limit }),
        1 => few().prop_map(|server| Call::Get { server }),
        3 => (perhaps(), page_request()).prop_map(|(project, page)| Call::List { project, page }),
        1 => batch().prop_map(|(before, limit)| Call::Purge { before, limit }),
    ]
}

/// The store's answer, as text.
pub async fn answer(store: &Store, call: &Call, now: Timestamp) -> String {
    let archive = store.archive();
    match call {
        Call::Archive { before, limit } => {
            text(archive.archive_servers(time(*before), now, *limit).await)
        }
        Call::Get { server } => json(archive.archived_get(server_id(*server)).await),
        Call::List {
            project,
            page: request,
        } => {
            let project = project.map(project_id);
            let page = page(request, server_id);
            text(archive.archived_list(project.as_ref(), &page).await)
        }
        Call::Purge { before, limit } => text(archive.archive_purge(time(*before), *limit).await),
    }
}

/// What the store holds of the archive.
pub async fn contents(store: &Store) -> Vec<String> {
    let archive = store.archive();
    let page = PageRequest::largest();
    let mut all = vec![text(archive.archived_list(None, &page).await)];
    for number in NUMBERS {
        all.push(json(archive.archived_get(server_id(number)).await));
    }
    all
}

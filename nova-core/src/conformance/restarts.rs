//! A store that is closed while it is written to, and opened again.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use super::fixture::{fresh, host, server_in, used, vcpus};
use crate::env::Env;
use crate::error::Error;
use crate::id::{HostName, ProjectId, RequestId};
use crate::model::{Claim, ResourceClass, Resources, Server};
use crate::repository::{ServerBatch, Store};

const VCPU: ResourceClass = ResourceClass::Vcpu;
const MEMORY: ResourceClass = ResourceClass::MemoryMb;

/// How many tasks write.
const WRITERS: usize = 8;
/// How many servers each creates at the most.
const EACH: usize = 40;

/// What a writer did: the server, and whether the store said so.
struct Attempt {
    server: Server,
    created: bool,
    released: Option<bool>,
}

/// Closes the store while tasks create servers, claim and release, opens it again, and finds that
/// nothing that was confirmed is lost and nothing is there by half.
///
/// It is not one of [`all`](super::all), as it needs to open the store: `open` is called twice,
/// and must come to what is stored both times. It waits for the first to be closed.
///
/// ```
/// use nova_core::Env;
/// use nova_core::repository::{Store, memory::MemoryStore};
///
/// # #[tokio::main]
/// # async fn main() {
/// let memory = MemoryStore::new();
/// let open = async || Store::new(memory.clone());
/// nova_core::conformance::restarts::a_store_that_is_closed_under_writes_is_whole(open, &Env::system()).await;
/// # }
/// ```
///
/// # Panics
/// If the store does not keep the contract.
pub async fn a_store_that_is_closed_under_writes_is_whole<F>(open: impl Fn() -> F, env: &Env)
where
    F: Future<Output = Store>,
{
    let store = open().await;
    let project: ProjectId = fresh(env, "project");
    let name = host(
        &store,
        env,
        &[(VCPU, 100_000, 0, 1.0), (MEMORY, 100_000, 0, 1.0)],
    )
    .await;

    let confirmed = Arc::new(AtomicUsize::new(0));
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, env) = (store.clone(), env.clone());
        let (project, name) = (project.clone(), name.clone());
        let confirmed = Arc::clone(&confirmed);
        writers.spawn(async move { write(&store, &env, &project, &name, &confirmed).await });
    }
    while confirmed.load(Ordering::Relaxed) < WRITERS * EACH / 4 {
        tokio::task::yield_now().await;
    }
    store.close().await;
    let attempts = writers
        .join_all()
        .await
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    drop(store);

    let store = open().await;
    let mut held = 0;
    for attempt in &attempts {
        held += u64::from(is_whole(&store, attempt, &name).await);
    }
    assert!(held > 0, "everything was released or lost");
    let expected = (vcpus(2 * held).with(MEMORY, 64 * held), held);
    assert_eq!(used(&store, &name).await, expected);
    assert!(
        !store.quotas().quota_recount(&project).await.unwrap(),
        "what is charged is not the sum of the servers"
    );
}

/// Creates servers with their claims, and gives back every third's, until the store fails.
async fn write(
    store: &Store,
    env: &Env,
    project: &ProjectId,
    host: &HostName,
    confirmed: &AtomicUsize,
) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    for index in 0..EACH {
        let server = server_in(env, project);
        let request = RequestId::generate(env);
        let claim = Claim::on(server.id, request, host.clone(), wanted());
        let batch = ServerBatch::of([server.clone()]).with_claims([claim]);
        let created = was_done(store.servers().server_create_batch(&batch).await).is_some();
        let mut attempt = Attempt {
            server,
            created,
            released: None,
        };
        if created && index % 3 == 0 {
            let consumer = attempt.server.id.into();
            let released = was_done(store.allocations().release(consumer, None).await);
            attempt.released = Some(released.is_some());
        }
        let goes_on = created && attempt.released != Some(false);
        attempts.push(attempt);
        if !goes_on {
            break;
        }
        confirmed.fetch_add(1, Ordering::Relaxed);
        tokio::task::yield_now().await;
    }
    // Whoever ends early must not keep the others waiting for its share.
    confirmed.fetch_add(EACH, Ordering::Relaxed);
    attempts
}

fn wanted() -> Resources {
    vcpus(2).with(MEMORY, 64)
}

/// A closed store fails as a store, and in no other way.
fn was_done<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Store { .. }) => None,
        Err(other) => panic!("a closed store failed with {other:?}"),
    }
}

/// Checks that all of an attempt is there or nothing, as the store said. Returns whether the
/// server holds anything.
async fn is_whole(store: &Store, attempt: &Attempt, host: &HostName) -> bool {
    let id = attempt.server.id;
    let found = match store.servers().server_get(id).await {
        Ok(found) => {
            assert_eq!(found, attempt.server);
            true
        }
        Err(error) if error.is_not_found() => false,
        Err(error) => panic!("{error:?}"),
    };
    assert!(
        found || !attempt.created,
        "server {id} was confirmed and is lost"
    );
    let held = store.allocations().allocations_of(id.into()).await.unwrap();
    for allocation in &held {
        assert_eq!((&allocation.host, &allocation.resources), (host, &wanted()));
    }
    let holds = !held.is_empty();
    match attempt.released {
        Some(true) => assert!(!holds, "what server {id} gave back is held again"),
        Some(false) => {}
        None => assert_eq!(holds, found, "server {id} is there by half"),
    }
    holds
}

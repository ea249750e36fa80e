//! Places that were planned with and are not claimed yet.

use std::collections::VecDeque;
use std::time::Duration;

use nova_core::Timestamp;
use nova_core::id::HostName;
use nova_core::model::Resources;
use nova_sched::{Fleet, Plan};
use tokio::sync::Mutex;

/// How long a plan is expected to take to be claimed.
const LIFETIME: Duration = Duration::from_secs(1);

/// How many of the latest promises are kept at the most.
const MOST: usize = 1024;

/// What the latest plans will claim.
///
/// Requests that come at once are planned with the same fleet, and without this all of them
/// would go to the same best host. A promise only moves weights: it is forgotten after a moment,
/// and never the reason that a request finds no host.
#[derive(Debug, Default)]
pub(super) struct Promises {
    latest: Mutex<VecDeque<Promise>>,
}

#[derive(Debug)]
struct Promise {
    made: Timestamp,
    host: HostName,
    resources: Resources,
}

impl Promises {
    /// Plans with the promises kept, and adds what the plan promises; `None` if they leave no
    /// place. One plan at a time: the next is to see what this one promises.
    pub(super) async fn plan(
        &self,
        fleet: &Fleet,
        now: Timestamp,
        plan: impl FnOnce(&Fleet) -> Plan,
    ) -> Option<Plan> {
        let mut latest = self.latest.lock().await;
        while latest
            .front()
            .is_some_and(|promise| now.duration_since(promise.made) > LIFETIME)
        {
            latest.pop_front();
        }
        let mut promised = fleet.clone();
        for promise in &*latest {
            // A host that went away has nothing to keep.
            if promised.claim(&promise.host, &promise.resources).is_err() {
                tracing::trace!(host = %promise.host, "a promise is not kept");
            }
        }
        let made = plan(&promised);
        for placement in made.placements() {
            latest.push_back(Promise {
                made: now,
                host: placement.host.clone(),
                resources: made.resources().clone(),
            });
        }
        let overflow = latest.len().saturating_sub(MOST);
        latest.drain(..overflow);
        made.is_placed().then_some(made)
    }
}

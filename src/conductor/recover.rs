//! Taking up what a conductor left when it died, or what was lost on the way to it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nova_core::Timestamp;
use nova_core::id::ServerId;
use nova_core::model::Server;
use nova_core::repository::{PageRequest, ServerFilter, ServerSort};
use nova_core::state::{Operation, TaskState, VmState};
use tokio::sync::Semaphore;
use tokio::time::MissedTickBehavior;

use super::role::Inner;
use crate::calls::CONDUCTOR;
use crate::compute::chain;
use crate::context::service_context;

/// How many interrupted operations are taken up at a time.
const AT_A_TIME: usize = 16;

/// What is being taken up, or waits to be.
#[derive(Debug)]
pub(super) struct Recovering {
    room: Semaphore,
    servers: Mutex<BTreeSet<ServerId>>,
}

impl Default for Recovering {
    fn default() -> Self {
        Self {
            room: Semaphore::new(AT_A_TIME),
            servers: Mutex::default(),
        }
    }
}

impl Recovering {
    fn servers(&self) -> MutexGuard<'_, BTreeSet<ServerId>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets nothing be taken up any more.
    pub(super) fn close(&self) {
        self.room.close();
    }
}

/// The operation that a server was in the middle of.
fn interrupted(server: &Server) -> Option<Operation> {
    use TaskState as T;
    Some(match server.task_state? {
        task if server.vm_state == VmState::Building && T::BUILD.contains(&task) => {
            Operation::Create
        }
        T::Deleting => Operation::Delete,
        T::PoweringOn => Operation::Start,
        T::PoweringOff => Operation::Stop,
        T::Rebooting | T::RebootPending | T::RebootStarted => Operation::SoftReboot,
        T::RebootingHard | T::RebootPendingHard | T::RebootStartedHard => Operation::HardReboot,
        T::Pausing => Operation::Pause,
        T::Unpausing => Operation::Unpause,
        _ => return None,
    })
}

impl Inner {
    /// Takes up every operation that is under way according to the store, was not written since
    /// `before` if that is given, and that nobody here works on. Returns how many.
    ///
    /// Each is done again from its beginning. Its steps are idempotent, so what was done already
    /// shows no second effect, but for a reboot: a guest may be rebooted twice.
    pub(super) async fn recover(
        self: &Arc<Self>,
        before: Option<Timestamp>,
    ) -> nova_core::Result<usize> {
        let filter = ServerFilter::default().busy(true);
        let mut page = PageRequest::largest();
        let mut found = Vec::new();
        loop {
            let servers = self
                .store
                .servers()
                .server_list(&filter, ServerSort::default(), &page)
                .await?;
            found.extend(
                servers
                    .items
                    .iter()
                    .filter(|server| before.is_none_or(|before| server.updated_at < before))
                    .filter(|server| !self.turns.is_busy(server.id))
                    .filter_map(|server| Some((server.id, interrupted(server)?))),
            );
            match servers.next {
                Some(marker) => page = page.after(marker),
                None => break,
            }
        }
        found.retain(|(id, _)| self.recovering.servers().insert(*id));
        let count = found.len();
        for (id, operation) in found {
            let inner = Arc::clone(self);
            self.recoveries.spawn("a recovery", async move {
                // Closed when the conductor stops: then the next one takes it up.
                if let Ok(_place) = inner.recovering.room.acquire().await {
                    inner.take_up(id, operation).await;
                }
                inner.recovering.servers().remove(&id);
            });
        }
        Ok(count)
    }

    async fn take_up(&self, id: ServerId, operation: Operation) {
        tracing::info!(server = %id, %operation, "taken up again");
        let context = service_context(&self.env, CONDUCTOR);
        match operation {
            Operation::Create => self.build(&context, id).await,
            operation => self.operate(&context, id, operation).await,
        }
    }

    /// Looks for abandoned work for as long as it is let.
    pub(super) async fn recover_regularly(self: Arc<Self>) {
        let interval = self.config.recovery_interval;
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is at once, and the recovery of the start has just been.
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let now = self.env.now().as_micros();
            let age = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
            let before = Timestamp::from_micros(now.saturating_sub(age));
            match self.recover(Some(before)).await {
                Ok(0) => {}
                Ok(count) => tracing::warn!(count, "abandoned operations were taken up"),
                Err(error) => tracing::warn!(error = chain(&error), "no recovery this time"),
            }
        }
    }
}

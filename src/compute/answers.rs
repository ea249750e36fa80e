//! What a compute role answers.

use std::sync::Arc;

use nova_core::Env;
use nova_rpc::{
    Call as _, Deduplicated, Handler, Incoming, Payload, RememberOptions, RemoteError, Request,
    Router, async_trait,
};

use super::guests::Guests;
use crate::calls::VERSION;
use crate::calls::compute::{
    BuildAndRunInstance, GetConsoleOutput, GetPowerState, PauseInstance, RebootInstance,
    StartInstance, StopInstance, TerminateInstance, UnpauseInstance,
};

type Asked = Incoming<Arc<Guests>>;

/// The handler of a compute role: what changes a guest happens once for each request, however
/// often its message comes; what only looks is looked up each time.
#[derive(Debug)]
pub(super) struct Answers {
    deeds: Deduplicated<Router<Arc<Guests>>>,
    looks: Router<Arc<Guests>>,
}

impl Answers {
    pub(super) fn new(env: Env, guests: Arc<Guests>) -> Self {
        let deeds = Deduplicated::new(env, RememberOptions::default(), deeds(Arc::clone(&guests)));
        Self {
            deeds,
            looks: looks(guests),
        }
    }
}

#[async_trait]
impl Handler for Answers {
    async fn handle(&self, request: Request) -> Result<Payload, RemoteError> {
        // An outcome that is remembered must be small: a console's end is not.
        if [GetPowerState::METHOD, GetConsoleOutput::METHOD].contains(&&*request.method) {
            self.looks.handle(request).await
        } else {
            self.deeds.handle(request).await
        }
    }
}

fn looks(guests: Arc<Guests>) -> Router<Arc<Guests>> {
    Router::new(VERSION)
        .with_state(guests)
        .on(|asked: Asked, call: GetPowerState| async move {
            asked.state.power_state(call.server_id).await
        })
        .on(|asked: Asked, call: GetConsoleOutput| async move {
            asked.state.console(call.server_id, call.max_bytes).await
        })
}

fn deeds(guests: Arc<Guests>) -> Router<Arc<Guests>> {
    Router::new(VERSION)
        .with_state(guests)
        .on(|asked: Asked, call: BuildAndRunInstance| async move {
            asked.state.spawn(&call.guest, asked.deadline).await
        })
        .on(|asked: Asked, call: TerminateInstance| async move {
            asked.state.destroy(call.server_id, asked.deadline).await
        })
        .on(|asked: Asked, call: StartInstance| async move {
            asked.state.start(call.server_id).await
        })
        .on(|asked: Asked, call: StopInstance| async move {
            asked.state.stop(call.server_id, call.shutdown).await
        })
        .on(|asked: Asked, call: RebootInstance| async move {
            asked.state.reboot(call.server_id, call.shutdown).await
        })
        .on(|asked: Asked, call: PauseInstance| async move {
            asked.state.pause(call.server_id).await
        })
        .on(|asked: Asked, call: UnpauseInstance| async move {
            asked.state.unpause(call.server_id).await
        })
}

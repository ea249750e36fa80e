//! What is tested, and with what.

use std::sync::Arc;
use std::time::Duration;

use nova_core::{Env, RequestContext};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::call::Call;
use crate::client::Client;
use crate::handler::Handler;
use crate::router::Router;
use crate::serve::{ServeOptions, ServerHandle};
use crate::target::{Endpoint, Target};
use crate::transport::Transport;
use crate::version::Version;
use crate::{Incoming, RemoteError};

/// The transport under test.
#[derive(Debug)]
pub struct Subject {
    transport: Arc<dyn Transport>,
    env: Env,
}

impl Subject {
    /// A transport, and the environment whose clock it goes by.
    pub fn new(transport: Arc<dyn Transport>, env: Env) -> Self {
        Self { transport, env }
    }

    pub(super) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(super) fn shared(&self) -> Arc<dyn Transport> {
        Arc::clone(&self.transport)
    }

    pub(super) fn env(&self) -> &Env {
        &self.env
    }

    /// A name that nobody has used.
    pub(super) fn topic(&self, check: &str) -> String {
        format!("conformance-{check}-{}", self.env.uuid().simple())
    }

    pub(super) fn context(&self) -> RequestContext {
        let (user, project) = ("alice".parse(), "research".parse());
        RequestContext::new(&self.env, user.unwrap(), project.unwrap())
    }

    pub(super) fn client(&self, target: Target) -> Client {
        Client::new(self.shared(), self.env.clone(), target).with_timeout(LIMIT)
    }

    pub(super) async fn serve(
        &self,
        topic: &str,
        server: &str,
        options: ServeOptions,
        handler: impl Handler,
    ) -> ServerHandle {
        let endpoint = Endpoint::new(topic, server);
        self.transport
            .serve(&endpoint, options, Arc::new(handler))
            .await
            .expect("it serves")
    }
}

/// Long enough for anything that is to happen.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Long enough for a message to arrive, and short enough to be waited for.
pub(super) const SOON: Duration = Duration::from_millis(300);

/// Works for so many milliseconds, and says so: the version 1.0 of the suite's method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Work {
    pub(super) name: String,
    pub(super) millis: u64,
}

impl Work {
    pub(super) fn new(name: impl Into<String>, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            name: name.into(),
            millis,
        }
    }

    pub(super) fn quick(name: impl Into<String>) -> Self {
        Self::new(name, Duration::ZERO)
    }
}

impl Call for Work {
    const METHOD: &'static str = "work";
    const VERSION: Version = Version::new(1, 0);
    /// The name of the server.
    type Reply = String;
}

/// What a server did, in order: its name, what, and whether it had ended.
pub(super) type Journal = mpsc::UnboundedReceiver<(String, String, Step)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Begun,
    Ended,
}

/// Makes servers that write to one journal.
#[derive(Debug, Clone)]
pub(super) struct Workshop(mpsc::UnboundedSender<(String, String, Step)>);

impl Workshop {
    pub(super) fn new() -> (Self, Journal) {
        let (sender, journal) = mpsc::unbounded_channel();
        (Self(sender), journal)
    }

    pub(super) fn worker(&self, server: &str) -> Router<(String, Self)> {
        let state = (server.to_owned(), self.clone());
        Router::new(Version::new(1, 0)).with_state(state).on(work)
    }
}

async fn work(incoming: Incoming<(String, Workshop)>, call: Work) -> Result<String, RemoteError> {
    let (server, Workshop(journal)) = incoming.state;
    let _ = journal.send((server.clone(), call.name.clone(), Step::Begun));
    tokio::time::sleep(Duration::from_millis(call.millis)).await;
    let _ = journal.send((server.clone(), call.name, Step::Ended));
    Ok(server)
}

/// The next entry, which must come soon enough.
pub(super) async fn next<T>(channel: &mut mpsc::UnboundedReceiver<T>) -> T {
    let entry = tokio::time::timeout(LIMIT, channel.recv())
        .await
        .expect("something happens");
    entry.expect("the server lives")
}

/// That nothing more happens.
pub(super) async fn silent<T: std::fmt::Debug>(channel: &mut mpsc::UnboundedReceiver<T>) {
    if let Ok(Some(entry)) = tokio::time::timeout(SOON, channel.recv()).await {
        panic!("nothing more was to happen, and then {entry:?}");
    }
}

/// Waits until work of this name has begun.
pub(super) async fn begun(journal: &mut Journal, name: &str) {
    loop {
        let (_, what, step) = next(journal).await;
        if what == name && step == Step::Begun {
            return;
        }
    }
}

/// Runs the whole suite.
///
/// # Panics
/// Where the transport breaks a promise.
pub async fn all(subject: &Subject) {
    super::a_call_comes_back(subject).await;
    super::failures_are_typed(subject).await;
    super::dispatch_follows_the_rules(subject).await;
    super::arguments_of_another_type(subject).await;
    super::the_request_arrives_whole(subject).await;

    super::nobody_listens(subject).await;
    super::a_name_is_one_server(subject).await;
    super::a_topic_is_shared(subject).await;
    super::fanout_reaches_all(subject).await;

    super::a_deadline_ends_the_wait(subject).await;
    super::expired_work_is_not_begun(subject).await;
    super::handlers_in_flight_are_bounded(subject).await;

    super::a_panic_is_the_callers_alone(subject).await;
    super::a_dropped_call_runs_on(subject).await;
    super::a_stop_drains(subject).await;
    super::a_stop_hands_over(subject).await;
    super::a_hard_stop_ends_what_runs(subject).await;

    super::every_group_is_told_once(subject).await;
    super::nobody_to_tell_is_no_error(subject).await;
    super::given_back_is_told_again(subject).await;
    super::unacknowledged_goes_to_another(subject).await;
    super::a_panic_is_not_repeated(subject).await;
    super::notifications_wait_if_durable(subject).await;
}

//! One request on its way, and the way back.

use tokio::sync::oneshot;

use crate::payload::Payload;
use crate::remote_error::RemoteError;
use crate::request::Request;
use crate::target::Route;

/// A request and the way back to its caller, if one waits.
///
/// Boxed wherever it is handed on: it is large, and moves several times.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) request: Request,
    pub(super) reply: Option<oneshot::Sender<Answer>>,
    /// Who else of the topic would do as well.
    pub(super) route: Route,
}

/// What comes back. A sender that is dropped without a word was dropped over running work.
#[derive(Debug)]
pub(super) enum Answer {
    /// The handler's outcome.
    Done(Result<Payload, RemoteError>),
    /// The deadline had passed before it could begin.
    Expired,
    /// The server stopped before it began.
    GivenBack,
}

impl Work {
    pub(super) fn new(
        request: Request,
        reply: Option<oneshot::Sender<Answer>>,
        route: Route,
    ) -> Box<Self> {
        Box::new(Self {
            request,
            reply,
            route,
        })
    }

    /// Answers work that was not begun.
    pub(super) fn refuse(self, answer: Answer) {
        match self.reply {
            // A caller that went away does not miss it.
            Some(reply) => drop(reply.send(answer)),
            None => tracing::warn!(
                method = %self.request.method,
                request_id = %self.request.context.request_id,
                ?answer,
                "a cast was accepted and will not run"
            ),
        }
    }
}

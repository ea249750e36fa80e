//! How every transport runs a handler.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use tracing::Instrument as _;

use crate::handler::Handler;
use crate::payload::Payload;
use crate::remote_error::RemoteError;
use crate::request::Request;
use crate::target::Endpoint;

/// Runs a handler the way every transport does: in a span with the request id, the method and the
/// topic, and with a panic turned into a failure of class `Panic`.
///
/// For authors of transports. Whether the request has expired is for the transport to see first.
/// Dropping the future drops the handler's.
///
/// # Errors
/// What the handler answers, or `Panic`.
///
/// ```
/// # use nova_core::{Env, RequestContext};
/// # use nova_rpc::{Endpoint, IdempotencyKey, Payload, Request, dispatch, handler_fn};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nova_core::Error> {
/// # let env = Env::system();
/// # let context = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
/// # let key = IdempotencyKey::generate(&env);
/// # let request = Request::new("boom", Payload::null(), context, env.now(), key);
/// let endpoint = Endpoint::new("conductor", "host-1");
/// let fails = handler_fn(|_| async { panic!("no") });
/// let error = dispatch(&fails, &endpoint, request).await.unwrap_err();
/// assert_eq!((error.class(), error.message()), ("Panic", "no"));
/// # Ok(())
/// # }
/// ```
pub async fn dispatch(
    handler: &dyn Handler,
    endpoint: &Endpoint,
    request: Request,
) -> Result<Payload, RemoteError> {
    let span = tracing::info_span!(
        "rpc",
        topic = %endpoint.topic,
        server = %endpoint.server,
        method = %request.method,
        version = %request.version,
        request_id = %request.context.request_id,
    );
    // In a block of its own, so that what `handle` does before its first future is caught too.
    let run = async move { handler.handle(request).await };
    async move { catch_panic(run).await.unwrap_or_else(Err) }
        .instrument(span)
        .await
}

/// Runs a future to its end, or to its panic.
pub(crate) async fn catch_panic<F: Future>(future: F) -> Result<F::Output, RemoteError> {
    // What the future shares with others may be half-changed by a panic, as it may after any
    // panic in a task of its own: that is for the handler's author to see to.
    AssertUnwindSafe(future)
        .catch_unwind()
        .await
        .map_err(|panic| {
            let message = panic_message(&*panic);
            tracing::error!(message, "a handler panicked");
            RemoteError::new("Panic", message)
        })
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    if let Some(text) = panic.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text
    } else {
        "the handler panicked"
    }
}

//! Who answers requests.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;

use crate::payload::Payload;
use crate::remote_error::RemoteError;
use crate::request::Request;

/// Answers the requests of a server. A [`Router`](crate::Router) is one.
///
/// A transport runs as many at once as [`ServeOptions`](crate::ServeOptions) allow. A handler
/// that has begun goes on to its end, whether or not the caller still waits, unless the server is
/// stopped hard: then its future is dropped at an await. A panic becomes a [`RemoteError`] of
/// class `Panic`, and the server lives on.
///
/// ```
/// use async_trait::async_trait;
/// use nova_rpc::{Handler, Payload, RemoteError, Request};
///
/// struct Echo;
///
/// #[async_trait]
/// impl Handler for Echo {
///     async fn handle(&self, request: Request) -> Result<Payload, RemoteError> {
///         Ok(request.args)
///     }
/// }
/// ```
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Does what is asked and answers it.
    ///
    /// # Errors
    /// Whatever the caller shall get as [`Error::Remote`](crate::Error::Remote).
    async fn handle(&self, request: Request) -> Result<Payload, RemoteError>;
}

#[async_trait]
impl<H: Handler + ?Sized> Handler for Arc<H> {
    async fn handle(&self, request: Request) -> Result<Payload, RemoteError> {
        (**self).handle(request).await
    }
}

/// A handler from an asynchronous function of the whole request.
///
/// ```
/// use nova_rpc::{Handler, RemoteError, handler_fn};
///
/// let echo = handler_fn(|request| async move { Ok::<_, RemoteError>(request.args) });
/// fn is_handler(_: impl Handler) {}
/// is_handler(echo);
/// ```
pub fn handler_fn<F, Fut>(function: F) -> HandlerFn<F>
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Payload, RemoteError>> + Send,
{
    HandlerFn(function)
}

/// The handler that [`handler_fn`] makes.
#[derive(Debug, Clone, Copy)]
pub struct HandlerFn<F>(F);

#[async_trait]
impl<F, Fut> Handler for HandlerFn<F>
where
    F: Fn(Request) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Payload, RemoteError>> + Send,
{
    async fn handle(&self, request: Request) -> Result<Payload, RemoteError> {
        (self.0)(request).await
    }
}

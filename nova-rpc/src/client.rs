//! Typed calls, from the caller's side.

use std::sync::Arc;
use std::time::Duration;

use nova_core::{Env, RequestContext};

use crate::call::Call;
use crate::error::{Error, Result};
use crate::idempotency::IdempotencyKey;
use crate::request::Request;
use crate::target::Target;
use crate::transport::Transport;
use crate::version::Version;

/// Makes typed calls to one target. Cheap to clone and to vary.
///
/// ```
/// use std::sync::Arc;
///
/// use nova_core::{Env, RequestContext};
/// use nova_rpc::{
///     Call, Client, Endpoint, Incoming, MemoryTransport, RemoteError, Router, ServeOptions,
///     Target, Transport, Version,
/// };
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, Serialize, Deserialize)]
/// struct Add {
///     a: i64,
///     b: i64,
/// }
///
/// impl Call for Add {
///     const METHOD: &'static str = "add";
///     const VERSION: Version = Version::new(1, 0);
///     type Reply = i64;
/// }
///
/// async fn add(_: Incoming, call: Add) -> Result<i64, RemoteError> {
///     call.a
///         .checked_add(call.b)
///         .ok_or_else(|| RemoteError::new("Overflow", "the sum is too large"))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let env = Env::system();
/// let transport: Arc<dyn Transport> = Arc::new(MemoryTransport::new(env.clone()));
/// let router = Router::new(Version::new(1, 0)).on(add);
/// let endpoint = Endpoint::new("adder", "host-1");
/// let server = transport.serve(&endpoint, ServeOptions::default(), Arc::new(router)).await?;
///
/// let client = Client::new(transport, env.clone(), Target::topic("adder"));
/// let context = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
/// assert_eq!(client.call(&context, Add { a: 2, b: 3 }).await?, 5);
///
/// let error = client.call(&context, Add { a: i64::MAX, b: 1 }).await.unwrap_err();
/// assert_eq!(error.as_remote().map(|remote| remote.class()), Some("Overflow"));
/// # let _ = server.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    transport: Arc<dyn Transport>,
    env: Env,
    target: Target,
    timeout: Duration,
    pin: Option<Version>,
    idempotency_key: Option<IdempotencyKey>,
}

impl Client {
    /// How long a call may take where nothing else is said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// A client of this target.
    pub fn new(transport: Arc<dyn Transport>, env: Env, target: Target) -> Self {
        Self {
            transport,
            env,
            target,
            timeout: Self::DEFAULT_TIMEOUT,
            pin: None,
            idempotency_key: None,
        }
    }

    /// The same client with another limit for each call. The context's deadline counts where it
    /// is earlier.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same client, for the server of this name on the same topic.
    #[must_use]
    pub fn on(mut self, server: impl Into<Arc<str>>) -> Self {
        self.target = self.target.server(server);
        self
    }

    /// The same client, for the peers of an older release: it refuses calls that are newer than
    /// `pin`, or of another major version.
    #[must_use]
    pub fn pinned(mut self, pin: Version) -> Self {
        self.pin = Some(pin);
        self
    }

    /// The same client with this key for what it sends: meant for one effect that may have to be
    /// asked for repeatedly. Without it each call gets a new key.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// Where the calls go.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the pin lets this call through: what a caller asks that can do with an older one.
    pub fn can_send<C: Call>(&self) -> bool {
        self.pin.is_none_or(|pin| pin.accepts(C::VERSION))
    }

    /// Calls one server and waits for its reply, until the earlier of the timeout and the
    /// context's deadline.
    ///
    /// The callee sees that deadline, in the context too, so that calls it makes in turn keep to
    /// it. Dropping the future forgets the answer; work that has begun goes on.
    ///
    /// # Errors
    /// [`Error::VersionCap`] if the pin forbids the call; [`Error::UnreadableReply`] if the reply
    /// is no `C::Reply`; else as [`Transport::call`].
    pub async fn call<C: Call>(&self, context: &RequestContext, call: C) -> Result<C::Reply> {
        let reply = self
            .transport
            .call(&self.target, self.request(context, call)?)
            .await?;
        reply.into_typed().map_err(|source| Error::UnreadableReply {
            target: self.target.clone(),
            method: C::METHOD.into(),
            source,
        })
    }

    /// Sends a call to one server, or to all where the target is a fan-out, and does not wait for
    /// what becomes of it.
    ///
    /// # Errors
    /// [`Error::VersionCap`] if the pin forbids the call; else as [`Transport::cast`].
    pub async fn cast<C: Call>(&self, context: &RequestContext, call: C) -> Result<()> {
        self.transport
            .cast(&self.target, self.request(context, call)?)
            .await
    }

    fn request<C: Call>(&self, context: &RequestContext, call: C) -> Result<Request> {
        if let Some(pin) = self.pin
            && !pin.accepts(C::VERSION)
        {
            let method = C::METHOD.into();
            return Err(Error::VersionCap {
                method,
                version: C::VERSION,
                pin,
            });
        }
        let limit = self.env.now().saturating_add(self.timeout);
        let deadline = context
            .deadline
            .map_or(limit, |deadline| deadline.min(limit));
        let context = context.clone().with_deadline(deadline);
        let key = self.idempotency_key.clone();
        let key = key.unwrap_or_else(|| IdempotencyKey::generate(&self.env));
        Ok(Request::of(call, context, deadline, key))
    }
}

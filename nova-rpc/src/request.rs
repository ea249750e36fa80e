//! One request as transports carry it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use nova_core::{Env, RequestContext, Timestamp};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::idempotency::IdempotencyKey;
use crate::payload::Payload;
use crate::version::Version;

/// One request: what to do, for whom, until when, and under which key.
///
/// Users of typed calls never see one: [`Client`](crate::Client) makes it and
/// [`Router`](crate::Router) takes it apart. Transports and middleware do.
///
/// ```
/// use std::time::Duration;
///
/// use nova_core::{Env, RequestContext};
/// use nova_rpc::{IdempotencyKey, Payload, Request, Version};
///
/// let env = Env::system();
/// let context = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
/// let deadline = env.now().saturating_add(Duration::from_secs(60));
/// let key = IdempotencyKey::generate(&env);
/// let request = Request::new("ping", Payload::null(), context, deadline, key)
///     .with_version(Version::new(2, 1));
/// assert!(!request.has_expired(&env));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Request {
    /// The namespace of the method, if it is in one.
    pub namespace: Option<Cow<'static, str>>,
    /// The method.
    pub method: Cow<'static, str>,
    /// The version of the endpoint that the caller counts on.
    pub version: Version,
    /// The arguments. On a wire of named arguments they are an object.
    pub args: Payload,
    /// Who asks. Holds the request id.
    pub context: RequestContext,
    /// When the answer is of no more use. Work that has not begun by then is not begun.
    pub deadline: Timestamp,
    /// The name of the effect.
    pub idempotency_key: IdempotencyKey,
    /// The context as a peer of another kind wrote it, with the keys that [`RequestContext`] has
    /// no place for. `None` where the sender is one of ours. It is not sent on.
    pub foreign_context: Option<Arc<Map<String, Value>>>,
}

impl Request {
    /// A request of version [`Version::UNSTATED`] in no namespace.
    pub fn new(
        method: impl Into<Cow<'static, str>>,
        args: Payload,
        context: RequestContext,
        deadline: Timestamp,
        idempotency_key: IdempotencyKey,
    ) -> Self {
        Self {
            namespace: None,
            method: method.into(),
            version: Version::UNSTATED,
            args,
            context,
            deadline,
            idempotency_key,
            foreign_context: None,
        }
    }

    /// The request that a typed call makes.
    pub fn of<C: Call>(
        call: C,
        context: RequestContext,
        deadline: Timestamp,
        idempotency_key: IdempotencyKey,
    ) -> Self {
        Self {
            namespace: C::NAMESPACE.map(Cow::Borrowed),
            method: Cow::Borrowed(C::METHOD),
            version: C::VERSION,
            args: Payload::new(call),
            context,
            deadline,
            idempotency_key,
            foreign_context: None,
        }
    }

    /// The same request of another version.
    #[must_use]
    pub fn with_version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// The same request in a namespace.
    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<Cow<'static, str>>) -> Self {
        self.namespace = Some(namespace.into());
        self
    }

    /// How long the answer is still of use; zero when it is not.
    pub fn remaining(&self, env: &Env) -> Duration {
        self.deadline.duration_since(env.now())
    }

    /// Whether the deadline has passed.
    pub fn has_expired(&self, env: &Env) -> bool {
        self.remaining(env).is_zero()
    }
}

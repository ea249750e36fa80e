//! What a typed handler knows of the request besides its arguments.

use std::borrow::Cow;
use std::time::Duration;

use nova_core::{Env, RequestContext, Timestamp};

use crate::idempotency::IdempotencyKey;
use crate::version::Version;

/// What a typed handler knows of the request besides its arguments, and the router's state.
///
/// Its [`context`](Self::context) has the deadline in it: calls made with it in turn keep to it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Incoming<S = ()> {
    /// What [`Router::with_state`](crate::Router::with_state) was given.
    pub state: S,
    /// Who asks. Holds the request id, and the deadline below.
    pub context: RequestContext,
    /// When the answer is of no more use.
    pub deadline: Timestamp,
    /// The name of the effect.
    pub idempotency_key: IdempotencyKey,
    /// The method, as it was called.
    pub method: Cow<'static, str>,
    /// The version that the caller counts on.
    pub version: Version,
}

impl<S> Incoming<S> {
    /// How long the answer is still of use; zero when it is not.
    pub fn remaining(&self, env: &Env) -> Duration {
        self.deadline.duration_since(env.now())
    }

    pub(crate) fn with_state<T>(self, state: T) -> Incoming<T> {
        let Self {
            state: _,
            context,
            deadline,
            idempotency_key,
            method,
            version,
        } = self;
        Incoming {
            state,
            context,
            deadline,
            idempotency_key,
            method,
            version,
        }
    }
}

//! Typed calls, from the server's side.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::call::Call;
use crate::handler::Handler;
use crate::incoming::Incoming;
use crate::payload::Payload;
use crate::remote_error::RemoteError;
use crate::request::Request;
use crate::version::Version;

type Outcome = Result<Payload, RemoteError>;
type Method = Arc<dyn Fn(Incoming, Payload) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Answers typed calls, each with an asynchronous function.
///
/// A function takes an [`Incoming`] and a [`Call`], and returns the call's reply or whatever
/// becomes a [`RemoteError`]. Which call it serves is told by its argument's type.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// use nova_rpc::{Call, Incoming, RemoteError, Router, Version};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, Serialize, Deserialize)]
/// struct Count {
///     by: u64,
/// }
///
/// impl Call for Count {
///     const METHOD: &'static str = "count";
///     const VERSION: Version = Version::new(2, 1);
///     type Reply = u64;
/// }
///
/// async fn count(incoming: Incoming<Arc<AtomicU64>>, call: Count) -> Result<u64, RemoteError> {
///     Ok(incoming.state.fetch_add(call.by, Ordering::Relaxed))
/// }
///
/// let router = Router::new(Version::new(2, 4)).with_state(Arc::new(AtomicU64::new(0))).on(count);
/// # let _ = router;
/// ```
///
/// A router implements one version in each namespace; the methods of other versions come by
/// [`merge`](Self::merge). A request goes to the first that is in its namespace, has a
/// [compatible](Version::accepts) version and knows the method. If none is compatible the caller
/// gets the failure `UnsupportedVersion`, else `NoSuchMethod`, both under
/// [`RemoteError::DISPATCHER_MODULE`]; arguments that cannot be read are `InvalidArguments`.
#[derive(Clone)]
pub struct Router<S = ()> {
    version: Version,
    state: S,
    tables: Vec<Table>,
}

/// The methods of one namespace in one version.
#[derive(Clone)]
struct Table {
    namespace: Option<Cow<'static, str>>,
    version: Version,
    methods: BTreeMap<&'static str, Method>,
}

impl Router {
    /// A router that implements `version`, with no methods yet.
    pub fn new(version: Version) -> Self {
        Self {
            version,
            state: (),
            tables: Vec::new(),
        }
    }

    /// The same router with state for the methods that are added from here on: each call gets a
    /// clone.
    #[must_use]
    pub fn with_state<S: Clone + Send + Sync + 'static>(self, state: S) -> Router<S> {
        Router {
            version: self.version,
            state,
            tables: self.tables,
        }
    }
}

impl<S: Clone + Send + Sync + 'static> Router<S> {
    /// Serves the call `C` with `function`, in place of what served it before.
    ///
    /// A call that is newer than the router's version is refused at dispatch; the log says so
    /// here.
    #[must_use]
    pub fn on<C, F, Fut>(mut self, function: F) -> Self
    where
        C: Call,
        F: Fn(Incoming<S>, C) -> Fut + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: IntoOutcome<C::Reply>,
    {
        if !self.version.accepts(C::VERSION) {
            let (method, needs, implements) = (C::METHOD, C::VERSION, self.version);
            tracing::warn!(method, %needs, %implements, "no caller can reach this method");
        }
        let state = self.state.clone();
        let method: Method = Arc::new(move |incoming: Incoming, args: Payload| {
            let call = match args.into_typed::<C>() {
                Ok(call) => call,
                Err(error) => {
                    let error = RemoteError::from_error("InvalidArguments", &error);
                    return futures::future::ready(Err(error)).boxed();
                }
            };
            let running = function(incoming.with_state(state.clone()), call);
            async move { running.await.into_outcome().map(Payload::new) }.boxed()
        });
        self.table(C::NAMESPACE).methods.insert(C::METHOD, method);
        self
    }

    /// Adds another router's methods, with their versions and state, after this one's.
    #[must_use]
    pub fn merge<T>(mut self, other: Router<T>) -> Self {
        self.tables.extend(other.tables);
        self
    }

    /// This router's own table of a namespace.
    fn table(&mut self, namespace: Option<&'static str>) -> &mut Table {
        let version = self.version;
        let own =
            |table: &Table| table.namespace.as_deref() == namespace && table.version == version;
        let index = self.tables.iter().position(own).unwrap_or_else(|| {
            let namespace = namespace.map(Cow::Borrowed);
            self.tables.push(Table {
                namespace,
                version,
                methods: BTreeMap::new(),
            });
            self.tables.len() - 1
        });
        &mut self.tables[index]
    }
}

impl<S> Router<S> {
    fn find(&self, request: &Request) -> Result<&Method, RemoteError> {
        let mut compatible = self.tables.iter().filter(|table| {
            table.namespace == request.namespace && table.version.accepts(request.version)
        });
        let Some(first) = compatible.next() else {
            let (version, method) = (request.version, &request.method);
            return Err(refusal(
                "UnsupportedVersion",
                format!(
                    "Endpoint does not support RPC version {version}. Attempted method: {method}"
                ),
            ));
        };
        std::iter::once(first)
            .chain(compatible)
            .find_map(|table| table.methods.get(&*request.method))
            .ok_or_else(|| {
                let method = &request.method;
                refusal(
                    "NoSuchMethod",
                    format!("Endpoint does not support RPC method {method}"),
                )
            })
    }
}

fn refusal(class: &str, message: String) -> RemoteError {
    RemoteError::new(class, message).with_module(RemoteError::DISPATCHER_MODULE)
}

#[async_trait]
impl<S: Clone + Send + Sync + 'static> Handler for Router<S> {
    async fn handle(&self, request: Request) -> Outcome {
        let method = self.find(&request)?;
        let Request {
            method: name,
            version,
            args,
            mut context,
            deadline,
            idempotency_key,
            ..
        } = request;
        context.deadline = Some(deadline);
        let incoming = Incoming {
            state: (),
            context,
            deadline,
            idempotency_key,
            method: name,
            version,
        };
        method(incoming, args).await
    }
}

impl<S> fmt::Debug for Router<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = self.tables.iter().flat_map(|table| {
            table
                .methods
                .keys()
                .map(|method| (table.namespace.as_deref(), table.version, *method))
        });
        f.debug_list().entries(methods).finish()
    }
}

/// What a handler function may return: `Result<Reply, E>` where `E` becomes a [`RemoteError`].
pub trait IntoOutcome<R>: sealed::Sealed {
    /// The reply, or the failure as it travels.
    ///
    /// # Errors
    /// The failure.
    fn into_outcome(self) -> Result<R, RemoteError>;
}

impl<R, E: Into<RemoteError>> IntoOutcome<R> for Result<R, E> {
    fn into_outcome(self) -> Result<R, RemoteError> {
        self.map_err(Into::into)
    }
}

mod sealed {
    pub trait Sealed {}
    impl<R, E> Sealed for Result<R, E> {}
}

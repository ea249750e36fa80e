//! A failure on the other side.

use std::convert::Infallible;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Error;

/// The key of [`RemoteError::with_data`] among the keyword arguments.
const DATA: &str = "data";

/// The failure of a handler, as it travels back to the caller.
///
/// Its form is that of an exception in `oslo.messaging`: a class and its module, a message,
/// positional and keyword arguments, and a traceback; it serialises as that failure does. A typed
/// error travels in it as data:
///
/// ```
/// use nova_rpc::RemoteError;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// enum BuildFailure {
///     NoCapacity { free_mib: u64 },
/// }
///
/// impl From<BuildFailure> for RemoteError {
///     fn from(failure: BuildFailure) -> Self {
///         Self::new("BuildFailure", "the server could not be built").with_data(&failure)
///     }
/// }
///
/// let error = RemoteError::from(BuildFailure::NoCapacity { free_mib: 512 });
/// assert_eq!(error.to_string(), "BuildFailure: the server could not be built");
/// assert_eq!(error.data(), Some(BuildFailure::NoCapacity { free_mib: 512 }));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RemoteError(Box<Failure>);

/// Boxed, so that a result of it stays small.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Failure {
    class: String,
    #[serde(default)]
    module: String,
    message: String,
    #[serde(default)]
    args: Vec<Value>,
    #[serde(default)]
    kwargs: Map<String, Value>,
    #[serde(default, rename = "tb")]
    traceback: Vec<String>,
}

impl RemoteError {
    /// The module of this crate's own failures.
    pub const MODULE: &'static str = "nova_rpc";

    /// The module of the failures of dispatch, as `oslo.messaging` names it.
    pub const DISPATCHER_MODULE: &'static str = "oslo_messaging.rpc.dispatcher";

    /// A failure of this class. The message is its one positional argument too.
    pub fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Box::new(Failure {
            class: class.into(),
            module: Self::MODULE.to_owned(),
            args: vec![Value::String(message.clone())],
            message,
            kwargs: Map::new(),
            traceback: Vec::new(),
        }))
    }

    /// A failure that tells of `error`: its text as the message, its sources as the traceback.
    ///
    /// The sources reach the caller's log: use [`new`](Self::new) where they hold what the
    /// caller must not know.
    pub fn from_error(class: impl Into<String>, error: &(dyn std::error::Error + 'static)) -> Self {
        let sources = std::iter::successors(error.source(), |source| source.source());
        Self::new(class, error.to_string()).with_traceback(
            sources
                .map(|source| format!("caused by: {source}"))
                .collect(),
        )
    }

    /// The same failure in another module.
    #[must_use]
    pub fn with_module(mut self, module: impl Into<String>) -> Self {
        self.0.module = module.into();
        self
    }

    /// The same failure with other positional arguments.
    #[must_use]
    pub fn with_args(mut self, args: Vec<Value>) -> Self {
        self.0.args = args;
        self
    }

    /// The same failure with one more keyword argument.
    #[must_use]
    pub fn with_kwarg(mut self, name: impl Into<String>, value: Value) -> Self {
        self.0.kwargs.insert(name.into(), value);
        self
    }

    /// The same failure with this traceback.
    #[must_use]
    pub fn with_traceback(mut self, traceback: Vec<String>) -> Self {
        self.0.traceback = traceback;
        self
    }

    /// The same failure with a typed value, which the caller reads with [`data`](Self::data).
    ///
    /// It travels as the keyword argument `data`. A value that has no form in JSON is left out,
    /// and said so in the log: the failure itself must not get lost over it.
    #[must_use]
    pub fn with_data(self, data: &impl Serialize) -> Self {
        match serde_json::to_value(data) {
            Ok(value) => self.with_kwarg(DATA, value),
            Err(error) => {
                tracing::warn!(class = self.class(), %error, "the data of a failure is no JSON");
                self
            }
        }
    }

    /// The typed value that the failure carries, or `None` if it carries none or another.
    pub fn data<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(self.0.kwargs.get(DATA)?).ok()
    }

    /// The class of the failure.
    pub fn class(&self) -> &str {
        &self.0.class
    }

    /// The module of the class.
    pub fn module(&self) -> &str {
        &self.0.module
    }

    /// What went wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The positional arguments from which a Python peer rebuilds the exception.
    pub fn args(&self) -> &[Value] {
        &self.0.args
    }

    /// The keyword arguments from which a Python peer rebuilds the exception.
    pub fn kwargs(&self) -> &Map<String, Value> {
        &self.0.kwargs
    }

    /// The traceback, for the log.
    pub fn traceback(&self) -> &[String] {
        &self.0.traceback
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.class, self.0.message)
    }
}

impl std::error::Error for RemoteError {}

/// A handler that cannot fail.
impl From<Infallible> for RemoteError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// A handler's own call failed: a remote failure is passed on as it is, the others by the name
/// that `oslo.messaging` has for them.
impl From<Error> for RemoteError {
    fn from(error: Error) -> Self {
        let class = match &error {
            Error::Remote(remote) => return remote.clone(),
            Error::TimedOut { .. } | Error::NoReply { .. } => "MessagingTimeout",
            Error::Unreachable { .. } => "MessageUndeliverable",
            Error::NotSent { .. } | Error::Transport { .. } => "MessageDeliveryFailure",
            Error::InvalidTarget { .. } => "InvalidTarget",
            Error::VersionCap { .. } => "RPCVersionCapError",
            Error::UnreadableReply { .. } | Error::Unsupported { .. } => "MessagingException",
        };
        Self::from_error(class, &error).with_module("oslo_messaging.exceptions")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_serialises_as_an_oslo_failure() {
        let error = RemoteError::new("ConformanceError", "bad")
            .with_module("conformance_errors")
            .with_kwarg("code", json!(7))
            .with_traceback(vec!["line 1".into()]);
        let wire = json!({
            "class": "ConformanceError", "module": "conformance_errors", "message": "bad",
            "args": ["bad"], "kwargs": {"code": 7}, "tb": ["line 1"],
        });
        assert_eq!(serde_json::to_value(&error).unwrap(), wire);
        assert_eq!(serde_json::from_value::<RemoteError>(wire).unwrap(), error);
    }

    #[test]
    fn data_of_another_type_is_none() {
        let error = RemoteError::new("E", "m").with_data(&"text");
        assert_eq!(error.data::<u64>(), None);
        assert_eq!(error.data::<String>().as_deref(), Some("text"));
        assert_eq!(RemoteError::new("E", "m").data::<String>(), None);
    }

    #[test]
    fn sources_become_the_traceback() {
        let source = "x".parse::<u8>().unwrap_err();
        let error = crate::PayloadError::Read {
            sent: "A",
            wanted: "B",
            source: source.into(),
        };
        let remote = RemoteError::from_error("E", &error);
        assert_eq!(remote.message(), "a value of type A cannot be read as B");
        assert_eq!(
            remote.traceback(),
            ["caused by: invalid digit found in string"]
        );
    }
}

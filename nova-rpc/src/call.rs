//! Typed calls.

use crate::payload::Message;
use crate::version::Version;

/// The arguments of one method, and with them its name, its version and the type of its reply.
///
/// Write it as a struct with named fields: on a wire its fields are the method's named arguments.
/// A method without arguments is a struct with none (`struct Ping {}`). A field that a later
/// minor version adds needs a default, so that older callers are still understood.
///
/// ```
/// use nova_rpc::{Call, Version};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Clone, Serialize, Deserialize)]
/// struct GetUptime {
///     host: String,
/// }
///
/// impl Call for GetUptime {
///     const METHOD: &'static str = "get_uptime";
///     const VERSION: Version = Version::new(1, 2);
///     type Reply = u64;
/// }
///
/// assert_eq!(GetUptime::NAMESPACE, None);
/// ```
pub trait Call: Message {
    /// The name of the method.
    const METHOD: &'static str;

    /// The version that introduced the method in its present form: what a server must implement.
    const VERSION: Version;

    /// The namespace of the method, if it is in one.
    const NAMESPACE: Option<&'static str> = None;

    /// What the method answers; `()` for nothing.
    type Reply: Message;
}

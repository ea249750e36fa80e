//! What a transport gives beyond what every transport gives.

/// What a transport gives beyond what every transport gives.
///
/// All is off at first; a transport turns on what it keeps, and the conformance suite holds it to
/// that.
///
/// ```
/// use nova_rpc::Capabilities;
///
/// let mut capabilities = Capabilities::NONE;
/// capabilities.mandatory = true;
/// assert!(!capabilities.durable);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Capabilities {
    /// What was accepted outlives this process, and notifications wait for their subscribers:
    /// they are delivered at least once. Without it they reach, at least once, those who
    /// subscribe while they are sent, for as long as the process lives.
    pub durable: bool,
    /// A call or cast to nobody fails at once with [`Error::Unreachable`](crate::Error).
    /// Without it a call runs into its deadline and a cast is lost.
    pub mandatory: bool,
    /// A request that waits past its deadline is never begun, whatever its server does. Without
    /// it, that holds only for servers that can read the deadline and share the clock.
    pub expiry: bool,
    /// A notification that its subscriber gives back is delivered again.
    pub requeue: bool,
    /// A request that a stopping server had accepted and not begun is handed to another server
    /// that its target means, or given back to its caller as [`Error::NotSent`](crate::Error). Without it the
    /// caller runs into its deadline.
    pub handover: bool,
    /// Values pass as they are, without being serialised.
    pub typed: bool,
}

impl Capabilities {
    /// Nothing beyond what every transport gives.
    pub const NONE: Self = Self {
        durable: false,
        mandatory: false,
        expiry: false,
        requeue: false,
        handover: false,
        typed: false,
    };
}

//! The transport within one process: calls are function calls on other tasks.
//!
//! * `transport`: [`MemoryTransport`], which implements [`Transport`](crate::Transport).
//! * `registry`: who listens to which topic.
//! * `server`: one server: its handlers in flight and its backlog.
//! * `serving`: the end of a server.
//! * `work`: one request on its way, and the way back.
//! * `group`: the queue of one group of subscribers.
//! * `subscriber`: one member of a group.

mod group;
mod registry;
mod server;
mod serving;
mod subscriber;
mod transport;
mod work;

pub use transport::MemoryTransport;

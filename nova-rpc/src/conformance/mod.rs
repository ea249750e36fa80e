//! The suite that every transport passes, for people who write their own.
//!
//! [`all`] runs it; each check can be run alone too. A check panics where the transport breaks a
//! promise of [`Transport`](crate::Transport), or one of its
//! [`Capabilities`](crate::Capabilities). Topics are new for each check, so a broker may be used
//! again and again. Under tokio's paused time a transport in memory takes no time; a real one
//! takes some seconds.
//!
//! ```
//! use std::sync::Arc;
//!
//! use nova_core::Env;
//! use nova_rpc::MemoryTransport;
//! use nova_rpc::conformance::{self, Subject};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! # tokio::time::pause();
//! let env = Env::simulated(7);
//! let transport = Arc::new(MemoryTransport::new(env.clone()));
//! conformance::all(&Subject::new(transport, env)).await;
//! # }
//! ```
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a suite reports by panics, as tests do"
)]

mod calls;
mod endings;
mod limits;
mod notifications;
mod routing;
mod subject;

pub use calls::{
    a_call_comes_back, arguments_of_another_type, dispatch_follows_the_rules, failures_are_typed,
    the_request_arrives_whole,
};
pub use endings::{
    a_dropped_call_runs_on, a_hard_stop_ends_what_runs, a_panic_is_the_callers_alone,
    a_stop_drains, a_stop_hands_over,
};
pub use limits::{
    a_deadline_ends_the_wait, expired_work_is_not_begun, handlers_in_flight_are_bounded,
};
pub use notifications::{
    a_panic_is_not_repeated, every_group_is_told_once, given_back_is_told_again,
    nobody_to_tell_is_no_error, notifications_wait_if_durable, unacknowledged_goes_to_another,
};
pub use routing::{a_name_is_one_server, a_topic_is_shared, fanout_reaches_all, nobody_listens};
pub use subject::{Subject, all};

//! The wire format of `oslo.messaging`: bytes to values and back, and nothing else.
//!
//! * `envelope`: the outer form, version 2.0.
//! * `request`: calls and casts, and the keys of ours that they carry.
//! * `reply`: results, failures and heartbeats.
//! * `notification`: notifications.
//! * `context`: the `_context_` keys.
//! * `unreadable`: why bytes are no message.

mod context;
mod envelope;
mod notification;
mod reply;
mod request;
#[cfg(test)]
mod samples;
mod unreadable;

pub(super) use envelope::open;
pub(super) use notification::{read_notification, write_notification};
pub(super) use reply::{Outcome, read_reply, write_reply};
pub(super) use request::{Arrival, Received, RefusedRequest, ReplyTo, read_request, write_request};
pub(super) use unreadable::Unreadable;

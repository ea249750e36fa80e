//! QMP, the protocol of QEMU's monitor: JSON objects, one on a line, over a unix socket.
//!
//! What comes in is from a process that a guest may have taken over, and is treated so: lines are
//! bounded, shapes are checked, and a client that meets anything else closes the connection.

mod client;
mod command;
mod error;
mod line;
mod wire;

pub(super) use client::{Client, EventReader, Missed};
pub(super) use command::{Cont, QueryStatus, Quit, RunState, Stop, SystemPowerdown};
pub use error::QmpError;
pub(super) use wire::Event;

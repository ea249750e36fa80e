//! A message that is sent, as errors tell of it.

use std::borrow::Cow;
use std::time::Duration;

use nova_core::{BoxError, Env, Timestamp};
use tokio::time::Instant;

use super::topology::check_target;
use crate::error::{Error, Result};
use crate::target::Target;

/// What errors tell of a message.
pub(super) struct Outline<'a> {
    pub(super) target: &'a Target,
    pub(super) method: Cow<'static, str>,
    pub(super) deadline: Timestamp,
    pub(super) give_up: Instant,
}

impl<'a> Outline<'a> {
    /// Of a message that is to be sent now.
    pub(super) fn new(
        env: &Env,
        target: &'a Target,
        method: Cow<'static, str>,
        deadline: Timestamp,
    ) -> Result<Self> {
        check_target(target).map_err(|reason| Error::InvalidTarget {
            target: target.clone(),
            reason,
        })?;
        let remaining = deadline.duration_since(env.now());
        let now = Instant::now();
        let outline = Self {
            target,
            method,
            deadline,
            // A year is for ever, and can be added to any instant.
            give_up: now + remaining.min(Duration::from_secs(365 * 24 * 60 * 60)),
        };
        match remaining.is_zero() {
            true => Err(outline.timed_out(false)),
            false => Ok(outline),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.give_up
    }

    pub(super) fn timed_out(&self, may_have_run: bool) -> Error {
        Error::TimedOut {
            target: self.target.clone(),
            method: self.method.clone(),
            deadline: self.deadline,
            may_have_run,
        }
    }

    pub(super) fn no_reply(&self) -> Error {
        Error::NoReply {
            target: self.target.clone(),
            method: self.method.clone(),
        }
    }

    pub(super) fn not_sent(&self, transient: bool, source: BoxError) -> Error {
        Error::NotSent {
            target: self.target.clone(),
            method: self.method.clone(),
            transient,
            source,
        }
    }

    /// The message may have been accepted, and nobody will say.
    pub(super) fn unknown(&self) -> Error {
        match self.is_over() {
            true => self.timed_out(true),
            false => self.no_reply(),
        }
    }
}

//! The repository of actions and their events.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::{HostName, RequestId, ServerId};
use crate::model::{Action, ActionEvent, ActionOutcome, EventName, EventOutcome};

/// Keeps what was done to servers. Actions and their events outlive a soft deletion of their
/// server and go when it is purged. All are kept until then.
///
/// Beginning and finishing may be repeated: the first call counts, and every later one returns
/// what it wrote.
#[async_trait]
pub trait ActionRepository: Debug + Send + Sync {
    /// Adds an action as it is given and returns it. If the server has one of the same request,
    /// that stays as it is and is returned.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if its server is not there.
    async fn action_begin(&self, action: &Action) -> Result<Action>;

    /// Notes how an action ended and returns it. If it has ended before, it stays as it is.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if there is no such action.
    async fn action_finish(
        &self,
        server: ServerId,
        request: &RequestId,
        outcome: &ActionOutcome,
    ) -> Result<Action>;

    /// What a request did to a server.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn action_get(&self, server: ServerId, request: &RequestId) -> Result<Action>;

    /// A page of what was done to a server, the last begun first; of one instant in the reverse
    /// order of the request ids. It is empty for a server that is not there.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if the server has no action of the marker's request.
    async fn actions_of(
        &self,
        server: ServerId,
        page: &PageRequest<RequestId>,
    ) -> Result<Page<Action, RequestId>>;

    /// Adds an event as it is given and returns it. If its action has one of the same name and
    /// host, that stays as it is and is returned.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if its action is not there.
    async fn action_event_begin(&self, event: &ActionEvent) -> Result<ActionEvent>;

    /// Notes how an event ended and returns it. If it has ended before, it stays as it is.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound), of the action, with the id `request/name`, if there
    /// is no such event on that host.
    async fn action_event_finish(
        &self,
        server: ServerId,
        request: &RequestId,
        name: &EventName,
        host: Option<&HostName>,
        outcome: &EventOutcome,
    ) -> Result<ActionEvent>;

    /// The events of an action, the last begun first, at most `limit`; of one instant in the
    /// reverse order of name and then host, one without a host last. None for an action that is
    /// not there.
    async fn action_events_of(
        &self,
        server: ServerId,
        request: &RequestId,
        limit: u32,
    ) -> Result<Vec<ActionEvent>>;
}

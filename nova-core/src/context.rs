//! Who asks, for which project, and until when an answer is of use.

use serde::{Deserialize, Serialize};

use crate::env::{Env, Timestamp};
use crate::id::{ProjectId, RequestId, UserId};

/// The identity and the limits of one request, carried through every role and log line.
///
/// The kit trusts whoever builds a context: authentication is the embedder's, before this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestContext {
    /// The id under which the request is followed.
    pub request_id: RequestId,
    /// Who asks.
    pub user_id: UserId,
    /// For which project.
    pub project_id: ProjectId,
    /// The caller's roles, as the identity service named them.
    pub roles: Vec<String>,
    /// Whether the caller administers the cloud: sees every project, overrides locks.
    pub is_admin: bool,
    /// When the caller stops waiting. Work that has not begun by then is dropped.
    pub deadline: Option<Timestamp>,
}

impl RequestContext {
    /// A context for an ordinary user, with a new request id and no deadline.
    ///
    /// ```
    /// use nova_core::{Env, RequestContext};
    ///
    /// let env = Env::system();
    /// let context = RequestContext::new(&env, "alice".parse()?, "research".parse()?);
    /// assert!(context.request_id.as_str().starts_with("req-"));
    /// assert!(!context.is_admin);
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    pub fn new(env: &Env, user_id: UserId, project_id: ProjectId) -> Self {
        Self {
            request_id: RequestId::generate(env),
            user_id,
            project_id,
            roles: Vec::new(),
            is_admin: false,
            deadline: None,
        }
    }

    /// The same caller as an administrator.
    #[must_use]
    pub fn admin(mut self) -> Self {
        self.is_admin = true;
        if !self.roles.iter().any(|role| role == "admin") {
            self.roles.push("admin".to_owned());
        }
        self
    }

    /// The same request with a deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Timestamp) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Whether the caller may know of things that belong to `project`.
    pub fn can_see(&self, project: &ProjectId) -> bool {
        self.is_admin || self.project_id == *project
    }
}

//! The identity of the roles themselves.

use nova_core::id::{ProjectId, RequestId, UserId};
use nova_core::{Env, RequestContext};

/// The context in which a role acts on its own account.
#[expect(clippy::expect_used, reason = "the names are constants and valid")]
pub(crate) fn service_context(env: &Env, role: &'static str) -> RequestContext {
    RequestContext {
        request_id: RequestId::generate(env),
        user_id: UserId::new(role).expect("a role's name is a user's id"),
        project_id: ProjectId::new("service").expect("it is a project's id"),
        roles: vec!["service".to_owned()],
        is_admin: true,
        deadline: None,
    }
}

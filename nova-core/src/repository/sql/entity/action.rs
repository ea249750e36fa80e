//! Rows of actions.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::ServerId;
use crate::model::{Action, ActionOutcome};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_actions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    pub operation: String,
    pub user_id: String,
    pub project_id: String,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    /// What the outcome says; without meaning while it has not ended.
    pub message: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of an action.
pub(in crate::repository::sql) fn row(action: &Action) -> Result<ActiveModel> {
    let outcome = action.outcome.as_ref();
    Ok(ActiveModel {
        server_id: Set(*action.server_id.as_uuid()),
        request_id: Set(action.request_id.to_string()),
        operation: Set(action.operation.to_string()),
        user_id: Set(action.user_id.to_string()),
        project_id: Set(action.project_id.to_string()),
        started_at: Set(action.started_at.as_micros()),
        finished_at: Set(outcome.map(|outcome| outcome.finished_at.as_micros())),
        message: Set(message(outcome)?),
    })
}

/// What an outcome says, which may have any character in it.
pub(in crate::repository::sql) fn message(outcome: Option<&ActionOutcome>) -> Result<String> {
    let message = outcome.and_then(|outcome| outcome.message.as_ref());
    json::write("action message", &message)
}

impl Model {
    /// The action of the row.
    pub(in crate::repository::sql) fn into_action(self) -> Result<Action, BoxError> {
        let outcome = match self.finished_at {
            Some(at) => Some(ActionOutcome {
                finished_at: Timestamp::from_micros(at),
                message: json::read(&self.message)?,
            }),
            None => None,
        };
        Ok(Action {
            server_id: ServerId::from_uuid(self.server_id),
            request_id: self.request_id.parse()?,
            operation: self.operation.parse()?,
            user_id: self.user_id.parse()?,
            project_id: self.project_id.parse()?,
            started_at: Timestamp::from_micros(self.started_at),
            outcome,
        })
    }
}

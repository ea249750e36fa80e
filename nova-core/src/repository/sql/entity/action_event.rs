//! Rows of events.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::{HostName, ServerId};
use crate::model::{ActionEvent, EventOutcome, EventResult};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_action_events")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub server_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Empty if there is none: NULL cannot be part of a key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub host: String,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    /// What the outcome says; without meaning while it has not ended.
    pub outcome: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What an outcome says, which may have any character in it.
#[derive(Serialize, Deserialize)]
struct Outcome {
    result: EventResult,
    details: Option<String>,
}

/// The row of an event.
pub(in crate::repository::sql) fn row(event: &ActionEvent) -> Result<ActiveModel> {
    let finished_at = event.outcome.as_ref().map(|outcome| outcome.finished_at);
    Ok(ActiveModel {
        server_id: Set(*event.server_id.as_uuid()),
        request_id: Set(event.request_id.to_string()),
        name: Set(event.name.to_string()),
        host: Set(host(event.host.as_ref()).to_owned()),
        started_at: Set(event.started_at.as_micros()),
        finished_at: Set(finished_at.map(Timestamp::as_micros)),
        outcome: Set(outcome(event.outcome.as_ref())?),
    })
}

/// A host as it is in the key.
pub(in crate::repository::sql) fn host(host: Option<&HostName>) -> &str {
    host.map_or("", HostName::as_str)
}

/// What an outcome says.
pub(in crate::repository::sql) fn outcome(outcome: Option<&EventOutcome>) -> Result<String> {
    let text = outcome.map(|outcome| Outcome {
        result: outcome.result,
        details: outcome.details.clone(),
    });
    json::write("event outcome", &text)
}

impl Model {
    /// The event of the row.
    pub(in crate::repository::sql) fn into_event(self) -> Result<ActionEvent, BoxError> {
        let outcome = match self.finished_at {
            Some(at) => {
                let Outcome { result, details } = json::read(&self.outcome)?;
                Some(EventOutcome {
                    finished_at: Timestamp::from_micros(at),
                    result,
                    details,
                })
            }
            None => None,
        };
        Ok(ActionEvent {
            server_id: ServerId::from_uuid(self.server_id),
            request_id: self.request_id.parse()?,
            name: self.name.parse()?,
            host: match self.host.as_str() {
                "" => None,
                host => Some(host.parse()?),
            },
            started_at: Timestamp::from_micros(self.started_at),
            outcome,
        })
    }
}

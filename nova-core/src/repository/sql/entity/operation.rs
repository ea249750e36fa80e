//! Rows of long operations.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::{OperationId, ServerId};
use crate::model::{Generation, Lease, NewOperation, OperationRecord, OperationState};
use crate::repository::operations::Head;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_operations")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub kind: String,
    pub server_id: Option<Uuid>,
    pub request_id: String,
    pub state: String,
    pub unfinished: bool,
    pub step: i64,
    pub step_name: String,
    pub payload: String,
    pub owner: Option<String>,
    /// Until when it is leased; [`UNLEASED`] if nobody has a lease.
    pub lease_until: i64,
    pub attempts: i64,
    pub error: Option<String>,
    pub created_at: i64,
    pub updated_at: i64,
    /// When it was last saved, if it is finished.
    pub finished_at: Option<i64>,
    pub generation: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The end of a lease that nobody has: always past.
pub(in crate::repository::sql) const UNLEASED: i64 = i64::MIN;

/// The texts of the states in which a record may be acquired.
pub(in crate::repository::sql) fn runnable() -> impl Iterator<Item = &'static str> {
    OperationState::ALL
        .iter()
        .filter(|state| state.is_runnable())
        .map(|state| state.as_str())
}

/// The row of a record.
pub(in crate::repository::sql) fn row(record: &OperationRecord) -> Result<ActiveModel> {
    let finished = record.state.is_finished();
    let error = record.error.as_ref();
    Ok(ActiveModel {
        id: Set(*record.id.as_uuid()),
        kind: Set(record.kind.to_string()),
        server_id: Set(record.server_id.map(|server| *server.as_uuid())),
        request_id: Set(record.request_id.to_string()),
        state: Set(record.state.to_string()),
        unfinished: Set(!finished),
        step: Set(i64::from(record.step)),
        step_name: Set(record.step_name.to_string()),
        payload: Set(json::write("operation payload", &record.payload)?),
        owner: Set(record.owner().map(ToString::to_string)),
        lease_until: Set(record
            .lease
            .as_ref()
            .map_or(UNLEASED, |lease| lease.until.as_micros())),
        attempts: Set(i64::from(record.attempts)),
        error: Set(error
            .map(|error| json::write("operation error", error))
            .transpose()?),
        created_at: Set(record.created_at.as_micros()),
        updated_at: Set(record.updated_at.as_micros()),
        finished_at: Set(finished.then_some(record.updated_at.as_micros())),
        generation: Set(record.generation.get().cast_signed()),
    })
}

impl Model {
    /// The record of the row.
    pub(in crate::repository::sql) fn into_record(self) -> Result<OperationRecord, BoxError> {
        let new = NewOperation {
            id: OperationId::from_uuid(self.id),
            kind: self.kind.parse()?,
            server_id: self.server_id.map(ServerId::from_uuid),
            request_id: self.request_id.parse()?,
            step_name: self.step_name.parse()?,
            payload: json::read(&self.payload)?,
            lease: lease(self.owner, self.lease_until)?,
        };
        Ok(OperationRecord {
            state: self.state.parse()?,
            step: u32::try_from(self.step)?,
            attempts: u32::try_from(self.attempts)?,
            error: self.error.as_deref().map(json::read).transpose()?,
            updated_at: Timestamp::from_micros(self.updated_at),
            generation: Generation::new(self.generation.cast_unsigned()),
            ..OperationRecord::begin(new, Timestamp::from_micros(self.created_at))
        })
    }
}

/// The columns of a [`Head`], in the order of [`HeadRow`].
pub(in crate::repository::sql) const HEAD: [Column; 9] = [
    Column::Kind,
    Column::ServerId,
    Column::RequestId,
    Column::State,
    Column::Owner,
    Column::LeaseUntil,
    Column::Attempts,
    Column::CreatedAt,
    Column::Generation,
];

/// A row without what may be long.
pub(in crate::repository::sql) type HeadRow = (
    String,
    Option<Uuid>,
    String,
    String,
    Option<String>,
    i64,
    i64,
    i64,
    i64,
);

/// What the row says.
pub(in crate::repository::sql) fn head(row: HeadRow) -> Result<Head, BoxError> {
    let (kind, server_id, request_id, state, owner, until, attempts, created_at, generation) = row;
    Ok(Head {
        kind: kind.parse()?,
        server_id: server_id.map(ServerId::from_uuid),
        request_id: request_id.parse()?,
        state: state.parse()?,
        lease: lease(owner, until)?,
        attempts: u32::try_from(attempts)?,
        created_at: Timestamp::from_micros(created_at),
        generation: Generation::new(generation.cast_unsigned()),
    })
}

fn lease(owner: Option<String>, until: i64) -> Result<Option<Lease>, BoxError> {
    Ok(match owner {
        Some(owner) => Some(Lease {
            owner: owner.parse()?,
            until: Timestamp::from_micros(until),
        }),
        None => None,
    })
}

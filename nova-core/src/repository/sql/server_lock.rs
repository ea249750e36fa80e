//! The lock of a server's row.
//!
//! Whoever adds something to a server of which it may have only so much, or only one of a kind,
//! locks the server's row before it counts: then nobody else adds. Everybody locks the server
//! first and what belongs to it afterwards, as the purge of a server does.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::entity::server::{Column, Entity};
use super::op::Op;
use crate::error::Result;
use crate::id::ServerId;

/// Locks the row to the end of the transaction. Returns whether it is there.
pub(super) async fn lock_server(
    db: &impl ConnectionTrait,
    server: ServerId,
    op: Op,
) -> Result<bool> {
    let found: Option<Uuid> = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Id.eq(*server.as_uuid()))
        .lock_exclusive()
        .into_tuple()
        .one(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(found.is_some())
}

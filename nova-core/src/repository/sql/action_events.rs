//! The events of actions in SQL.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::action_event::{self, Column, Entity, row};
use super::op::{Op, is_orphan, is_taken};
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, RequestId, ServerId};
use crate::model::{ActionEvent, EventName, EventOutcome};

/// Adds an event, or returns the one that is there.
pub(super) async fn begin(store: &SqlStore, event: &ActionEvent) -> Result<ActionEvent> {
    let op = store.op("begin an event");
    let row = row(event)?;
    let key = key(
        event.server_id,
        &event.request_id,
        &event.name,
        event.host.as_ref(),
    );
    store
        .retried(|| async {
            let insert = Entity::insert(row.clone());
            let inserted = {
                let _turn = store.turn().await;
                insert.exec_without_returning(&store.db).await
            };
            match inserted {
                Ok(_) => Ok(event.clone()),
                Err(error) if is_taken(&error) => {
                    let held = read(store, key.clone(), op).await?;
                    // If it is not there, it was purged in between.
                    held.ok_or_else(|| op.interrupted())
                }
                Err(error) if is_orphan(&error) => {
                    Err(Error::not_found(ObjectKind::Action, &event.request_id))
                }
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
}

/// Notes how an event ended, if that is not noted.
pub(super) async fn finish(
    store: &SqlStore,
    server: ServerId,
    request: &RequestId,
    name: &EventName,
    host: Option<&HostName>,
    outcome: &EventOutcome,
) -> Result<ActionEvent> {
    let op = store.op("finish an event");
    let key = key(server, request, name, host);
    let update = Entity::update_many()
        .col_expr(
            Column::FinishedAt,
            Expr::value(outcome.finished_at.as_micros()),
        )
        .col_expr(
            Column::Outcome,
            Expr::value(action_event::outcome(Some(outcome))?),
        )
        .filter(key.clone())
        .filter(Column::FinishedAt.is_null());
    store
        .retried(|| async {
            let _turn = store.turn().await;
            let done = update.clone().exec(&store.db).await;
            done.map_err(|error| op.failed(error))
        })
        .await?;
    read(store, key, op)
        .await?
        .ok_or_else(|| Error::not_found(ObjectKind::Action, format!("{request}/{name}")))
}

/// The newest events of an action.
pub(super) async fn of(
    store: &SqlStore,
    server: ServerId,
    request: &RequestId,
    limit: u32,
) -> Result<Vec<ActionEvent>> {
    let op = store.op("read the events of an action");
    let rows = Entity::find()
        .filter(Column::ServerId.eq(*server.as_uuid()))
        .filter(Column::RequestId.eq(request.as_str()))
        .order_by_desc(Column::StartedAt)
        .order_by_desc(Column::Name)
        .order_by_desc(Column::Host)
        .limit(u64::from(limit))
        .all(&store.db)
        .await
        .map_err(|error| op.failed(error))?;
    rows.into_iter()
        .map(|row| row.into_event().map_err(|error| op.corrupt(error)))
        .collect()
}

async fn read(store: &SqlStore, key: Condition, op: Op) -> Result<Option<ActionEvent>> {
    let found = Entity::find().filter(key).one(&store.db).await;
    let row = found.map_err(|error| op.failed(error))?;
    row.map(|row| row.into_event().map_err(|error| op.corrupt(error)))
        .transpose()
}

fn key(
    server: ServerId,
    request: &RequestId,
    name: &EventName,
    host: Option<&HostName>,
) -> Condition {
    Condition::all()
        .add(Column::ServerId.eq(*server.as_uuid()))
        .add(Column::RequestId.eq(request.as_str()))
        .add(Column::Name.eq(name.as_str()))
        .add(Column::Host.eq(action_event::host(host)))
}

//! Actions in SQL. Their events are in `action_events`.

use async_trait::async_trait;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::action_events;
use super::entity::action::{Column, Entity, message, row};
use super::op::{Op, is_orphan, is_taken};
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, RequestId, ServerId};
use crate::model::{Action, ActionEvent, ActionOutcome, EventName, EventOutcome};
use crate::repository::{ActionRepository, Page, PageRequest};

#[async_trait]
impl ActionRepository for SqlStore {
    async fn action_begin(&self, action: &Action) -> Result<Action> {
        let op = self.op("begin an action");
        let row = row(action)?;
        self.retried(|| async {
            let insert = Entity::insert(row.clone());
            let inserted = {
                let _turn = self.turn().await;
                insert.exec_without_returning(&self.db).await
            };
            match inserted {
                Ok(_) => Ok(action.clone()),
                Err(error) if is_taken(&error) => {
                    let held = self.action_row(action.server_id, &action.request_id, op);
                    held.await.map_err(|error| match error {
                        // Purged in between.
                        Error::NotFound { .. } => op.interrupted(),
                        error => error,
                    })
                }
                Err(error) if is_orphan(&error) => {
                    Err(Error::not_found(ObjectKind::Server, action.server_id))
                }
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
    }

    async fn action_finish(
        &self,
        server: ServerId,
        request: &RequestId,
        outcome: &ActionOutcome,
    ) -> Result<Action> {
        let op = self.op("finish an action");
        let update = Entity::update_many()
            .col_expr(
                Column::FinishedAt,
                Expr::value(outcome.finished_at.as_micros()),
            )
            .col_expr(Column::Message, Expr::value(message(Some(outcome))?))
            .filter(key(server, request))
            .filter(Column::FinishedAt.is_null());
        self.retried(|| async {
            let _turn = self.turn().await;
            let done = update.clone().exec(&self.db).await;
            done.map_err(|error| op.failed(error))
        })
        .await?;
        self.action_row(server, request, op).await
    }

    async fn action_get(&self, server: ServerId, request: &RequestId) -> Result<Action> {
        let op = self.op("read an action");
        self.action_row(server, request, op).await
    }

    async fn actions_of(
        &self,
        server: ServerId,
        page: &PageRequest<RequestId>,
    ) -> Result<Page<Action, RequestId>> {
        let op = self.op("list the actions of a server");
        let mut condition = Condition::all().add(Column::ServerId.eq(*server.as_uuid()));
        if let Some(marker) = page.marker() {
            let started_at = self.action_row(server, marker, op).await?.started_at;
            // The first condition is for the index, the second for those of the same instant.
            condition = condition
                .add(Column::StartedAt.lte(started_at.as_micros()))
                .add(
                    Condition::any()
                        .add(Column::StartedAt.lt(started_at.as_micros()))
                        .add(Column::RequestId.lt(marker.as_str())),
                );
        }
        let rows = Entity::find()
            .filter(condition)
            .order_by_desc(Column::StartedAt)
            .order_by_desc(Column::RequestId)
            .limit(u64::from(page.limit()) + 1)
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let actions = rows
            .into_iter()
            .map(|row| row.into_action().map_err(|e| op.corrupt(e)));
        super::server_list::cut(actions, page.limit(), |action| action.request_id.clone())
    }

    async fn action_event_begin(&self, event: &ActionEvent) -> Result<ActionEvent> {
        action_events::begin(self, event).await
    }

    async fn action_event_finish(
        &self,
        server: ServerId,
        request: &RequestId,
        name: &EventName,
        host: Option<&HostName>,
        outcome: &EventOutcome,
    ) -> Result<ActionEvent> {
        action_events::finish(self, server, request, name, host, outcome).await
    }

    async fn action_events_of(
        &self,
        server: ServerId,
        request: &RequestId,
        limit: u32,
    ) -> Result<Vec<ActionEvent>> {
        action_events::of(self, server, request, limit).await
    }
}

impl SqlStore {
    async fn action_row(&self, server: ServerId, request: &RequestId, op: Op) -> Result<Action> {
        let found = Entity::find().filter(key(server, request)).one(&self.db);
        match found.await.map_err(|error| op.failed(error))? {
            Some(row) => row.into_action().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Action, request)),
        }
    }
}

fn key(server: ServerId, request: &RequestId) -> Condition {
    Condition::all()
        .add(Column::ServerId.eq(*server.as_uuid()))
        .add(Column::RequestId.eq(request.as_str()))
}

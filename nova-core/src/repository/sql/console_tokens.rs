//! Console tokens in SQL.

use async_trait::async_trait;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::console_token::{ActiveModel, Column, Entity, row};
use super::op::{Op, is_taken};
use super::server_lock::lock_server;
use super::store::SqlStore;
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::{ConsoleAccess, ConsoleTokenHash};
use crate::repository::ConsoleTokenRepository;

/// How many tokens one statement purges: every database takes so many parameters.
const PURGED_AT_ONCE: u64 = 500;

#[async_trait]
impl ConsoleTokenRepository for SqlStore {
    async fn console_token_save(&self, access: &ConsoleAccess) -> Result<()> {
        let op = self.op("keep a console token");
        let row = row(access)?;
        self.retried(|| self.keep_token(access, row.clone(), op))
            .await
    }

    async fn console_token_authorize(
        &self,
        token: &ConsoleTokenHash,
        now: Timestamp,
    ) -> Result<ConsoleAccess> {
        let op = self.op("look for a console token");
        // Not with the expiry: a database may go through all that are not expired.
        let found = Entity::find_by_id(token.to_string()).one(&self.db).await;
        let access = found
            .map_err(|error| op.failed(error))?
            .map(|row| row.into_access().map_err(|error| op.corrupt(error)))
            .transpose()?;
        access
            .filter(|access| !access.is_expired(now))
            .ok_or_else(|| Error::not_found(ObjectKind::ConsoleToken, token))
    }

    async fn console_token_delete_of(&self, server: ServerId) -> Result<u64> {
        let op = self.op("delete the console tokens of a server");
        self.retried(|| async {
            let _turn = self.turn().await;
            let deleted = Entity::delete_many()
                .filter(Column::ServerId.eq(*server.as_uuid()))
                .exec(&self.db)
                .await;
            Ok(deleted.map_err(|error| op.failed(error))?.rows_affected)
        })
        .await
    }

    async fn console_token_purge_expired(&self, now: Timestamp, limit: u32) -> Result<u64> {
        let op = self.op("purge expired console tokens");
        let mut purged = 0;
        while purged < u64::from(limit) {
            let wanted = PURGED_AT_ONCE.min(u64::from(limit) - purged);
            let (found, gone) = self.retried(|| self.purge_tokens(now, wanted, op)).await?;
            purged += gone;
            if found < wanted {
                break;
            }
        }
        Ok(purged)
    }
}

impl SqlStore {
    async fn keep_token(&self, access: &ConsoleAccess, row: ActiveModel, op: Op) -> Result<()> {
        let transaction = self.begin(op).await?;
        let outcome = async {
            // The server first, so that every store finds the same fault first.
            if !lock_server(&transaction.db, access.server_id, op).await? {
                return Err(Error::not_found(ObjectKind::Server, access.server_id));
            }
            let insert = Entity::insert(row);
            match insert.exec_without_returning(&transaction.db).await {
                Ok(_) => Ok(()),
                Err(error) if is_taken(&error) => Err(Error::already_exists(
                    ObjectKind::ConsoleToken,
                    access.token_hash,
                )),
                Err(error) => Err(op.failed(error)),
            }
        }
        .await;
        transaction.end(outcome).await
    }

    /// Purges at most so many; returns how many it found, and how many it and nobody else purged.
    async fn purge_tokens(&self, now: Timestamp, wanted: u64, op: Op) -> Result<(u64, u64)> {
        let _turn = self.turn().await;
        let hashes: Vec<String> = Entity::find()
            .select_only()
            .column(Column::Hash)
            .filter(Column::ExpiresAt.lte(now.as_micros()))
            .order_by_asc(Column::ExpiresAt)
            .order_by_asc(Column::Hash)
            .limit(wanted)
            .into_tuple()
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let found = u64::try_from(hashes.len()).unwrap_or(u64::MAX);
        if hashes.is_empty() {
            return Ok((0, 0));
        }
        let done = Entity::delete_many()
            .filter(Column::Hash.is_in(hashes))
            .exec(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        Ok((found, done.rows_affected))
    }
}

//! Key pairs in SQL.
//!
//! Whoever adds a key pair locks the row of its user first, so that counting them is safe.

use async_trait::async_trait;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::key_pair::{Column, Entity, row};
use super::entity::key_pair_owner as owner;
use super::op::Op;
use super::server_list::cut;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::UserId;
use crate::model::{KeyPair, KeyPairName};
use crate::repository::{KeyPairRepository, Page, PageRequest};

#[async_trait]
impl KeyPairRepository for SqlStore {
    async fn key_pair_create(&self, pair: &KeyPair, limit: Option<u32>) -> Result<()> {
        let op = self.op("create a key pair");
        self.retried(|| async {
            let transaction = self.begin(op).await?;
            let outcome = create(&transaction.db, pair, limit, op).await;
            transaction.end(outcome).await
        })
        .await
    }

    async fn key_pair_get(&self, user: &UserId, name: &KeyPairName) -> Result<KeyPair> {
        let op = self.op("read a key pair");
        let found = Entity::find_by_id(key(user, name)).one(&self.db).await;
        match found.map_err(|error| op.failed(error))? {
            Some(row) => row.into_key_pair().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::KeyPair, name)),
        }
    }

    async fn key_pair_list(
        &self,
        user: &UserId,
        page: &PageRequest<KeyPairName>,
    ) -> Result<Page<KeyPair, KeyPairName>> {
        let op = self.op("list key pairs");
        let mut select = Entity::find().filter(Column::UserId.eq(user.as_str()));
        if let Some(marker) = page.marker() {
            select = select.filter(Column::Name.gt(marker.as_str()));
        }
        let rows = select
            .order_by_asc(Column::Name)
            .limit(u64::from(page.limit()) + 1)
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let pairs = rows
            .into_iter()
            .map(|row| row.into_key_pair().map_err(|e| op.corrupt(e)));
        cut(pairs, page.limit(), |pair| pair.name.clone())
    }

    async fn key_pair_delete(&self, user: &UserId, name: &KeyPairName) -> Result<bool> {
        let op = self.op("delete a key pair");
        self.retried(|| async {
            let _turn = self.turn().await;
            let deleted = Entity::delete_by_id(key(user, name)).exec(&self.db).await;
            Ok(deleted.map_err(|error| op.failed(error))?.rows_affected > 0)
        })
        .await
    }
}

fn key(user: &UserId, name: &KeyPairName) -> (String, String) {
    (user.to_string(), name.to_string())
}

async fn create(
    db: &impl ConnectionTrait,
    pair: &KeyPair,
    limit: Option<u32>,
    op: Op,
) -> Result<()> {
    let failed = |error| op.failed(error);
    // Added or there already, the row is locked from here on.
    owner::Entity::insert(owner::row(&pair.user_id))
        .on_conflict(
            OnConflict::column(owner::Column::UserId)
                .update_column(owner::Column::UserId)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await
        .map_err(failed)?;
    let same = Entity::find_by_id(key(&pair.user_id, &pair.name));
    if same.count(db).await.map_err(failed)? > 0 {
        return Err(Error::already_exists(ObjectKind::KeyPair, &pair.name));
    }
    if let Some(limit) = limit {
        let of_user = Entity::find().filter(Column::UserId.eq(pair.user_id.as_str()));
        if of_user.count(db).await.map_err(failed)? >= u64::from(limit) {
            let kind = ObjectKind::KeyPair;
            return Err(Error::limit_exceeded(kind, &pair.user_id, limit));
        }
    }
    Entity::insert(row(pair))
        .exec_without_returning(db)
        .await
        .map_err(failed)?;
    Ok(())
}

//! Creating servers, with all that belongs to it in one transaction.

use std::collections::BTreeSet;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::charge::{charge, prepare, refusal};
use super::chunks::chunks;
use super::claim::{self, Undo};
use super::entity::server::{ActiveModel, Column, Entity, row};
use super::op::{Op, is_taken};
use super::store::SqlStore;
use super::{server_tags, used};
use crate::error::{Error, ObjectKind, Result};
use crate::id::ProjectId;
use crate::model::{Claim, QuotaCharge, Server};
use crate::repository::ServerBatch;

/// How many ids one statement looks for.
const IDS_AT_ONCE: usize = 500;

/// Why a batch is undone.
enum Stop {
    /// A server's id is taken.
    Taken,
    /// A project has not enough quota left.
    Quota(ProjectId, QuotaCharge),
    /// What is claimed cannot be held.
    Claim(Undo),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Claim(Undo::Failed(error))
    }
}

/// Creates the servers, charges their projects and holds what is claimed.
pub(super) async fn create(store: &SqlStore, batch: &ServerBatch, op: Op) -> Result<()> {
    batch.validate()?;
    // In the order of their ids, whatever that of the batch: two of the same do not deadlock.
    let mut servers: Vec<&Server> = batch.servers.iter().collect();
    servers.sort_unstable_by_key(|server| server.id);
    let rows: Vec<ActiveModel> = servers.into_iter().map(row).collect::<Result<_>>()?;
    store
        .retried(|| async {
            // A second time where a project is charged for the first time.
            match create_once(store, batch, &rows, op).await {
                Err(error) if op.is_interrupted(&error) => {
                    create_once(store, batch, &rows, op).await
                }
                done => done,
            }
        })
        .await
}

async fn create_once(
    store: &SqlStore,
    batch: &ServerBatch,
    rows: &[ActiveModel],
    op: Op,
) -> Result<()> {
    let mut claims: Vec<&Claim> = batch.claims.iter().collect();
    loop {
        let transaction = store.begin(op).await?;
        let stop = match enter(&transaction.db, batch, rows, &claims, op).await {
            Ok(()) => return transaction.end(Ok(())).await,
            Err(stop) => stop,
        };
        transaction.undo().await;
        if !matches!(stop, Stop::Claim(Undo::Failed(_))) {
            refuse_taken(store, batch, op).await?;
        }
        match stop {
            // Removed in between.
            Stop::Taken => return Err(op.interrupted()),
            Stop::Quota(project, more) => {
                let refusal = refusal(store, &project, &more, op).await;
                if op.is_interrupted(&refusal) {
                    // The others may be as new as this one.
                    prepare(store, batch.charges().into_keys(), op).await?;
                }
                return Err(refusal);
            }
            Stop::Claim(Undo::Failed(error)) => return Err(error),
            Stop::Claim(Undo::Short(wanted)) => {
                return Err(used::shortage(store, &wanted, op).await);
            }
            Stop::Claim(Undo::Taken) => {
                let before = claims.len();
                let mut new = Vec::new();
                for claim in claims {
                    if !claim::is_granted(store, claim, op).await? {
                        new.push(claim);
                    }
                }
                if new.len() == before {
                    return Err(op.interrupted());
                }
                claims = new;
            }
        }
    }
}

async fn enter(
    db: &impl ConnectionTrait,
    batch: &ServerBatch,
    rows: &[ActiveModel],
    claims: &[&Claim],
    op: Op,
) -> Result<(), Stop> {
    for rows in chunks(rows.to_vec()) {
        match Entity::insert_many(rows).exec_without_returning(db).await {
            Ok(_) => {}
            Err(error) if is_taken(&error) => return Err(Stop::Taken),
            Err(error) => return Err(op.failed(error).into()),
        }
    }
    server_tags::insert(db, &batch.servers, op).await?;
    for (project, charged) in batch.charges() {
        if !charge(db, project, &QuotaCharge::none(), &charged, op).await? {
            return Err(Stop::Quota(project.clone(), charged));
        }
    }
    if claims.is_empty() {
        return Ok(());
    }
    claim::hold(db, claims, op).await.map_err(Stop::Claim)
}

/// Refuses a batch of which an id is taken: the first.
async fn refuse_taken(store: &SqlStore, batch: &ServerBatch, op: Op) -> Result<()> {
    for servers in batch.servers.chunks(IDS_AT_ONCE) {
        let ids = servers.iter().map(|server| *server.id.as_uuid());
        let taken: Vec<Uuid> = Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::Id.is_in(ids))
            .into_tuple()
            .all(&store.db)
            .await
            .map_err(|error| op.failed(error))?;
        let taken: BTreeSet<Uuid> = taken.into_iter().collect();
        let first = servers
            .iter()
            .find(|server| taken.contains(server.id.as_uuid()));
        if let Some(server) = first {
            return Err(Error::already_exists(ObjectKind::Server, server.id));
        }
    }
    Ok(())
}

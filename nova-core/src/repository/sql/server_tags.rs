//! The tags of servers in SQL: rows beside the server's own, to look for.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};

use super::chunks::chunks;
use super::entity::server;
use super::entity::server_tag::{ActiveModel, Column, Entity, row};
use super::op::Op;
use crate::error::Result;
use crate::id::ServerId;
use crate::model::{Server, Tag, Tags};
use crate::repository::ServerFilter;

/// Adds the rows of new servers.
pub(super) async fn insert(db: &impl ConnectionTrait, servers: &[Server], op: Op) -> Result<()> {
    let mut rows = Vec::new();
    for server in servers {
        rows.extend(server.tags.iter().map(|tag| row(server.id, tag)));
    }
    insert_all(db, rows, op).await
}

/// Brings the rows from what they were to what they are.
pub(super) async fn replace(
    db: &impl ConnectionTrait,
    server: ServerId,
    old: &Tags,
    new: &Tags,
    op: Op,
) -> Result<()> {
    let gone = old.iter().filter(|tag| !new.contains(tag));
    let gone: Vec<&str> = gone.map(Tag::as_str).collect();
    if !gone.is_empty() {
        Entity::delete_many()
            .filter(Column::ServerId.eq(*server.as_uuid()))
            .filter(Column::Tag.is_in(gone))
            .exec(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    let added = new.iter().filter(|tag| !old.contains(tag));
    let rows = added.map(|tag| row(server, tag)).collect();
    insert_all(db, rows, op).await
}

async fn insert_all(db: &impl ConnectionTrait, rows: Vec<ActiveModel>, op: Op) -> Result<()> {
    for rows in chunks(rows) {
        Entity::insert_many(rows)
            .exec_without_returning(db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    Ok(())
}

/// The conditions of a filter on tags.
pub(super) fn condition(filter: &ServerFilter) -> Condition {
    let mut all = Condition::all();
    // As sets of ids, so that a rare tag can be where the search begins.
    for tag in &filter.tags {
        all = all.add(server::Column::Id.in_subquery(servers_with([tag])));
    }
    if !filter.tags_any.is_empty() {
        all = all.add(server::Column::Id.in_subquery(servers_with(&filter.tags_any)));
    }
    // As questions to each server: most of them pass.
    if !filter.not_tags.is_empty() {
        let has = |tag| Expr::exists(of_server([tag]));
        let has_all = filter.not_tags.iter().map(has);
        all = all.add(has_all.fold(Condition::all(), Condition::add).not());
    }
    if !filter.not_tags_any.is_empty() {
        all = all.add(Expr::exists(of_server(&filter.not_tags_any)).not());
    }
    all
}

fn servers_with<'a>(tags: impl IntoIterator<Item = &'a Tag>) -> SelectStatement {
    Query::select()
        .column(Column::ServerId)
        .from(Entity)
        .and_where(Column::Tag.is_in(tags.into_iter().map(Tag::as_str)))
        .to_owned()
}

fn of_server<'a>(tags: impl IntoIterator<Item = &'a Tag>) -> SelectStatement {
    let server = Expr::col((Entity, Column::ServerId));
    Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(server.equals((server::Entity, server::Column::Id)))
        .and_where(Column::Tag.is_in(tags.into_iter().map(Tag::as_str)))
        .to_owned()
}

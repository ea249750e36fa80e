//! Which deleted servers may go, in SQL.

use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::entity::consumer;
use super::entity::server::{Column, Entity};
use crate::env::Timestamp;

/// Deleted before that time, and holding nothing on any host.
pub(super) fn removable(before: Timestamp) -> Condition {
    Condition::all()
        .add(Column::DeletedAt.lt(before.as_micros()))
        .add(holds_nothing())
}

/// At most so many that may go, the longest deleted first.
pub(super) fn longest_deleted(before: Timestamp, limit: u64) -> Select<Entity> {
    Entity::find()
        .filter(removable(before))
        .order_by_asc(Column::DeletedAt)
        .order_by_asc(Column::Id)
        .limit(limit)
}

/// Whether a server holds nothing on any host, nor a migration for it.
pub(super) fn holds_nothing() -> Expr {
    let itself = Expr::exists(consumers(consumer::Column::Id));
    let migrations = Expr::exists(consumers(consumer::Column::ServerId));
    itself.not().and(migrations.not())
}

/// The consumers of which that column is the server.
fn consumers(column: consumer::Column) -> SelectStatement {
    Query::select()
        .expr(Expr::val(1))
        .from(consumer::Entity)
        .and_where(Expr::col((consumer::Entity, column)).equals((Entity, Column::Id)))
        .to_owned()
}

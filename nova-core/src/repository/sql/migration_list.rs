//! Pages of migrations.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::entity::migration::{Column, Entity};
use super::op::Op;
use super::server_list::cut;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{HostName, MigrationId};
use crate::model::Migration;
use crate::repository::{MigrationFilter, Page, PageRequest};

/// Reads a page.
pub(super) async fn page(
    store: &SqlStore,
    filter: &MigrationFilter,
    page: &PageRequest<MigrationId>,
) -> Result<Page<Migration, MigrationId>> {
    let op = store.op("list migrations");
    let mut condition = condition(filter);
    if let Some(marker) = page.marker() {
        condition = condition.add(after(store, *marker, op).await?);
    }
    let rows = match &filter.host {
        Some(host) => {
            let transaction = store.begin_read(op).await?;
            let outcome = of_host(&transaction.db, &condition, host, page.limit(), op).await;
            transaction.end(outcome).await?
        }
        None => {
            let order = Order::of(filter, store.db.get_database_backend());
            read(&store.db, condition, page.limit(), order, op).await?
        }
    };
    cut(rows.into_iter().map(Ok), page.limit(), |migration| {
        migration.id
    })
}

/// What comes after the marker, whose place in the order never changes.
async fn after(store: &SqlStore, marker: MigrationId, op: Op) -> Result<Condition> {
    let created_at: Option<i64> = Entity::find_by_id(*marker.as_uuid())
        .select_only()
        .column(Column::CreatedAt)
        .into_tuple()
        .one(&store.db)
        .await
        .map_err(|error| op.failed(error))?;
    let Some(created_at) = created_at else {
        return Err(Error::not_found(ObjectKind::Migration, marker));
    };
    // The first condition is for the index, the second for those of the same instant.
    Ok(Condition::all().add(Column::CreatedAt.gte(created_at)).add(
        Condition::any()
            .add(Column::CreatedAt.gt(created_at))
            .add(Column::Id.gt(*marker.as_uuid())),
    ))
}

/// Those from the host and those to it, each in the order of an index, put together.
async fn of_host(
    db: &impl ConnectionTrait,
    condition: &Condition,
    host: &HostName,
    limit: u32,
    op: Op,
) -> Result<Vec<Migration>> {
    let from_it = condition.clone().add(Column::SourceHost.eq(host.as_str()));
    let to_it = condition
        .clone()
        .add(Column::DestHost.eq(host.as_str()))
        .add(Column::SourceHost.ne(host.as_str()));
    let mut rows = read(db, from_it, limit, Order::ByIndex, op).await?;
    rows.extend(read(db, to_it, limit, Order::ByIndex, op).await?);
    rows.sort_by_key(|migration| (migration.created_at, migration.id));
    Ok(rows)
}

/// One more than the limit, to know whether there are more.
async fn read(
    db: &impl ConnectionTrait,
    condition: Condition,
    limit: u32,
    order: Order,
    op: Op,
) -> Result<Vec<Migration>> {
    let select = Entity::find().filter(condition);
    let select = match order {
        Order::ByIndex => select.order_by_asc(Column::CreatedAt),
        Order::Sorted => select.order_by_asc(Expr::col(Column::CreatedAt).add(0)),
    };
    let rows = select
        .order_by_asc(Column::Id)
        .limit(u64::from(limit) + 1)
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    rows.into_iter()
        .map(|row| row.into_migration().map_err(|error| op.corrupt(error)))
        .collect()
}

/// Where the order comes from.
#[derive(Clone, Copy)]
enum Order {
    /// From an index, if the database likes.
    ByIndex,
    /// From sorting what an index for the conditions finds.
    Sorted,
}

impl Order {
    /// SQLite and PostgreSQL would rather walk through all migrations in their order, to find the
    /// few that changed among the last, than sort them. Other conditions have indexes that are in
    /// order.
    fn of(filter: &MigrationFilter, backend: DbBackend) -> Self {
        let only_changed = MigrationFilter {
            changed_since: filter.changed_since,
            ..MigrationFilter::default()
        };
        let walks = matches!(backend, DbBackend::Sqlite | DbBackend::Postgres);
        if walks && filter.changed_since.is_some() && *filter == only_changed {
            Self::Sorted
        } else {
            Self::ByIndex
        }
    }
}

/// Every condition but that of the host.
fn condition(filter: &MigrationFilter) -> Condition {
    let MigrationFilter {
        server,
        host: _,
        statuses,
        kind,
        in_progress,
        project,
        changed_since,
    } = filter;
    Condition::all()
        .add_option(server.map(|server| Column::ServerId.eq(*server.as_uuid())))
        .add_option(
            statuses.as_ref().map(|statuses| {
                Column::Status.is_in(statuses.iter().map(|status| status.as_str()))
            }),
        )
        .add_option(kind.map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(in_progress.then(|| Column::InProgress.eq(true)))
        .add_option(
            project
                .as_ref()
                .map(|project| Column::ProjectId.eq(project.as_str())),
        )
        .add_option(changed_since.map(|since| Column::UpdatedAt.gte(since.as_micros())))
}

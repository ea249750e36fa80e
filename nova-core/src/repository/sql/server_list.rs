//! Pages of servers.

use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, Order, QueryFilter, QueryOrder,
    QuerySelect, Select, Value,
};
use uuid::Uuid;

use super::entity::server::{Column, Entity, Flavors, Placed};
use super::op::Op;
use super::server_condition::{Steering, condition};
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::Server;
use crate::repository::{
    Page, PageRequest, ServerFilter, ServerSort, ServerSortKey, SortDirection,
};

/// Reads a page.
pub(super) async fn page(
    store: &SqlStore,
    filter: &ServerFilter,
    sort: ServerSort,
    page: &PageRequest<ServerId>,
) -> Result<Page<Server, ServerId>> {
    let op = store.op("list servers");
    filter.check()?;
    let rows = select(store, filter, sort, page, op)
        .await?
        .into_model::<Placed>()
        .all(&store.db)
        .await
        .map_err(|error| op.failed(error))?;
    let mut flavors = Flavors::default();
    let servers = rows.into_iter().map(|Placed(row)| {
        let server = row.into_server_of(&mut flavors);
        server.map_err(|error| op.corrupt(error))
    });
    cut(servers, page.limit(), |server| server.id)
}

/// The statement that reads a page, and one server more to know whether there is another.
pub(super) async fn select(
    store: &SqlStore,
    filter: &ServerFilter,
    sort: ServerSort,
    page: &PageRequest<ServerId>,
    op: Op,
) -> Result<Select<Entity>> {
    let column = column(sort.key);
    let backend = store.db.get_database_backend();
    let steering = Steering::of(filter, sort, backend);
    let mut condition = condition(filter, backend, steering);
    if let Some(marker) = page.marker() {
        let key = key(store, column, *marker, op).await?;
        condition = condition.add(after(
            column,
            sort.direction,
            key,
            *marker.as_uuid(),
            steering,
        ));
    }
    let order = match sort.direction {
        SortDirection::Ascending => Order::Asc,
        SortDirection::Descending => Order::Desc,
    };
    Ok(Entity::find()
        .filter(condition)
        .order_by(steering.order(column), order.clone())
        .order_by(Column::Id, order)
        .limit(u64::from(page.limit()) + 1))
}

fn column(key: ServerSortKey) -> Column {
    match key {
        ServerSortKey::CreatedAt => Column::CreatedAt,
        ServerSortKey::UpdatedAt => Column::UpdatedAt,
        ServerSortKey::Name => Column::Name,
    }
}

/// What the marker's server is ordered by.
async fn key(store: &SqlStore, column: Column, marker: ServerId, op: Op) -> Result<Value> {
    let row = Entity::find_by_id(*marker.as_uuid())
        .select_only()
        .column(column);
    let found = match column {
        Column::Name => {
            let name = row.into_tuple::<String>().one(&store.db).await;
            name.map(|name| name.map(Value::from))
        }
        _ => {
            let time = row.into_tuple::<i64>().one(&store.db).await;
            time.map(|time| time.map(Value::from))
        }
    };
    found
        .map_err(|error| op.failed(error))?
        .ok_or_else(|| Error::not_found(ObjectKind::Server, marker))
}

/// Those after the marker. The first condition is for the index, the second for equal keys.
fn after(
    column: Column,
    direction: SortDirection,
    key: Value,
    id: Uuid,
    steering: Steering,
) -> Condition {
    let from = steering.order(column);
    let (from, beyond, next) = match direction {
        SortDirection::Ascending => (from.gte(key.clone()), column.gt(key), Column::Id.gt(id)),
        SortDirection::Descending => (from.lte(key.clone()), column.lt(key), Column::Id.lt(id)),
    };
    Condition::all()
        .add(from)
        .add(Condition::any().add(beyond).add(next))
}

/// The first `limit` of the items, of which one more was read to know whether there are more.
pub(super) fn cut<T, Id>(
    items: impl Iterator<Item = Result<T>>,
    limit: u32,
    id: impl Fn(&T) -> Id,
) -> Result<Page<T, Id>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut items: Vec<T> = items.collect::<Result<_>>()?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(id);
    Ok(Page { items, next })
}

//! Pages of servers.

use sea_orm::sea_query::LikeExpr;
use sea_orm::{
    ColumnTrait, Condition, DbBackend, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    Select, Value,
};
use uuid::Uuid;

use super::entity::server::{Column, Entity};
use super::op::Op;
use super::server_tags;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::{NamePrefix, Server};
use crate::repository::{
    Deleted, Page, PageRequest, ServerFilter, ServerSort, ServerSortKey, SortDirection,
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
        .all(&store.db)
        .await
        .map_err(|error| op.failed(error))?;
    let servers = rows
        .into_iter()
        .map(|row| row.into_server().map_err(|e| op.corrupt(e)));
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
    let mut condition = condition(filter, store.db.get_database_backend());
    if let Some(marker) = page.marker() {
        let key = key(store, column, *marker, op).await?;
        condition = condition.add(after(column, sort.direction, key, *marker.as_uuid()));
    }
    let order = match sort.direction {
        SortDirection::Ascending => Order::Asc,
        SortDirection::Descending => Order::Desc,
    };
    Ok(Entity::find()
        .filter(condition)
        .order_by(column, order.clone())
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
fn after(column: Column, direction: SortDirection, key: Value, id: Uuid) -> Condition {
    let (from, beyond, next) = match direction {
        SortDirection::Ascending => (column.gte(key.clone()), column.gt(key), Column::Id.gt(id)),
        SortDirection::Descending => (column.lte(key.clone()), column.lt(key), Column::Id.lt(id)),
    };
    Condition::all()
        .add(from)
        .add(Condition::any().add(beyond).add(next))
}

fn condition(filter: &ServerFilter, backend: DbBackend) -> Condition {
    let text = |column: Column, wanted: Option<&str>| wanted.map(|wanted| column.eq(wanted));
    let project = filter.project.as_ref().map(AsRef::as_ref);
    let user = filter.user.as_ref().map(AsRef::as_ref);
    let host = filter.host.as_ref().map(AsRef::as_ref);
    let zone = filter.zone.as_ref().map(AsRef::as_ref);
    let flavor = filter.flavor.as_ref().map(AsRef::as_ref);
    let name = filter.name.as_ref().map(|name| name.as_str());
    let image = filter.image.as_ref();
    let ids = filter.ids.as_ref();
    Condition::all()
        .add_option(text(Column::ProjectId, project))
        .add_option(text(Column::UserId, user))
        .add_option(text(Column::Host, host))
        .add_option(text(Column::AvailabilityZone, zone))
        .add_option(text(Column::FlavorId, flavor))
        .add_option(text(Column::Name, name))
        .add_option(image.map(|image| Column::ImageId.eq(*image.as_uuid())))
        .add_option(ids.map(|ids| Column::Id.is_in(ids.iter().map(|id| *id.as_uuid()))))
        .add_option(
            filter
                .name_prefix
                .as_ref()
                .map(|prefix| begins_with(prefix, backend)),
        )
        .add(states(filter))
        .add(times(filter))
        .add(server_tags::condition(filter))
}

fn states(filter: &ServerFilter) -> Condition {
    let mut all = Condition::all();
    if !filter.vm_states.is_empty() {
        let states = filter.vm_states.iter().map(|state| state.as_str());
        all = all.add(Column::VmState.is_in(states));
    }
    if !filter.task_states.is_empty() {
        let tasks = filter.task_states.iter().map(|task| task.as_str());
        all = all.add(Column::TaskState.is_in(tasks));
    }
    let busy = filter.busy.map(|busy| match busy {
        // Any text; that it is not null, not every database finds by an index.
        true => Column::TaskState.gt(""),
        false => Column::TaskState.is_null(),
    });
    let deleted = match filter.deleted {
        Deleted::Exclude => Some(Column::DeletedAt.is_null()),
        Deleted::Include => None,
        Deleted::Only => Some(Column::DeletedAt.gte(i64::MIN)),
    };
    let power_state = filter.power_state;
    all.add_option(busy)
        .add_option(power_state.map(|state| Column::PowerState.eq(state.as_str())))
        .add_option(filter.locked.map(|locked| Column::Locked.eq(locked)))
        .add_option(deleted)
}

fn times(filter: &ServerFilter) -> Condition {
    let changed = Column::UpdatedAt;
    let created = Column::CreatedAt;
    Condition::all()
        .add_option(filter.changed_since.map(|t| changed.gte(t.as_micros())))
        .add_option(filter.changed_before.map(|t| changed.lte(t.as_micros())))
        .add_option(filter.created_since.map(|t| created.gte(t.as_micros())))
        .add_option(filter.created_before.map(|t| created.lte(t.as_micros())))
}

/// A range of names, which every database finds by an index. MySQL compares texts as if spaces
/// followed them, and so finds `a` in the range that begins with `a` and a space.
fn begins_with(prefix: &NamePrefix, backend: DbBackend) -> Condition {
    let range = Condition::all()
        .add(Column::Name.gte(prefix.as_str()))
        .add_option(end_of(prefix.as_str()).map(|end| Column::Name.lt(end)));
    if backend != DbBackend::MySql {
        return range;
    }
    let mut pattern = String::new();
    for c in prefix.as_str().chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    range.add(Column::Name.like(LikeExpr::new(pattern).escape('!')))
}

/// The least text that is greater than all that begin so; `None` if there is none.
fn end_of(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // Between U+D7FF and U+E000 are no characters.
        let next = match u32::from(last) {
            0xd7ff => 0xe000,
            code => code + 1,
        };
        if let Some(next) = char::from_u32(next) {
            end.push(next);
            return Some(end);
        }
    }
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_prefix_is_after_all_that_begin_so() {
        assert_eq!(end_of("ab").as_deref(), Some("ac"));
        assert_eq!(end_of("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of("\u{d7ff}").as_deref(), Some("\u{e000}"));
        assert_eq!(end_of("\u{10ffff}"), None);
    }
}

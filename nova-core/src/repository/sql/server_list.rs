//! Pages of servers.

use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::entity::server::{Column, Entity};
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::ServerId;
use crate::model::Server;
use crate::repository::{Page, PageRequest, ServerFilter};

/// Reads a page. The marker's place in the order never changes, so it may be read beforehand.
pub(super) async fn page(
    store: &SqlStore,
    filter: &ServerFilter,
    page: &PageRequest<ServerId>,
) -> Result<Page<Server, ServerId>> {
    let op = store.op("list servers");
    let mut condition = condition(filter);
    if let Some(marker) = page.marker() {
        let created_at: Option<i64> = Entity::find_by_id(*marker.as_uuid())
            .select_only()
            .column(Column::CreatedAt)
            .into_tuple()
            .one(&store.db)
            .await
            .map_err(|error| op.failed(error))?;
        let Some(created_at) = created_at else {
            return Err(Error::not_found(ObjectKind::Server, marker));
        };
        // The first condition is for the index, the second for those of the same instant.
        condition = condition.add(Column::CreatedAt.gte(created_at)).add(
            Condition::any()
                .add(Column::CreatedAt.gt(created_at))
                .add(Column::Id.gt(*marker.as_uuid())),
        );
    }
    let rows = Entity::find()
        .filter(condition)
        .order_by_asc(Column::CreatedAt)
        .order_by_asc(Column::Id)
        .limit(u64::from(page.limit()) + 1)
        .all(&store.db)
        .await
        .map_err(|error| op.failed(error))?;
    let servers = rows
        .into_iter()
        .map(|row| row.into_server().map_err(|e| op.corrupt(e)));
    cut(servers, page.limit(), |server| server.id)
}

fn condition(filter: &ServerFilter) -> Condition {
    let busy = filter.busy.map(|busy| match busy {
        true => Column::TaskState.is_not_null(),
        false => Column::TaskState.is_null(),
    });
    Condition::all()
        .add_option(
            filter
                .project
                .as_ref()
                .map(|project| Column::ProjectId.eq(project.as_str())),
        )
        .add_option(
            filter
                .host
                .as_ref()
                .map(|host| Column::Host.eq(host.as_str())),
        )
        .add_option(
            filter
                .vm_state
                .map(|state| Column::VmState.eq(state.as_str())),
        )
        .add_option(busy)
        .add_option((!filter.deleted).then(|| Column::DeletedAt.is_null()))
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

//! The conditions of a filter of servers, and by which of them the database is to look.

use sea_orm::sea_query::{Expr, ExprTrait, LikeExpr};
use sea_orm::{ColumnTrait, Condition, DbBackend, IntoSimpleExpr};

use super::entity::server::Column;
use super::server_tags;
use crate::model::NamePrefix;
use crate::repository::{Deleted, ServerFilter, ServerSort, ServerSortKey};
use crate::state::PowerState;

/// What SQLite is not to look for by an index.
///
/// It knows how many rows have a value only where somebody ran ANALYZE, and else takes every
/// condition of equality for one that few rows meet: it would read all servers to find those that
/// are not deleted. `+` before a column says that its index is not to be used. The others keep
/// statistics by themselves, and are left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steering {
    living: bool,
    task: bool,
    state: bool,
    order: bool,
}

impl Steering {
    /// That for a list.
    pub(super) fn of(filter: &ServerFilter, sort: ServerSort, backend: DbBackend) -> Self {
        if backend != DbBackend::Sqlite {
            return Self {
                living: false,
                task: false,
                state: false,
                order: false,
            };
        }
        let few = filter.project.is_some()
            || filter.user.is_some()
            || filter.host.is_some()
            || filter.name.is_some()
            || filter.flavor.is_some()
            || filter.image.is_some()
            || filter.ids.is_some()
            || !filter.tags.is_empty()
            || !filter.tags_any.is_empty();
        let changed = filter.changed_since.is_some() || filter.changed_before.is_some();
        let created = filter.created_since.is_some() || filter.created_before.is_some();
        // Ranges, in which there are often few.
        let range = (filter.name_prefix.is_some() && sort.key != ServerSortKey::Name)
            || (changed && sort.key != ServerSortKey::UpdatedAt);
        let several = filter.task_states.len() > 1
            || filter.busy == Some(true)
            || filter.deleted == Deleted::Only;
        let task = several || !filter.task_states.is_empty();
        let ranged = filter.name_prefix.is_some() || changed;
        Self {
            living: true,
            task: few || ranged,
            state: few || ranged || task,
            order: !few && !created && (range || (several && !ranged)),
        }
    }

    /// The column that says that a server is not deleted: most are not.
    pub(super) fn living(self, column: Column) -> Expr {
        side(column, self.living)
    }

    /// A column for what few servers have at a time.
    pub(super) fn task(self, column: Column) -> Expr {
        side(column, self.task)
    }

    /// A column for what many servers may have.
    pub(super) fn state(self, column: Column) -> Expr {
        side(column, self.state)
    }

    /// The column of the order.
    pub(super) fn order(self, column: Column) -> Expr {
        side(column, self.order)
    }
}

fn side(column: Column, aside: bool) -> Expr {
    let column = column.into_simple_expr();
    if aside {
        return Expr::cust_with_expr("+?", column);
    }
    column
}

/// The condition of a filter.
pub(super) fn condition(
    filter: &ServerFilter,
    backend: DbBackend,
    steering: Steering,
) -> Condition {
    let text = |column: Column, wanted: Option<&str>| wanted.map(|wanted| column.eq(wanted));
    let project = filter.project.as_ref().map(AsRef::as_ref);
    let user = filter.user.as_ref().map(AsRef::as_ref);
    let host = filter.host.as_ref().map(AsRef::as_ref);
    let zone = filter.zone.as_ref();
    let flavor = filter.flavor.as_ref().map(AsRef::as_ref);
    let name = filter.name.as_ref().map(|name| name.as_str());
    let image = filter.image.as_ref();
    let ids = filter.ids.as_ref();
    Condition::all()
        .add_option(text(Column::ProjectId, project))
        .add_option(text(Column::UserId, user))
        .add_option(text(Column::Host, host))
        .add_option(zone.map(|zone| {
            let column = steering.state(Column::AvailabilityZone);
            column.eq(zone.as_str())
        }))
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
        .add(states(filter, steering))
        .add(times(filter))
        .add(server_tags::condition(filter))
}

fn states(filter: &ServerFilter, steering: Steering) -> Condition {
    let mut all = Condition::all();
    if !filter.vm_states.is_empty() {
        let states = filter.vm_states.iter().map(|state| state.as_str());
        all = all.add(steering.state(Column::VmState).is_in(states));
    }
    if !filter.task_states.is_empty() {
        let tasks = filter.task_states.iter().map(|task| task.as_str());
        all = all.add(steering.task(Column::TaskState).is_in(tasks));
    }
    let busy = filter.busy.map(|busy| match busy {
        // Any text; that it is not null, not every database finds by an index.
        true => steering.task(Column::TaskState).gt(""),
        false => steering.state(Column::TaskState).is_null(),
    });
    let deleted = match filter.deleted {
        Deleted::Exclude => Some(steering.living(Column::DeletedAt).is_null()),
        Deleted::Include => None,
        Deleted::Only => Some(steering.task(Column::DeletedAt).gte(i64::MIN)),
    };
    let power = |state: PowerState| steering.state(Column::PowerState).eq(state.as_str());
    let locked = |locked: bool| steering.state(Column::Locked).eq(locked);
    all.add_option(busy)
        .add_option(filter.power_state.map(power))
        .add_option(filter.locked.map(locked))
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

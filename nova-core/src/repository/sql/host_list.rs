//! Pages of compute hosts.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IntoSimpleExpr, Order,
    QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::host::{Column, Entity};
use super::entity::inventory;
use super::inventories;
use super::op::Op;
use super::server_list::cut;
use crate::error::Result;
use crate::id::HostName;
use crate::model::{Host, ServiceAvailability};
use crate::repository::{HostFilter, Page, PageRequest};

/// Reads a page in a transaction that sees one picture.
pub(super) async fn page(
    db: &impl ConnectionTrait,
    filter: &HostFilter,
    page: &PageRequest<HostName>,
    op: Op,
) -> Result<Page<Host, HostName>> {
    let impossible = |c: char| c.is_control() || c.is_whitespace();
    if filter
        .name_prefix
        .iter()
        .any(|prefix| prefix.contains(impossible))
    {
        // No name has such a character, and not every database takes one.
        return Ok(Page {
            items: Vec::new(),
            next: None,
        });
    }
    let name = order(filter, db.get_database_backend());
    let after = page.marker().map(|marker| name.clone().gt(marker.as_str()));
    let rows = Entity::find()
        .filter(condition(filter).add_option(after))
        .order_by(name, Order::Asc)
        .limit(u64::from(page.limit()) + 1)
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    let names = rows.iter().map(|row| row.name.as_str());
    let offers = inventory::Entity::find()
        .filter(inventory::Column::Host.is_in(names))
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    let mut by_host = inventories::by_host(offers, op)?;
    let hosts = rows.into_iter().map(|row| {
        let rows = by_host.remove(&row.name).unwrap_or_default();
        row.into_host(inventories::offered(&rows.classes, op)?)
            .map_err(|error| op.corrupt(error))
    });
    cut(hosts, page.limit(), |host| host.name().clone())
}

/// The name, by which a list is ordered. SQLite would rather walk through all hosts by name than
/// sort the few that are silent: `+` says that the index of the names is not to be used.
fn order(filter: &HostFilter, backend: DbBackend) -> Expr {
    let only_silent = HostFilter {
        silent_since: filter.silent_since,
        ..HostFilter::default()
    };
    let name = Column::Name.into_simple_expr();
    if backend == DbBackend::Sqlite && filter.silent_since.is_some() && *filter == only_silent {
        return Expr::cust_with_expr("+?", name);
    }
    name
}

fn condition(filter: &HostFilter) -> Condition {
    let disabled = filter
        .availability
        .map(|availability| availability == ServiceAvailability::Disabled);
    let mut condition = Condition::all()
        .add_option(
            filter
                .zone
                .as_ref()
                .map(|zone| Column::Zone.eq(zone.as_str())),
        )
        .add_option(disabled.map(|disabled| Column::Disabled.eq(disabled)))
        .add_option(filter.forced_down.map(|down| Column::ForcedDown.eq(down)))
        .add_option(
            filter
                .seen_since
                .map(|since| Column::LastSeen.gte(since.as_micros())),
        )
        .add_option(
            filter
                .silent_since
                .map(|since| Column::LastSeen.lt(since.as_micros())),
        );
    // A range, which an index serves whatever characters the prefix has.
    if let Some(prefix) = filter.name_prefix.as_deref() {
        condition = condition
            .add(Column::Name.gte(prefix))
            .add_option(after_all(prefix).map(|end| Column::Name.lt(end)));
    }
    condition
}

/// The first text after all that begin with the prefix, by bytes; `None` if there is none.
fn after_all(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The bytes of UTF-8 are in the order of the characters. The range skips surrogates.
        if let Some(next) = (last..=char::MAX).nth(1) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_text() {
        for (prefix, end) in [
            ("", None),
            ("node", Some("nodf")),
            ("a\u{7f}", Some("a\u{80}")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("a\u{10ffff}\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(after_all(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}

//! Aggregates with what belongs to them.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use uuid::Uuid;

use super::entity::aggregate::{Column, Entity, Model};
use super::entity::{aggregate_host as member, aggregate_metadata as metadata};
use super::op::Op;
use super::server_list::cut;
use crate::error::Result;
use crate::id::{AggregateId, HostName};
use crate::model::{Aggregate, AggregateMetadata};
use crate::repository::{AggregateFilter, Page, PageRequest};

/// How many aggregates one statement names: every database takes so many parameters.
const IDS_AT_ONCE: usize = 500;

/// Reads a page.
pub(super) async fn page(
    db: &impl ConnectionTrait,
    filter: &AggregateFilter,
    page: &PageRequest<AggregateId>,
    op: Op,
) -> Result<Page<Aggregate, AggregateId>> {
    if let Some((key, value)) = &filter.metadata
        && !AggregateMetadata::may_hold(key, value.as_deref())
    {
        // Not every database compares, or takes, a text that no aggregate has.
        return cut(std::iter::empty(), page.limit(), |aggregate: &Aggregate| {
            aggregate.id
        });
    }
    let mut select = Entity::find().filter(condition(filter));
    if let Some(marker) = page.marker() {
        select = select.filter(Column::Id.gt(*marker.as_uuid()));
    }
    let rows = select
        .order_by_asc(Column::Id)
        .limit(u64::from(page.limit()) + 1)
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    let aggregates = with_parts(db, rows, op).await?;
    cut(aggregates.into_iter().map(Ok), page.limit(), |aggregate| {
        aggregate.id
    })
}

/// Reads every aggregate of a host.
pub(super) async fn of_host(
    db: &impl ConnectionTrait,
    host: &HostName,
    op: Op,
) -> Result<Vec<Aggregate>> {
    let filter = AggregateFilter {
        host: Some(host.clone()),
        ..AggregateFilter::default()
    };
    let rows = Entity::find()
        .filter(condition(&filter))
        .order_by_asc(Column::Id)
        .all(db)
        .await
        .map_err(|error| op.failed(error))?;
    with_parts(db, rows, op).await
}

fn condition(filter: &AggregateFilter) -> Condition {
    let with_host = filter.host.as_ref().map(|host| {
        let ids = member::Entity::find()
            .select_only()
            .column(member::Column::AggregateId)
            .filter(member::Column::Host.eq(host.as_str()));
        Column::Id.in_subquery(ids.into_query())
    });
    let in_zone = filter
        .zone
        .as_ref()
        .map(|zone| Column::AvailabilityZone.eq(zone.as_str()));
    let with_metadata = filter.metadata.as_ref().map(|(key, value)| {
        if key == AggregateMetadata::ZONE_KEY {
            return match value {
                Some(zone) => Column::AvailabilityZone.eq(zone.as_str()),
                None => Column::InZone.eq(true),
            };
        }
        let mut ids = metadata::Entity::find()
            .select_only()
            .column(metadata::Column::AggregateId)
            .filter(metadata::Column::MetaKey.eq(key.as_str()));
        if let Some(value) = value {
            ids = ids.filter(metadata::Column::MetaValue.eq(value.as_str()));
        }
        Column::Id.in_subquery(ids.into_query())
    });
    Condition::all()
        .add_option(with_host)
        .add_option(in_zone)
        .add_option(with_metadata)
}

/// The aggregates of the rows, in their order.
pub(super) async fn with_parts(
    db: &impl ConnectionTrait,
    rows: Vec<Model>,
    op: Op,
) -> Result<Vec<Aggregate>> {
    let mut hosts: BTreeMap<Uuid, BTreeSet<HostName>> = BTreeMap::new();
    let mut texts: BTreeMap<Uuid, BTreeMap<String, String>> = BTreeMap::new();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    for some in ids.chunks(IDS_AT_ONCE) {
        let found = member::Entity::find()
            .filter(member::Column::AggregateId.is_in(some.iter().copied()))
            .all(db)
            .await;
        for row in found.map_err(|error| op.failed(error))? {
            let host = HostName::new(row.host).map_err(|error| op.corrupt(error))?;
            hosts.entry(row.aggregate_id).or_default().insert(host);
        }
        let found = metadata::Entity::find()
            .filter(metadata::Column::AggregateId.is_in(some.iter().copied()))
            .all(db)
            .await;
        for row in found.map_err(|error| op.failed(error))? {
            let of_aggregate = texts.entry(row.aggregate_id).or_default();
            of_aggregate.insert(row.meta_key, row.meta_value);
        }
    }
    let aggregate = |row: Model| {
        let texts = texts.remove(&row.id).unwrap_or_default();
        let hosts = hosts.remove(&row.id).unwrap_or_default();
        row.into_aggregate(texts, hosts)
            .map_err(|error| op.corrupt(error))
    };
    rows.into_iter().map(aggregate).collect()
}

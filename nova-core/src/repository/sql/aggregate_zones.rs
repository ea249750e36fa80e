//! That no host is in two availability zones.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::entity::{aggregate, aggregate_host as member, host};
use super::op::Op;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{AggregateId, HostName, ZoneName};

/// How many hosts one statement names: every database takes so many parameters.
const HOSTS_AT_ONCE: usize = 500;

/// Locks hosts by name, so that nobody else changes which zone they are in.
pub(super) async fn lock(
    db: &impl ConnectionTrait,
    hosts: impl IntoIterator<Item = &HostName>,
    op: Op,
) -> Result<()> {
    let hosts: Vec<&str> = hosts.into_iter().map(HostName::as_str).collect();
    for some in hosts.chunks(HOSTS_AT_ONCE) {
        let locked: Result<Vec<String>, _> = host::Entity::find()
            .select_only()
            .column(host::Column::Name)
            .filter(host::Column::Name.is_in(some.iter().copied()))
            .order_by_asc(host::Column::Name)
            .lock_exclusive()
            .into_tuple()
            .all(db)
            .await;
        locked.map_err(|error| op.failed(error))?;
    }
    Ok(())
}

/// Refuses the first of the hosts, in order of name, that another aggregate than `id` puts into
/// another zone. The hosts' rows must be locked.
pub(super) async fn check(
    db: &impl ConnectionTrait,
    id: AggregateId,
    zone: &ZoneName,
    hosts: impl IntoIterator<Item = &HostName>,
    op: Op,
) -> Result<()> {
    let hosts: Vec<&str> = hosts.into_iter().map(HostName::as_str).collect();
    for some in hosts.chunks(HOSTS_AT_ONCE) {
        let found: Option<(String, Uuid, String)> = member::Entity::find()
            .select_only()
            .column(member::Column::Host)
            .column(member::Column::AggregateId)
            .column(aggregate::Column::AvailabilityZone)
            .join(sea_orm::JoinType::InnerJoin, member::to_aggregate())
            .filter(member::Column::Host.is_in(some.iter().copied()))
            .filter(aggregate::Column::Id.ne(*id.as_uuid()))
            .filter(aggregate::Column::AvailabilityZone.is_not_null())
            .filter(aggregate::Column::AvailabilityZone.ne(zone.as_str()))
            .order_by_asc(member::Column::Host)
            .order_by_asc(member::Column::AggregateId)
            .limit(1)
            .into_tuple()
            .one(db)
            .await
            .map_err(|error| op.failed(error))?;
        if let Some((host, other, held)) = found {
            let by = format!("aggregate {other} puts it into zone {held}");
            return Err(Error::in_use(ObjectKind::Host, host, by));
        }
    }
    Ok(())
}

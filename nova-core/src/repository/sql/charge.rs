//! Charging quotas, inside the transactions of what is charged.

use std::collections::BTreeMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, OnConflict, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoSimpleExpr as _, QueryFilter,
};

use super::chunks::chunks;
use super::entity::{quota_limit, quota_usage};
use super::op::Op;
use super::store::SqlStore;
use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::model::{Quota, QuotaCharge, QuotaLimit, QuotaResource};

/// Charges the project with as much as is beyond what it was charged with before, and takes off
/// the rest. Returns `false` where a limit or a missing row stands against it: the transaction
/// must be undone then, and [`refusal`] asked why.
pub(super) async fn charge(
    db: &impl ConnectionTrait,
    project: &ProjectId,
    before: &QuotaCharge,
    now: &QuotaCharge,
    op: Op,
) -> Result<bool> {
    use quota_usage::Column::{ProjectId, Resource, Used};

    let (more, less) = (now.beyond(before), before.beyond(now));
    if more.is_empty() && less.is_empty() {
        return Ok(true);
    }
    // In one statement, so that no two writers take the rows in different orders.
    let Some(units) = units(&more, &less) else {
        return Ok(false);
    };
    let names = |charge: &QuotaCharge| -> Vec<&'static str> {
        charge
            .iter()
            .map(|(resource, _)| resource.as_str())
            .collect()
    };
    let (growing, shrinking) = (names(&more), names(&less));
    let all = [growing.clone(), shrinking.clone()].concat();
    let wanted = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let sum = Expr::col(Used).add(units.clone());
    let is_left = Expr::col(Used).lte(limit(project).sub(units));
    let allowed = match shrinking.is_empty() {
        true => Condition::all().add(is_left),
        false => Condition::any().add(Resource.is_in(shrinking)).add(is_left),
    };
    let done = quota_usage::Entity::update_many()
        .col_expr(Used, not_negative(sum))
        .filter(ProjectId.eq(project.as_str()))
        .filter(Resource.is_in(all))
        .filter(allowed)
        .exec(db)
        .await
        .map_err(|error| op.failed(error))?;
    Ok(done.rows_affected >= wanted)
}

/// The number, or zero where it is less: what an earlier version did not count is not there to be
/// taken off.
pub(super) fn not_negative(number: Expr) -> Expr {
    CaseStatement::new()
        .case(number.clone().lt(0_i64), Expr::value(0_i64))
        .finally(number)
        .into()
}

/// Why a charge was refused, after the transaction was undone: the quota that is exceeded, or an
/// error of its own if the same may be granted now.
pub(super) async fn refusal(
    store: &SqlStore,
    project: &ProjectId,
    more: &QuotaCharge,
    op: Op,
) -> Error {
    match first_exceeded(store, project, more, op).await {
        Ok(Some(error)) | Err(error) => error,
        Ok(None) => op.interrupted(),
    }
}

async fn first_exceeded(
    store: &SqlStore,
    project: &ProjectId,
    more: &QuotaCharge,
    op: Op,
) -> Result<Option<Error>> {
    for quota in quotas(&store.db, project, op).await? {
        let requested = more.get(quota.resource);
        if quota
            .limit
            .left(quota.used)
            .is_some_and(|left| requested > left)
            && requested > 0
        {
            return Ok(Some(Error::QuotaExceeded {
                project: project.clone(),
                resource: quota.resource,
                limit: quota.limit.get().unwrap_or(u64::MAX),
                used: quota.used,
                requested,
            }));
        }
        if i64::try_from(quota.used.saturating_add(requested)).is_err() {
            return Err(Error::invalid("quota charge", "the sum is above 2^63 - 1"));
        }
    }
    prepare(store, [project], op).await?;
    Ok(None)
}

/// Makes the rows of projects that are charged for the first time.
pub(super) async fn prepare<'a>(
    store: &SqlStore,
    projects: impl IntoIterator<Item = &'a ProjectId>,
    op: Op,
) -> Result<()> {
    let mut rows = Vec::new();
    for project in projects {
        for resource in QuotaResource::ALL {
            rows.push(quota_usage::ActiveModel {
                project_id: Set(project.to_string()),
                resource: Set(resource.to_string()),
                used: Set(0),
            });
        }
    }
    let key = [
        quota_usage::Column::ProjectId,
        quota_usage::Column::Resource,
    ];
    let _turn = store.turn().await;
    for rows in chunks(rows) {
        quota_usage::Entity::insert_many(rows)
            .on_conflict(OnConflict::columns(key).do_nothing_on(key).to_owned())
            .exec_without_returning(&store.db)
            .await
            .map_err(|error| op.failed(error))?;
    }
    Ok(())
}

/// Every resource's limit and use.
pub(super) async fn quotas(
    db: &impl ConnectionTrait,
    project: &ProjectId,
    op: Op,
) -> Result<Vec<Quota>> {
    let failed = |error| op.failed(error);
    let limits = quota_limit::Entity::find()
        .filter(quota_limit::Column::ProjectId.is_in(["", project.as_str()]))
        .all(db)
        .await
        .map_err(failed)?;
    let usages = quota_usage::Entity::find()
        .filter(quota_usage::Column::ProjectId.eq(project.as_str()))
        .all(db)
        .await
        .map_err(failed)?;
    let mut own = BTreeMap::new();
    let mut default = BTreeMap::new();
    for row in limits {
        let limit = row.limit().map_err(|error| op.corrupt(error))?;
        let side = match row.project_id.is_empty() {
            true => &mut default,
            false => &mut own,
        };
        side.insert(row.resource, limit);
    }
    let mut used = BTreeMap::new();
    for row in usages {
        let units = u64::try_from(row.used).map_err(|error| op.corrupt(error))?;
        used.insert(row.resource, units);
    }
    let quota = |resource: &QuotaResource| {
        let name = resource.as_str();
        let limit = own.get(name).or(default.get(name));
        Quota {
            resource: *resource,
            limit: *limit.unwrap_or(&QuotaLimit::UNLIMITED),
            own: own.contains_key(name),
            used: used.get(name).copied().unwrap_or(0),
        }
    };
    Ok(QuotaResource::ALL.iter().map(quota).collect())
}

/// By how much each row changes; `None` if it is more than a row can hold.
fn units(more: &QuotaCharge, less: &QuotaCharge) -> Option<Expr> {
    let mut units = CaseStatement::new();
    for (charge, sign) in [(more, 1), (less, -1)] {
        for (resource, amount) in charge.iter() {
            let amount = i64::try_from(amount).ok()?;
            let is_resource = quota_usage::Column::Resource.eq(resource.as_str());
            units = units.case(is_resource, Expr::value(sign * amount));
        }
    }
    Some(units.finally(Expr::value(0_i64)).into())
}

/// The limit for a row of usage: the project's own, else the default, else the largest number.
fn limit(project: &ProjectId) -> Expr {
    use quota_limit::Column::{HardLimit, ProjectId, Resource};

    let of = |scope: &str| {
        let select = Query::select()
            .expr(HardLimit.into_simple_expr())
            .from(quota_limit::Entity)
            .and_where(ProjectId.eq(scope))
            .and_where(
                Resource
                    .into_simple_expr()
                    .eq(quota_usage::Column::Resource.into_simple_expr()),
            )
            .to_owned();
        Expr::from(select)
    };
    Expr::from(sea_orm::sea_query::Func::coalesce([
        of(project.as_str()),
        of(""),
        Expr::value(i64::MAX),
    ]))
}

//! Rows of quota limits.

use sea_orm::entity::prelude::*;

use crate::model::{QuotaLimit, QuotaScope};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_quota_limits")]
pub struct Model {
    /// Empty for the default of all.
    #[sea_orm(primary_key, auto_increment = false)]
    pub project_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub resource: String,
    /// The largest number there is for no limit.
    pub hard_limit: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// How a scope is stored: no project's id is empty.
pub(in crate::repository::sql) fn scope(scope: &QuotaScope) -> &str {
    match scope {
        QuotaScope::Default => "",
        QuotaScope::Project(project) => project.as_str(),
    }
}

/// How a limit is stored.
pub(in crate::repository::sql) fn stored(limit: QuotaLimit) -> i64 {
    limit.get().map_or(i64::MAX, u64::cast_signed)
}

impl Model {
    /// The limit of the row.
    pub(in crate::repository::sql) fn limit(&self) -> crate::error::Result<QuotaLimit> {
        match self.hard_limit {
            i64::MAX => Ok(QuotaLimit::UNLIMITED),
            units => QuotaLimit::try_from(units),
        }
    }
}

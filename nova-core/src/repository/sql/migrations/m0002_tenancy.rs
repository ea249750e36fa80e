//! Aggregates, server groups, key pairs, cells, flavor access.

use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Tenancy;

impl MigrationName for Tenancy {
    fn name(&self) -> &str {
        "m0002_tenancy"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Tenancy {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "the trait elides it, and this must match"
    )]
    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

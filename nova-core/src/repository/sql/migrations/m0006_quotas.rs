//! Quotas, and claims by request.

use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Quotas;

impl MigrationName for Quotas {
    fn name(&self) -> &str {
        "m0006_quotas"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Quotas {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "the trait elides it, and this must match"
    )]
    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

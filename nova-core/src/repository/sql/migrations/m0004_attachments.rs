//! Block devices, ports, console tokens.

use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Attachments;

impl MigrationName for Attachments {
    fn name(&self) -> &str {
        "m0004_attachments"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Attachments {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "the trait elides it, and this must match"
    )]
    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

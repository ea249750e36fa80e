//! Migrations, actions, long operations.

use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct History;

impl MigrationName for History {
    fn name(&self) -> &str {
        "m0003_history"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for History {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "the trait elides it, and this must match"
    )]
    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

//! The rest of what a server is, and the archive.

use sea_orm_migration::sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

pub(super) struct Servers;

impl MigrationName for Servers {
    fn name(&self) -> &str {
        "m0005_servers"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Servers {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "the trait elides it, and this must match"
    )]
    async fn up(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Ok(())
    }
}

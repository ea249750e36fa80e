//! The list of the migrations.

use sea_orm_migration::sea_orm::DynIden;
use sea_orm_migration::sea_orm::sea_query::IntoIden;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use super::m0001_initial;

/// Applies the migrations. Which were is kept in `nova_migrations`, so that an embedder's own
/// migrations may share the database.
pub(in crate::repository::sql) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_initial::Initial)]
    }

    fn migration_table_name() -> DynIden {
        "nova_migrations".into_iden()
    }
}

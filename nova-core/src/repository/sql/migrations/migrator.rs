//! The list of the migrations.

use sea_orm_migration::sea_orm::DynIden;
use sea_orm_migration::sea_orm::sea_query::IntoIden;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

use super::{
    m0001_initial, m0002_tenancy, m0003_history, m0004_attachments, m0005_servers, m0006_quotas,
};

/// Applies the migrations. Which were is kept in `nova_migrations`, so that an embedder's own
/// migrations may share the database.
pub(in crate::repository::sql) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_initial::Initial),
            Box::new(m0002_tenancy::Tenancy),
            Box::new(m0003_history::History),
            Box::new(m0004_attachments::Attachments),
            Box::new(m0005_servers::Servers),
            Box::new(m0006_quotas::Quotas),
        ]
    }

    fn migration_table_name() -> DynIden {
        "nova_migrations".into_iden()
    }
}

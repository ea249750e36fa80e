//! The rest of what a server is, and the archive.

use sea_orm_migration::sea_orm::sea_query::{
    ColumnDef, ForeignKey, ForeignKeyAction, Index, Table,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::column::{long_text, number, table, text, uuid};
use super::index::index;

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
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        columns(manager, backend).await?;
        fill(manager, backend).await?;
        indexes(manager).await?;
        tags(manager, backend).await?;
        archive(manager, backend).await
    }
}

/// All of them may be null: the version before goes on inserting rows without them.
async fn columns(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    // The id in `flavor`, to look for.
    add_column(
        manager,
        text(backend, "flavor_id").null().take(),
        "flavor_id",
    )
    .await?;
    // What is never looked for.
    add_column(
        manager,
        long_text(backend, "details").null().take(),
        "details",
    )
    .await?;
    add_column(
        manager,
        long_text(backend, "user_data").null().take(),
        "user_data",
    )
    .await
}

async fn add_column(
    manager: &SchemaManager<'_>,
    column: ColumnDef,
    name: &'static str,
) -> Result<(), DbErr> {
    if manager.has_column("nova_servers", name).await? {
        return Ok(());
    }
    let mut change = Table::alter();
    change.table("nova_servers").add_column(column);
    manager.alter_table(change).await
}

/// Gives the rows that are there their `flavor_id`. What else is new means nothing, where it is
/// null: `locked` says already whether there is a lock.
async fn fill(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let id = match backend {
        DbBackend::Sqlite => "json_extract(flavor, '$.id')",
        DbBackend::Postgres => "flavor::json ->> 'id'",
        _ => "JSON_UNQUOTE(JSON_EXTRACT(flavor, '$.id'))",
    };
    let fill = format!("UPDATE nova_servers SET flavor_id = {id} WHERE flavor_id IS NULL");
    manager.get_connection().execute_unprepared(&fill).await?;
    Ok(())
}

async fn indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    // Conditions of a list: those that fit come in the order of creation.
    for first in [
        "user_id",
        "availability_zone",
        "flavor_id",
        "image_id",
        "task_state",
        "power_state",
        "locked",
    ] {
        let name = format!("nova_servers_by_{first}");
        index(manager, &name, "nova_servers", &[first, "created_at", "id"]).await?;
    }
    // The other orders of a list, over all and within a project.
    for key in ["updated_at", "name"] {
        let name = format!("nova_servers_by_{key}");
        index(manager, &name, "nova_servers", &[key, "id"]).await?;
        let name = format!("nova_servers_by_project_{key}");
        let columns = ["project_id", key, "id"];
        index(manager, &name, "nova_servers", &columns).await?;
    }
    Ok(())
}

/// To look for tags; what a server's tags are is in its row too.
async fn tags(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let tags = table(backend, "nova_server_tags")
        .col(uuid("server_id").not_null())
        .col(text(backend, "tag").not_null())
        .primary_key(Index::create().col("server_id").col("tag"))
        .foreign_key(
            ForeignKey::create()
                .name("nova_server_tags_server")
                .from("nova_server_tags", "server_id")
                .to("nova_servers", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(tags).await?;
    let columns = ["tag", "server_id"];
    index(
        manager,
        "nova_server_tags_by_tag",
        "nova_server_tags",
        &columns,
    )
    .await
}

async fn archive(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let archived = table(backend, "nova_archived_servers")
        .col(uuid("id").not_null().primary_key())
        .col(text(backend, "project_id").not_null())
        .col(text(backend, "name").not_null())
        .col(number("deleted_at").not_null())
        .col(number("archived_at").not_null())
        .col(long_text(backend, "record").not_null())
        .to_owned();
    manager.create_table(archived).await?;
    index(
        manager,
        "nova_archived_servers_by_deletion",
        "nova_archived_servers",
        &["deleted_at", "id"],
    )
    .await?;
    index(
        manager,
        "nova_archived_servers_by_project",
        "nova_archived_servers",
        &["project_id", "deleted_at", "id"],
    )
    .await
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use sea_orm_migration::MigratorTrait;
    use sea_orm_migration::sea_orm::{ConnectionTrait, Database};

    use crate::repository::sql::SqlStore;
    use crate::repository::sql::migrations::Migrator;
    use crate::repository::{PageRequest, ServerFilter, ServerSort, Store};

    #[tokio::test]
    async fn a_database_of_the_version_before_is_brought_up() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("old.db").display());
        let old = Database::connect(format!("{url}?mode=rwc")).await.unwrap();
        Migrator::up(&old, Some(4)).await.unwrap();
        let flavor = r#"{"id": "old", "vcpus": 1, "memory": 1, "root_disk": 1}"#;
        let insert = format!(
            "INSERT INTO nova_servers VALUES (zeroblob(16), 'p', 'u', 'Old name', '{flavor}', \
             zeroblob(16), NULL, NULL, 'active', NULL, 'running', TRUE, 1, 2, 3, NULL, 4)"
        );
        old.execute_unprepared(&insert).await.unwrap();
        old.close().await.unwrap();

        let sql = SqlStore::connect(&url).await.unwrap();
        let store = Store::new(sql.clone());
        let filter = ServerFilter::default().flavor("old".parse().unwrap());
        let (sort, page) = (ServerSort::default(), PageRequest::largest());
        let found = store.servers().server_list(&filter, sort, &page).await;
        let found = found.unwrap().items;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].hostname.as_str(), "old-name");
        assert!(found[0].locked());
        let written = store.servers().server_update(&found[0]).await.unwrap();
        let read = store.servers().server_get(written.id).await.unwrap();
        assert_eq!(read, written);
        sql.close().await;
    }
}

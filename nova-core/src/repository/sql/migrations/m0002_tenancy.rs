//! Aggregates, server groups, key pairs, cells, flavor access.

use sea_orm_migration::sea_orm::sea_query::{
    ColumnDef, ForeignKey, ForeignKeyAction, Index, Table,
};
use sea_orm_migration::sea_orm::{DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::column::{flag, long_text, number, table, text, uuid};
use super::index::index;

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
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        aggregates(manager, backend).await?;
        aggregate_parts(manager, backend).await?;
        server_groups(manager, backend).await?;
        key_pairs(manager, backend).await?;
        cells(manager, backend).await?;
        flavors(manager, backend).await
    }
}

async fn aggregates(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_aggregates";
    let aggregates = table(backend, name)
        .col(uuid("id").not_null().primary_key())
        .col(text(backend, "name").not_null().unique_key())
        .col(text(backend, "availability_zone").null())
        .col(flag("in_zone").not_null())
        .col(number("created_at").not_null())
        .col(number("updated_at").not_null())
        .col(number("generation").not_null())
        .to_owned();
    manager.create_table(aggregates).await?;
    let columns = ["availability_zone", "id"];
    index(manager, "nova_aggregates_by_zone", name, &columns).await?;
    let columns = ["in_zone", "id"];
    index(manager, "nova_aggregates_by_in_zone", name, &columns).await
}

async fn aggregate_parts(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_aggregate_hosts";
    let hosts = table(backend, name)
        .col(uuid("aggregate_id").not_null())
        .col(text(backend, "host").not_null())
        .primary_key(Index::create().col("aggregate_id").col("host"))
        .foreign_key(
            ForeignKey::create()
                .name("nova_aggregate_hosts_aggregate")
                .from(name, "aggregate_id")
                .to("nova_aggregates", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("nova_aggregate_hosts_host")
                .from(name, "host")
                .to("nova_hosts", "name")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(hosts).await?;
    let columns = ["host", "aggregate_id"];
    index(manager, "nova_aggregate_hosts_by_host", name, &columns).await?;

    let name = "nova_aggregate_metadata";
    let metadata = table(backend, name)
        .col(uuid("aggregate_id").not_null())
        .col(text(backend, "meta_key").not_null())
        .col(text(backend, "meta_value").not_null())
        .primary_key(Index::create().col("aggregate_id").col("meta_key"))
        .foreign_key(
            ForeignKey::create()
                .name("nova_aggregate_metadata_aggregate")
                .from(name, "aggregate_id")
                .to("nova_aggregates", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(metadata).await?;
    let columns = ["meta_key", "meta_value", "aggregate_id"];
    index(manager, "nova_aggregate_metadata_by_value", name, &columns).await?;
    let columns = ["meta_key", "aggregate_id"];
    index(manager, "nova_aggregate_metadata_by_key", name, &columns).await
}

async fn server_groups(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_server_groups";
    let groups = table(backend, name)
        .col(uuid("id").not_null().primary_key())
        .col(text(backend, "project_id").not_null())
        .col(text(backend, "user_id").not_null())
        .col(text(backend, "name").not_null())
        .col(text(backend, "policy").not_null())
        .col(number("max_server_per_host").null())
        .col(number("created_at").not_null())
        .to_owned();
    manager.create_table(groups).await?;
    let columns = ["project_id", "id"];
    index(manager, "nova_server_groups_by_project", name, &columns).await?;

    let name = "nova_server_group_members";
    let members = table(backend, name)
        // A server is in at most one group.
        .col(uuid("server_id").not_null().primary_key())
        .col(uuid("group_id").not_null())
        .foreign_key(
            ForeignKey::create()
                .name("nova_server_group_members_server")
                .from(name, "server_id")
                .to("nova_servers", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .foreign_key(
            ForeignKey::create()
                .name("nova_server_group_members_group")
                .from(name, "group_id")
                .to("nova_server_groups", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(members).await?;
    let columns = ["group_id", "server_id"];
    index(
        manager,
        "nova_server_group_members_by_group",
        name,
        &columns,
    )
    .await
}

async fn key_pairs(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    // A user's row is what the creation of key pairs waits for.
    let owners = table(backend, "nova_key_pair_owners")
        .col(text(backend, "user_id").not_null().primary_key())
        .to_owned();
    manager.create_table(owners).await?;

    let pairs = table(backend, "nova_key_pairs")
        .col(text(backend, "user_id").not_null())
        .col(text(backend, "name").not_null())
        .col(text(backend, "key_type").not_null())
        .col(long_text(backend, "public_key").not_null())
        .col(text(backend, "md5").not_null())
        .col(text(backend, "sha256").not_null())
        .col(number("created_at").not_null())
        .primary_key(Index::create().col("user_id").col("name"))
        .to_owned();
    manager.create_table(pairs).await
}

async fn cells(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let cells = table(backend, "nova_cells")
        .col(text(backend, "name").not_null().primary_key())
        .col(long_text(backend, "store_url").not_null())
        .col(long_text(backend, "transport_url").not_null())
        .col(long_text(backend, "disabled_reason").not_null())
        .col(number("created_at").not_null())
        .col(number("updated_at").not_null())
        .col(number("generation").not_null())
        .to_owned();
    manager.create_table(cells).await?;

    let name = "nova_cell_members";
    let members = table(backend, name)
        // Short, for MySQL's bound on the bytes of an index.
        .col(ColumnDef::new("kind").string_len(16).not_null())
        .col(text(backend, "member").not_null())
        .col(text(backend, "cell").not_null())
        .primary_key(Index::create().col("kind").col("member"))
        .foreign_key(
            ForeignKey::create()
                .name("nova_cell_members_cell")
                .from(name, "cell")
                .to("nova_cells", "name"),
        )
        .to_owned();
    manager.create_table(members).await?;
    let columns = ["cell", "kind", "member"];
    index(manager, "nova_cell_members_by_cell", name, &columns).await
}

async fn flavors(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    // With defaults, so that the version before can still add rows.
    let columns = [
        number("ephemeral_gb").not_null().default(0).to_owned(),
        number("swap_mb").not_null().default(0).to_owned(),
        flag("is_public").not_null().default(true).to_owned(),
        long_text(backend, "description").null().to_owned(),
    ];
    for column in columns {
        let name = column.get_column_name();
        if !manager.has_column("nova_flavors", name).await? {
            let add = Table::alter()
                .table("nova_flavors")
                .add_column(column)
                .to_owned();
            manager.alter_table(add).await?;
        }
    }
    let columns = ["is_public", "id"];
    index(manager, "nova_flavors_by_public", "nova_flavors", &columns).await?;

    let name = "nova_flavor_access";
    let access = table(backend, name)
        .col(text(backend, "flavor_id").not_null())
        .col(text(backend, "project_id").not_null())
        .primary_key(Index::create().col("flavor_id").col("project_id"))
        .foreign_key(
            ForeignKey::create()
                .name("nova_flavor_access_flavor")
                .from(name, "flavor_id")
                .to("nova_flavors", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(access).await?;
    let columns = ["project_id", "flavor_id"];
    index(manager, "nova_flavor_access_by_project", name, &columns).await
}

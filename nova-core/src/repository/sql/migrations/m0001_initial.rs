//! The first tables.

use sea_orm_migration::sea_orm::sea_query::{ColumnDef, ForeignKey, ForeignKeyAction, Index};
use sea_orm_migration::sea_orm::{DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::column::{flag, long_text, number, table, text, uuid};
use super::index::index;

pub(super) struct Initial;

impl MigrationName for Initial {
    fn name(&self) -> &str {
        "m0001_initial"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Initial {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "the trait elides it, and this must match"
    )]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        servers(manager, backend).await?;
        faults(manager, backend).await?;
        flavors(manager, backend).await?;
        hosts(manager, backend).await?;
        allocations(manager, backend).await
    }
}

async fn servers(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let servers = table(backend, "nova_servers")
        .col(uuid("id").not_null().primary_key())
        .col(text(backend, "project_id").not_null())
        .col(text(backend, "user_id").not_null())
        .col(text(backend, "name").not_null())
        .col(long_text(backend, "flavor").not_null())
        .col(uuid("image_id").not_null())
        .col(text(backend, "availability_zone").null())
        .col(text(backend, "host").null())
        .col(text(backend, "vm_state").not_null())
        .col(text(backend, "task_state").null())
        .col(text(backend, "power_state").not_null())
        .col(flag("locked").not_null())
        .col(number("created_at").not_null())
        .col(number("updated_at").not_null())
        .col(number("launched_at").null())
        .col(number("deleted_at").null())
        .col(number("generation").not_null())
        .to_owned();
    manager.create_table(servers).await?;
    // Lists: whichever condition a filter has, the order comes from the index.
    for first in ["project_id", "host", "vm_state"] {
        let name = format!("nova_servers_by_{first}");
        index(manager, &name, "nova_servers", &[first, "created_at", "id"]).await?;
    }
    index(
        manager,
        "nova_servers_by_age",
        "nova_servers",
        &["created_at", "id"],
    )
    .await?;
    // Purges.
    index(
        manager,
        "nova_servers_by_deletion",
        "nova_servers",
        &["deleted_at", "id"],
    )
    .await
}

async fn faults(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let faults = table(backend, "nova_faults")
        // Counts up: the order of recording.
        .col(number("id").not_null().auto_increment().primary_key())
        .col(uuid("server_id").not_null())
        .col(text(backend, "request_id").not_null())
        .col(ColumnDef::new("code").integer().not_null())
        .col(long_text(backend, "texts").not_null())
        .col(text(backend, "host").null())
        .col(number("created_at").not_null())
        .foreign_key(
            ForeignKey::create()
                .name("nova_faults_server")
                .from("nova_faults", "server_id")
                .to("nova_servers", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(faults).await?;
    index(
        manager,
        "nova_faults_by_server",
        "nova_faults",
        &["server_id", "created_at", "id"],
    )
    .await
}

async fn flavors(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let flavors = table(backend, "nova_flavors")
        .col(text(backend, "id").not_null().primary_key())
        .col(number("vcpus").not_null())
        .col(number("memory_mb").not_null())
        .col(number("root_disk_gb").not_null())
        .col(long_text(backend, "extra_specs").not_null())
        .to_owned();
    manager.create_table(flavors).await
}

async fn hosts(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let hosts = table(backend, "nova_hosts")
        .col(text(backend, "name").not_null().primary_key())
        .col(text(backend, "zone").not_null())
        .col(long_text(backend, "hypervisor").not_null())
        .col(long_text(backend, "capabilities").not_null())
        .col(long_text(backend, "traits").not_null())
        .col(long_text(backend, "service").not_null())
        .col(number("created_at").not_null())
        .col(number("last_seen").not_null())
        .col(number("generation").not_null())
        .to_owned();
    manager.create_table(hosts).await?;

    let inventories = table(backend, "nova_inventories")
        .col(text(backend, "host").not_null())
        .col(text(backend, "class").not_null())
        // Whether it is in the latest report; a class that is not may still be held.
        .col(flag("offered").not_null())
        .col(number("total").not_null())
        .col(number("reserved").not_null())
        .col(ColumnDef::new("allocation_ratio").double().not_null())
        .col(number("capacity").not_null())
        .col(number("used").not_null())
        .primary_key(Index::create().col("host").col("class"))
        .foreign_key(
            ForeignKey::create()
                .name("nova_inventories_host")
                .from("nova_inventories", "host")
                .to("nova_hosts", "name"),
        )
        .to_owned();
    manager.create_table(inventories).await
}

async fn allocations(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    // A consumer's row is what its claims and releases wait for.
    let consumers = table(backend, "nova_consumers")
        .col(uuid("id").not_null().primary_key())
        .to_owned();
    manager.create_table(consumers).await?;

    let allocations = table(backend, "nova_allocations")
        .col(uuid("consumer").not_null())
        .col(text(backend, "host").not_null())
        .col(text(backend, "class").not_null())
        .col(number("amount").not_null())
        .primary_key(Index::create().col("consumer").col("host").col("class"))
        .foreign_key(
            ForeignKey::create()
                .name("nova_allocations_consumer")
                .from("nova_allocations", "consumer")
                .to("nova_consumers", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("nova_allocations_inventory")
                .from_tbl("nova_allocations")
                .from_col("host")
                .from_col("class")
                .to_tbl("nova_inventories")
                .to_col("host")
                .to_col("class"),
        )
        .to_owned();
    manager.create_table(allocations).await?;
    let columns = ["host", "class", "consumer"];
    index(
        manager,
        "nova_allocations_by_host",
        "nova_allocations",
        &columns,
    )
    .await
}

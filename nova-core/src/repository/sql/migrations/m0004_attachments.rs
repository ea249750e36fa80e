//! Block devices, ports, console tokens; columns by which hosts are listed.

use sea_orm_migration::sea_orm::sea_query::{
    Alias, Expr, ExprTrait, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index,
    IndexCreateStatement, Query, Table,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use serde::Deserialize;

use super::column::{flag, long_text, number, table, text, uuid};
use super::index::index;

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
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        block_devices(manager, backend).await?;
        ports(manager, backend).await?;
        console_tokens(manager, backend).await?;
        hosts(manager).await
    }
}

async fn block_devices(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_block_devices";
    let devices = table(backend, name)
        .col(uuid("id").not_null().primary_key())
        .col(uuid("server_id").not_null())
        .col(text(backend, "source_type").not_null())
        .col(text(backend, "destination_type").not_null())
        .col(text(backend, "device_type").null())
        .col(text(backend, "disk_bus").null())
        .col(text(backend, "guest_format").null())
        .col(text(backend, "device_name").null())
        .col(number("boot_index").null())
        .col(number("size_gb").null())
        .col(uuid("image_id").null())
        .col(uuid("snapshot_id").null())
        .col(uuid("volume_id").null())
        .col(uuid("attachment_id").null())
        .col(text(backend, "tag").null())
        .col(flag("delete_on_termination").not_null())
        .col(number("created_at").not_null())
        .col(number("updated_at").not_null())
        .col(number("generation").not_null())
        .foreign_key(&mut of_server("nova_block_devices_server", name))
        .to_owned();
    manager.create_table(devices).await?;
    // What a server has once. Those without one do not meet: nothing equals NULL.
    for second in ["boot_index", "device_name", "volume_id"] {
        let index = format!("nova_block_devices_by_{second}");
        unique_index(manager, &index, name, &["server_id", second]).await?;
    }
    let by_volume = ["volume_id", "id"];
    index(manager, "nova_block_devices_of_volume", name, &by_volume).await
}

async fn ports(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_ports";
    let ports = table(backend, name)
        .col(uuid("id").not_null().primary_key())
        .col(uuid("server_id").not_null())
        .col(uuid("network_id").not_null())
        .col(text(backend, "mac").not_null())
        .col(text(backend, "vif_type").not_null())
        .col(flag("active").not_null())
        .col(number("mtu").null())
        .col(text(backend, "tag").null())
        .col(number("position").not_null())
        .col(long_text(backend, "lists").not_null())
        .col(number("generation").not_null())
        .foreign_key(&mut of_server("nova_ports_server", name))
        .to_owned();
    manager.create_table(ports).await?;
    index(manager, "nova_ports_by_server", name, &["server_id", "id"]).await?;
    let by_network = ["network_id", "id"];
    index(manager, "nova_ports_by_network", name, &by_network).await?;
    unique_index(manager, "nova_ports_by_mac", name, &["network_id", "mac"]).await
}

async fn console_tokens(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_console_tokens";
    let tokens = table(backend, name)
        .col(text(backend, "hash").not_null().primary_key())
        .col(uuid("server_id").not_null())
        .col(text(backend, "kind").not_null())
        .col(long_text(backend, "endpoint").not_null())
        .col(number("expires_at").not_null())
        .col(number("created_at").not_null())
        .foreign_key(&mut of_server("nova_console_tokens_server", name))
        .to_owned();
    manager.create_table(tokens).await?;
    index(
        manager,
        "nova_console_tokens_by_server",
        name,
        &["server_id"],
    )
    .await?;
    let by_expiry = ["expires_at", "hash"];
    index(manager, "nova_console_tokens_by_expiry", name, &by_expiry).await
}

/// The columns have defaults, for the version before adds hosts without them. What it decides of a
/// host while both versions run is in the host's text, but not in these until it is decided again.
async fn hosts(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let name = "nova_hosts";
    for column in ["disabled", "forced_down"] {
        if !manager.has_column(name, column).await? {
            let alter = Table::alter()
                .table(name)
                .add_column(flag(column).not_null().default(false))
                .to_owned();
            manager.alter_table(alter).await?;
        }
    }
    fill_in(manager).await?;
    for first in ["zone", "disabled", "forced_down"] {
        let index_name = format!("nova_hosts_by_{first}");
        index(manager, &index_name, name, &[first, "name"]).await?;
    }
    let by_age = ["last_seen", "name"];
    index(manager, "nova_hosts_by_last_seen", name, &by_age).await
}

/// Fills the new columns in from the text of the decision.
async fn fill_in(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    #[derive(Deserialize)]
    struct Decision {
        disabled_reason: Option<String>,
        forced_down: bool,
    }
    let db = manager.get_connection();
    let (name, service) = (Alias::new("name"), Alias::new("service"));
    let select = Query::select()
        .columns([name.clone(), service])
        .from("nova_hosts")
        .to_owned();
    for row in db.query_all(&select).await? {
        let (host, text): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let decision: Decision = serde_json::from_str(&text)
            .map_err(|error| DbErr::Custom(format!("the decision on host {host}: {error}")))?;
        let disabled = decision.disabled_reason.is_some();
        if !disabled && !decision.forced_down {
            continue;
        }
        let update = Query::update()
            .table("nova_hosts")
            .value("disabled", disabled)
            .value("forced_down", decision.forced_down)
            .and_where(Expr::col(name.clone()).eq(host))
            .to_owned();
        db.execute(&update).await?;
    }
    Ok(())
}

/// What belongs to a server goes with it.
fn of_server(key: &str, table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(key)
        .from(table, "server_id")
        .to("nova_servers", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

/// Makes an index of what is there once, if it is not there.
async fn unique_index(
    manager: &SchemaManager<'_>,
    name: &str,
    table: &'static str,
    columns: &[&'static str],
) -> Result<(), DbErr> {
    if manager.has_index(table, name).await? {
        return Ok(());
    }
    let mut index: IndexCreateStatement = Index::create();
    index.name(name).table(table).unique();
    for column in columns {
        index.col(*column);
    }
    manager.create_index(index).await
}

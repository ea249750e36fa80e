//! Migrations, actions, long operations.

use sea_orm_migration::sea_orm::sea_query::{ForeignKey, ForeignKeyAction, Index};
use sea_orm_migration::sea_orm::{DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::column::{flag, long_text, number, table, text, uuid};
use super::index::index;

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
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        migrations(manager, backend).await?;
        actions(manager, backend).await?;
        events(manager, backend).await?;
        operations(manager, backend).await
    }
}

async fn migrations(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_server_migrations";
    let migrations = table(backend, name)
        .col(uuid("id").not_null().primary_key())
        .col(uuid("server_id").not_null())
        // The server, until the migration has ended: one of a server has not.
        .col(uuid("open_server").null().unique_key())
        .col(flag("in_progress").not_null())
        .col(text(backend, "kind").not_null())
        .col(text(backend, "status").not_null())
        .col(text(backend, "source_host").not_null())
        .col(text(backend, "dest_host").null())
        .col(text(backend, "request_id").not_null())
        .col(text(backend, "user_id").not_null())
        .col(text(backend, "project_id").not_null())
        .col(long_text(backend, "details").not_null())
        .col(number("created_at").not_null())
        .col(number("updated_at").not_null())
        .col(number("generation").not_null())
        .foreign_key(
            ForeignKey::create()
                .name("nova_server_migrations_server")
                .from(name, "server_id")
                .to("nova_servers", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(migrations).await?;
    // Lists: whichever condition a filter has, the order comes from the index.
    for first in [
        "server_id",
        "source_host",
        "dest_host",
        "project_id",
        "status",
        "kind",
        "in_progress",
    ] {
        let columns = [first, "created_at", "id"];
        index(manager, &format!("{name}_by_{first}"), name, &columns).await?;
    }
    let by_age = ["created_at", "id"];
    index(manager, "nova_server_migrations_by_age", name, &by_age).await?;
    let by_change = ["updated_at", "created_at", "id"];
    index(
        manager,
        "nova_server_migrations_by_change",
        name,
        &by_change,
    )
    .await
}

async fn actions(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_actions";
    let actions = table(backend, name)
        .col(uuid("server_id").not_null())
        .col(text(backend, "request_id").not_null())
        .col(text(backend, "operation").not_null())
        .col(text(backend, "user_id").not_null())
        .col(text(backend, "project_id").not_null())
        .col(number("started_at").not_null())
        .col(number("finished_at").null())
        .col(long_text(backend, "message").not_null())
        .primary_key(Index::create().col("server_id").col("request_id"))
        .foreign_key(
            ForeignKey::create()
                .name("nova_actions_server")
                .from(name, "server_id")
                .to("nova_servers", "id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(actions).await?;
    let columns = ["server_id", "started_at", "request_id"];
    index(manager, "nova_actions_by_start", name, &columns).await
}

async fn events(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_action_events";
    // A key of MySQL has at most 3072 bytes: the name of an event is shorter than other texts.
    let mut event = text(backend, "name");
    event.string_len(128).not_null();
    let events = table(backend, name)
        .col(uuid("server_id").not_null())
        .col(text(backend, "request_id").not_null())
        .col(event)
        .col(text(backend, "host").not_null())
        .col(number("started_at").not_null())
        .col(number("finished_at").null())
        .col(long_text(backend, "outcome").not_null())
        .primary_key(
            Index::create()
                .col("server_id")
                .col("request_id")
                .col("name")
                .col("host"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("nova_action_events_action")
                .from_tbl(name)
                .from_col("server_id")
                .from_col("request_id")
                .to_tbl("nova_actions")
                .to_col("server_id")
                .to_col("request_id")
                .on_delete(ForeignKeyAction::Cascade),
        )
        .to_owned();
    manager.create_table(events).await
}

async fn operations(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let name = "nova_operations";
    let operations = table(backend, name)
        .col(uuid("id").not_null().primary_key())
        .col(text(backend, "kind").not_null())
        // No foreign key: the operation that purges a server outlives it.
        .col(uuid("server_id").null())
        .col(text(backend, "request_id").not_null())
        .col(text(backend, "state").not_null())
        .col(flag("unfinished").not_null())
        .col(number("step").not_null())
        .col(text(backend, "step_name").not_null())
        .col(long_text(backend, "payload").not_null())
        .col(text(backend, "owner").null())
        .col(number("lease_until").not_null())
        .col(number("attempts").not_null())
        .col(long_text(backend, "error").null())
        .col(number("created_at").not_null())
        .col(number("updated_at").not_null())
        .col(number("finished_at").null())
        .col(number("generation").not_null())
        .to_owned();
    manager.create_table(operations).await?;
    // Lists: whichever condition a filter has, the order comes from the index.
    for first in ["unfinished", "state", "kind", "server_id", "owner"] {
        let columns = [first, "created_at", "id"];
        index(manager, &format!("{name}_by_{first}"), name, &columns).await?;
    }
    let by_age = ["created_at", "id"];
    index(manager, "nova_operations_by_age", name, &by_age).await?;
    // Who may be taken over.
    let by_lease = ["state", "lease_until"];
    index(manager, "nova_operations_by_lease", name, &by_lease).await?;
    // Purges.
    let by_end = ["finished_at", "id"];
    index(manager, "nova_operations_by_end", name, &by_end).await
}

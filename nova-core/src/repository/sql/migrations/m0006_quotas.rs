//! Quotas, and claims by request and of migrations.

use std::collections::BTreeMap;

use sea_orm_migration::sea_orm::sea_query::{
    Alias, Expr, ExprTrait, Index, OnConflict, Query, Table,
};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use serde::Deserialize;
use uuid::Uuid;

use super::column::{number, table, text, uuid};
use super::index::index;

/// How many servers are counted at once.
const PAGE: u64 = 1000;

pub(super) struct Quotas;

impl MigrationName for Quotas {
    fn name(&self) -> &str {
        "m0006_quotas"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Quotas {
    #[expect(
        elided_lifetimes_in_paths,
        reason = "the trait elides it, and this must match"
    )]
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let backend = manager.get_database_backend();
        consumers(manager, backend).await?;
        count_consumers(manager).await?;
        quotas(manager, backend).await?;
        count_use(manager).await?;
        count_groups(manager).await
    }
}

async fn consumers(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let columns = [
        ("server_id", uuid("server_id").null().to_owned()),
        ("request_id", text(backend, "request_id").null().to_owned()),
    ];
    for (name, column) in columns {
        if !manager.has_column("nova_consumers", name).await? {
            let add = Table::alter()
                .table("nova_consumers")
                .add_column(column)
                .to_owned();
            manager.alter_table(add).await?;
        }
    }
    index(
        manager,
        "nova_consumers_by_server",
        "nova_consumers",
        &["server_id"],
    )
    .await
}

/// Gives each host the row that counts who holds anything on it.
async fn count_consumers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let counts = Query::select()
        .expr(Expr::col(("nova_hosts", "name")))
        .expr(Expr::value("consumers"))
        .expr(Expr::value(false))
        .expr(Expr::value(0_i64))
        .expr(Expr::value(0_i64))
        .expr(Expr::value(1.0_f64))
        .expr(Expr::value(i64::MAX))
        .expr(Expr::col(("nova_allocations", "consumer")).count_distinct())
        .from("nova_hosts")
        .left_join(
            "nova_allocations",
            Expr::col(("nova_allocations", "host")).equals(("nova_hosts", "name")),
        )
        .and_where(
            Expr::col(("nova_hosts", "name")).not_in_subquery(
                Query::select()
                    .column("host")
                    .from("nova_inventories")
                    .and_where(Expr::col("class").eq("consumers"))
                    .to_owned(),
            ),
        )
        .group_by_col(("nova_hosts", "name"))
        .to_owned();
    let insert = Query::insert()
        .into_table("nova_inventories")
        .columns(
            [
                "host",
                "class",
                "offered",
                "total",
                "reserved",
                "allocation_ratio",
                "capacity",
                "used",
            ]
            .map(Alias::new),
        )
        .select_from(counts)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .to_owned();
    db.execute(&insert).await?;
    Ok(())
}

async fn quotas(manager: &SchemaManager<'_>, backend: DbBackend) -> Result<(), DbErr> {
    let limits = table(backend, "nova_quota_limits")
        // Empty for the default of all projects.
        .col(text(backend, "project_id").not_null())
        .col(text(backend, "resource").not_null())
        // The largest number there is for no limit.
        .col(number("hard_limit").not_null())
        .primary_key(Index::create().col("project_id").col("resource"))
        .to_owned();
    manager.create_table(limits).await?;
    let usages = table(backend, "nova_quota_usages")
        .col(text(backend, "project_id").not_null())
        .col(text(backend, "resource").not_null())
        .col(number("used").not_null())
        .primary_key(Index::create().col("project_id").col("resource"))
        .to_owned();
    manager.create_table(usages).await
}

/// What is charged for a flavor.
#[derive(Deserialize)]
struct Charged {
    vcpus: i64,
    memory: i64,
}

/// The flavors between which a server is resized.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Resized {
    old_flavor: Option<Charged>,
    new_flavor: Option<Charged>,
}

/// Charges the servers that are there.
async fn count_use(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let mut sums: BTreeMap<String, [i64; 3]> = BTreeMap::new();
    let mut last: Option<Uuid> = None;
    loop {
        let mut select = Query::select();
        select
            .columns(["id", "project_id", "flavor", "details"].map(Alias::new))
            .from("nova_servers")
            .and_where(Expr::col("deleted_at").is_null())
            .and_where(Expr::col("vm_state").ne("soft_deleted"))
            .order_by("id", sea_orm_migration::sea_orm::sea_query::Order::Asc)
            .limit(PAGE);
        if let Some(last) = last {
            select.and_where(Expr::col("id").gt(last));
        }
        let rows = db.query_all(&select).await?;
        for row in &rows {
            last = Some(row.try_get("", "id")?);
            let flavor: String = row.try_get("", "flavor")?;
            let details: Option<String> = row.try_get("", "details")?;
            let unreadable = |error| DbErr::Custom(format!("the flavor of a server: {error}"));
            let flavor: Charged = serde_json::from_str(&flavor).map_err(unreadable)?;
            let resized: Resized = match details {
                Some(text) => serde_json::from_str(&text).map_err(unreadable)?,
                None => Resized::default(),
            };
            let flavors = [Some(flavor), resized.old_flavor, resized.new_flavor];
            let (mut cores, mut memory) = (0, 0);
            for flavor in flavors.into_iter().flatten() {
                cores = std::cmp::max(cores, flavor.vcpus);
                memory = std::cmp::max(memory, flavor.memory);
            }
            let sum = sums.entry(row.try_get("", "project_id")?).or_default();
            sum[0] += 1;
            sum[1] += cores;
            sum[2] += memory;
        }
        if rows.is_empty() {
            break;
        }
    }
    for (project, sum) in sums {
        for (resource, used) in ["instances", "cores", "ram"].into_iter().zip(sum) {
            charge(manager, &project, resource, used).await?;
        }
    }
    Ok(())
}

/// Charges the server groups that are there.
async fn count_groups(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let counts = Query::select()
        .column("project_id")
        .expr_as(Expr::col("id").count(), "groups")
        .from("nova_server_groups")
        .group_by_col("project_id")
        .to_owned();
    for row in manager.get_connection().query_all(&counts).await? {
        let (project, groups): (String, i64) =
            (row.try_get("", "project_id")?, row.try_get("", "groups")?);
        charge(manager, &project, "server_groups", groups).await?;
    }
    Ok(())
}

async fn charge(
    manager: &SchemaManager<'_>,
    project: &str,
    resource: &str,
    used: i64,
) -> Result<(), DbErr> {
    let insert = Query::insert()
        .into_table("nova_quota_usages")
        .columns(["project_id", "resource", "used"].map(Alias::new))
        .values([project.into(), resource.into(), used.into()])
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .on_conflict(
            OnConflict::columns(["project_id", "resource"])
                .update_column("used")
                .to_owned(),
        )
        .to_owned();
    manager.get_connection().execute(&insert).await?;
    Ok(())
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use sea_orm_migration::MigratorTrait;
    use sea_orm_migration::sea_orm::{ConnectionTrait, Database};

    use crate::model::QuotaResource;
    use crate::repository::Store;
    use crate::repository::sql::SqlStore;
    use crate::repository::sql::migrations::Migrator;

    #[tokio::test]
    async fn what_is_there_is_charged() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("old.db").display());
        let old = Database::connect(format!("{url}?mode=rwc")).await.unwrap();
        Migrator::up(&old, Some(5)).await.unwrap();
        for (id, project) in [(1, "p"), (2, "p"), (3, "q")] {
            let insert = format!(
                "INSERT INTO nova_server_groups (id, project_id, user_id, name, policy, \
                 created_at) VALUES (x'{id:032x}', '{project}', 'u', 'g', 'affinity', 1)"
            );
            old.execute_unprepared(&insert).await.unwrap();
        }
        old.close().await.unwrap();

        let sql = SqlStore::connect(&url).await.unwrap();
        let store = Store::new(sql.clone());
        for (project, groups) in [("p", 2), ("q", 1), ("r", 0)] {
            let project = project.parse().unwrap();
            let quotas = store.quotas().quotas_of(&project).await.unwrap();
            let mut quotas = quotas.iter();
            let quota = quotas.find(|quota| quota.resource == QuotaResource::ServerGroups);
            assert_eq!(quota.unwrap().used, groups, "{project}");
            assert!(!store.quotas().quota_recount(&project).await.unwrap());
        }
        sql.close().await;
    }
}

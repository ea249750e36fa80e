//! The SQLite file of Azure's packing trace.

use std::path::Path;

use anyhow::Context as _;
use futures::StreamExt as _;
use nova_sched::replay::{AzurePacking, PackingServer, PackingSize, Trace};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, Database, QueryResult, Statement, StreamTrait as _,
};

const SIZES: &str = "SELECT vmTypeId, machineId, CAST(core AS REAL) core, \
     CAST(memory AS REAL) memory, CAST(hdd AS REAL) hdd, CAST(ssd AS REAL) ssd, \
     CAST(nic AS REAL) nic FROM vmType ORDER BY vmTypeId, machineId";
const SERVERS: &str = "SELECT vmTypeId, CAST(starttime AS REAL) starttime, \
     CAST(endtime AS REAL) endtime FROM vm ORDER BY starttime, vmId";

/// The trace of one kind of machine, and how many servers do not run on it.
pub fn read(name: &str, path: &Path, machine: i64) -> anyhow::Result<(Trace, u64)> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(rows(name, path, machine))
        .with_context(|| format!("cannot read {}", path.display()))
}

async fn rows(name: &str, path: &Path, machine: i64) -> anyhow::Result<(Trace, u64)> {
    let path = path.to_str().context("its name is not text")?;
    // What follows a question mark would be options.
    let path = path.replace('%', "%25").replace('?', "%3f");
    let options = ConnectOptions::new(format!("sqlite://{path}?mode=ro"));
    let database = Database::connect(options).await?;
    let statement = |sql: &str| Statement::from_string(database.get_database_backend(), sql);

    let sizes = database.query_all_raw(statement(SIZES)).await?;
    let sizes: Vec<PackingSize> = sizes.iter().map(size).collect::<anyhow::Result<_>>()?;
    let mut packing = AzurePacking::new(name, machine, sizes)?;
    let mut servers = database.stream_raw(statement(SERVERS)).await?;
    while let Some(row) = servers.next().await {
        let row = row?;
        let vm_type = row.try_get("", "vmTypeId")?;
        let start = row.try_get("", "starttime")?;
        let end = row.try_get("", "endtime")?;
        packing.server(&PackingServer::new(vm_type, start, end))?;
    }
    let left_out = packing.left_out();
    Ok((packing.build(), left_out))
}

fn size(row: &QueryResult) -> anyhow::Result<PackingSize> {
    // Some kinds of machine have no disk of a kind: nothing there is 0.
    let share = |column: &str| {
        Ok::<f64, sea_orm::DbErr>(row.try_get::<Option<f64>>("", column)?.unwrap_or(0.0))
    };
    let mut size = PackingSize::new(
        row.try_get("", "vmTypeId")?,
        row.try_get("", "machineId")?,
        share("core")?,
        share("memory")?,
    );
    size.hdd = share("hdd")?;
    size.ssd = share("ssd")?;
    size.nic = share("nic")?;
    Ok(size)
}

//! The statements of the stores, through sqlx alone.

use nova_sdk::core::id::ProjectId;
use nova_sdk::core::model::Claim;
use nova_sdk::prelude::*;
use sea_orm::{ConnectionTrait as _, Database};

/// The columns of a server, in the order in which they are bound.
const COLUMNS: &str = "id, project_id, user_id, name, flavor, image_id, availability_zone, host, \
    vm_state, task_state, power_state, locked, created_at, updated_at, launched_at, deleted_at, \
    generation, flavor_id, details, user_data";

/// Where a database is that nothing else uses.
pub struct Place {
    pub url: String,
    server: Option<(sea_orm::DatabaseConnection, String)>,
}

/// A new database on a server, or the file; `None` if the feature is off.
pub async fn place(name: &str, url: &str) -> Option<Place> {
    let there = match name {
        "sqlite" => true,
        "postgres" => cfg!(feature = "postgres"),
        _ => cfg!(feature = "mysql"),
    };
    if !there {
        return None;
    }
    if name == "sqlite" {
        let (url, server) = (url.to_owned(), None);
        return Some(Place { url, server });
    }
    let server = Database::connect(url).await.unwrap();
    let database = format!("nova_bench_{}", Env::system().uuid().simple());
    let create = format!("CREATE DATABASE {database}");
    server.execute_unprepared(&create).await.unwrap();
    let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
    let base = base.rsplit_once('/').unwrap().0;
    Some(Place {
        url: format!("{base}/{database}?{parameters}"),
        server: Some((server, database)),
    })
}

impl Place {
    /// Removes the database; nobody may be connected.
    pub async fn remove(self) {
        if let Some((server, database)) = self.server {
            let drop = format!("DROP DATABASE {database}");
            server.execute_unprepared(&drop).await.unwrap();
        }
    }
}

/// The statements, as text.
struct Texts {
    begin: &'static str,
    insert: String,
    charge: String,
    consumer: String,
    lock: Option<String>,
    take: String,
    allocate: String,
    get: String,
    list: String,
    update: String,
    analyze: &'static [&'static str],
}

impl Texts {
    fn new(name: &str) -> Self {
        let marks = |count: usize| vec!["?"; count].join(", ");
        let set = COLUMNS
            .split(", ")
            .filter(|column| !matches!(column.trim(), "id" | "project_id" | "created_at"))
            .map(|column| format!("{} = ?", column.trim()))
            .collect::<Vec<_>>()
            .join(", ");
        let case = |column: &str| {
            let when = format!("WHEN {column} = ? THEN ? ");
            format!("(CASE {}ELSE 0 END)", when.repeat(3))
        };
        let limit = "(SELECT hard_limit FROM nova_quota_limits WHERE project_id = ? \
            AND nova_quota_limits.resource = nova_quota_usages.resource)";
        let classes = format!("(CASE {}ELSE 0 END)", "WHEN class = ? THEN ? ".repeat(4));
        let numbered = |text: String| match name {
            "postgres" => {
                let mut count = 0;
                let number = |character| match character {
                    '?' => {
                        count += 1;
                        format!("${count}")
                    }
                    other => other.to_string(),
                };
                text.chars().map(number).collect()
            }
            _ => text,
        };
        Self {
            begin: match name {
                "sqlite" => "BEGIN IMMEDIATE",
                _ => "BEGIN",
            },
            insert: numbered(format!(
                "INSERT INTO nova_servers ({COLUMNS}) VALUES ({})",
                marks(20)
            )),
            charge: numbered(format!(
                "UPDATE nova_quota_usages SET used = used + {0} WHERE project_id = ? AND resource IN (?, ?, ?) \
                 AND used <= COALESCE({limit}, {limit}, 9223372036854775807) - {0}",
                case("resource")
            )),
            consumer: numbered(
                "INSERT INTO nova_consumers (id, server_id, request_id) VALUES (?, ?, ?)"
                    .to_owned(),
            ),
            // Where a database goes through rows in any order, the store locks a host first.
            lock: (name == "postgres").then(|| {
                numbered(
                    "SELECT host FROM nova_inventories WHERE host IN (?) AND class = ? ORDER BY host, class FOR UPDATE"
                        .to_owned(),
                )
            }),
            take: numbered(format!(
                "UPDATE nova_inventories SET used = used + {classes} WHERE host = ? AND class IN (?, ?, ?, ?) \
                 AND used <= capacity - {classes}"
            )),
            allocate: numbered(format!(
                "INSERT INTO nova_allocations (consumer, host, class, amount) VALUES {}",
                ["(?, ?, ?, ?)"; 3].join(", ")
            )),
            get: numbered(format!("SELECT {COLUMNS} FROM nova_servers WHERE id = ?")),
            list: numbered(format!(
                "SELECT {COLUMNS} FROM nova_servers WHERE project_id = ? AND deleted_at IS NULL \
                 ORDER BY created_at, id LIMIT ?"
            )),
            analyze: match name {
                "mysql" => &["ANALYZE TABLE nova_servers, nova_hosts, nova_inventories"],
                "postgres" => &["VACUUM ANALYZE"],
                _ => &["ANALYZE"],
            },
            update: numbered(format!(
                "UPDATE nova_servers SET {set} WHERE id = ? AND generation = ?"
            )),
        }
    }
}

/// A connection of one's own.
pub enum Bare {
    Sqlite(sqlite::Bare),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Bare),
    #[cfg(feature = "mysql")]
    Mysql(mysql::Bare),
}

macro_rules! each {
    ($self:ident, $bare:ident => $call:expr) => {
        match $self {
            Self::Sqlite($bare) => $call,
            #[cfg(feature = "postgres")]
            Self::Postgres($bare) => $call,
            #[cfg(feature = "mysql")]
            Self::Mysql($bare) => $call,
        }
    };
}

impl Bare {
    pub async fn connect(name: &str, url: &str) -> Self {
        match name {
            #[cfg(feature = "postgres")]
            "postgres" => Self::Postgres(postgres::Bare::connect(name, url).await),
            #[cfg(feature = "mysql")]
            "mysql" => Self::Mysql(mysql::Bare::connect(name, url).await),
            _ => Self::Sqlite(sqlite::Bare::connect(name, url).await),
        }
    }

    /// Lets the database count its rows, as it would do by itself in time.
    pub async fn analyze(&self) {
        each!(self, bare => bare.analyze().await);
    }

    pub async fn create(&self, server: &Server) {
        each!(self, bare => bare.create(server).await);
    }

    pub async fn get(&self, id: ServerId) {
        each!(self, bare => bare.get(id).await);
    }

    /// Returns how many rows there were.
    pub async fn list(&self, project: &ProjectId) -> usize {
        each!(self, bare => bare.list(project).await)
    }

    pub async fn claim(&self, claim: &Claim) {
        each!(self, bare => bare.claim(claim).await);
    }

    pub async fn update(&self, server: &Server) {
        each!(self, bare => bare.update(server).await);
    }

    pub async fn close(self) {
        each!(self, bare => bare.close().await);
    }
}

/// Rows are read to the last column.
macro_rules! bare {
    ($module:ident, $database:ty, $row:ty, $pool:ty, $prepare:expr) => {
        pub mod $module {
            use nova_sdk::core::id::ProjectId;
            use nova_sdk::core::model::{Claim, ResourceClass};
            use nova_sdk::prelude::*;
            use sea_orm::sqlx::{self, AssertSqlSafe, Executor as _, Row as _};
            use uuid::Uuid;

            pub struct Bare {
                pool: $pool,
                texts: super::Texts,
            }

            fn read(row: &$row) -> usize {
                let mut bytes =
                    row.get::<Uuid, _>(0).as_bytes().len() + row.get::<Uuid, _>(5).as_bytes().len();
                for text in [1, 2, 3, 4, 8, 10] {
                    bytes += row.get::<String, _>(text).len();
                }
                for text in [6, 7, 9, 17, 18, 19] {
                    bytes += row
                        .get::<Option<String>, _>(text)
                        .map_or(0, |text| text.len());
                }
                for number in [12, 13, 16] {
                    bytes += usize::from(row.get::<i64, _>(number) > 0);
                }
                for number in [14, 15] {
                    bytes += usize::from(row.get::<Option<i64>, _>(number).is_some());
                }
                bytes + usize::from(row.get::<bool, _>(11))
            }

            macro_rules! bind_rest {
                ($query:expr, $server:expr) => {{
                    let server = $server;
                    let flavor = serde_json::to_string(&server.flavor).unwrap();
                    $query
                        .bind(server.user_id.to_string())
                        .bind(server.name.to_string())
                        .bind(flavor)
                        .bind(*server.image_id.as_uuid())
                        .bind(None::<String>)
                        .bind(None::<String>)
                        .bind(server.vm_state.as_str())
                        .bind(server.task_state.map(|task| task.as_str()))
                        .bind(server.power_state.as_str())
                        .bind(false)
                }};
            }

            impl Bare {
                pub async fn connect(name: &str, url: &str) -> Self {
                    let options = sqlx::pool::PoolOptions::<$database>::new().max_connections(1);
                    let pool = options.connect(url).await.unwrap();
                    let prepare: &[&'static str] = &$prepare;
                    for statement in prepare {
                        pool.execute(*statement).await.unwrap();
                    }
                    Self {
                        pool,
                        texts: super::Texts::new(name),
                    }
                }

                pub async fn close(self) {
                    self.pool.close().await;
                }

                pub async fn analyze(&self) {
                    for statement in self.texts.analyze {
                        self.pool.execute(*statement).await.unwrap();
                    }
                }

                pub async fn create(&self, server: &Server) {
                    let mut transaction = self.pool.begin_with(self.texts.begin).await.unwrap();
                    let insert = sqlx::query(AssertSqlSafe(self.texts.insert.as_str()))
                        .bind(*server.id.as_uuid())
                        .bind(server.project_id.to_string());
                    bind_rest!(insert, server)
                        .bind(server.created_at.as_micros())
                        .bind(server.updated_at.as_micros())
                        .bind(None::<i64>)
                        .bind(None::<i64>)
                        .bind(0_i64)
                        .bind("tiny")
                        .bind("{}")
                        .bind(None::<String>)
                        .execute(&mut *transaction)
                        .await
                        .unwrap();
                    let mut charge = sqlx::query(AssertSqlSafe(self.texts.charge.as_str()));
                    let amounts = [("instances", 1_i64), ("cores", 1), ("ram", 64)];
                    for (resource, amount) in amounts {
                        charge = charge.bind(resource).bind(amount);
                    }
                    charge = charge.bind(server.project_id.to_string());
                    for (resource, _) in amounts {
                        charge = charge.bind(resource);
                    }
                    charge = charge.bind(server.project_id.to_string()).bind("");
                    for (resource, amount) in amounts {
                        charge = charge.bind(resource).bind(amount);
                    }
                    let done = charge.execute(&mut *transaction).await.unwrap();
                    assert_eq!(done.rows_affected(), 3);
                    transaction.commit().await.unwrap();
                }

                pub async fn get(&self, id: ServerId) {
                    let row = sqlx::query(AssertSqlSafe(self.texts.get.as_str()))
                        .bind(*id.as_uuid())
                        .fetch_one(&self.pool)
                        .await
                        .unwrap();
                    assert!(read(&row) > 0);
                }

                pub async fn list(&self, project: &ProjectId) -> usize {
                    let rows = sqlx::query(AssertSqlSafe(self.texts.list.as_str()))
                        .bind(project.to_string())
                        .bind(101_i64)
                        .fetch_all(&self.pool)
                        .await
                        .unwrap();
                    rows.iter().filter(|row| read(row) > 0).count()
                }

                pub async fn claim(&self, claim: &Claim) {
                    let (host, wanted) = claim.resources.iter().next().unwrap();
                    let id = *claim.consumer.as_uuid();
                    let mut transaction = self.pool.begin_with(self.texts.begin).await.unwrap();
                    sqlx::query(AssertSqlSafe(self.texts.consumer.as_str()))
                        .bind(id)
                        .bind(None::<Uuid>)
                        .bind(claim.request.to_string())
                        .execute(&mut *transaction)
                        .await
                        .unwrap();
                    if let Some(lock) = &self.texts.lock {
                        sqlx::query(AssertSqlSafe(lock.as_str()))
                            .bind(host.to_string())
                            .bind("consumers")
                            .fetch_all(&mut *transaction)
                            .await
                            .unwrap();
                    }
                    let amounts = [
                        ("consumers".to_owned(), 1),
                        (
                            "VCPU".to_owned(),
                            wanted.get(&ResourceClass::Vcpu).cast_signed(),
                        ),
                        (
                            "MEMORY_MB".to_owned(),
                            wanted.get(&ResourceClass::MemoryMb).cast_signed(),
                        ),
                        (
                            "DISK_GB".to_owned(),
                            wanted.get(&ResourceClass::DiskGb).cast_signed(),
                        ),
                    ];
                    let mut take = sqlx::query(AssertSqlSafe(self.texts.take.as_str()));
                    for (class, amount) in &amounts {
                        take = take.bind(class.clone()).bind(*amount);
                    }
                    take = take.bind(host.to_string());
                    for (class, _) in &amounts {
                        take = take.bind(class.clone());
                    }
                    for (class, amount) in &amounts {
                        take = take.bind(class.clone()).bind(*amount);
                    }
                    let done = take.execute(&mut *transaction).await.unwrap();
                    assert_eq!(done.rows_affected(), 4);
                    let mut allocate = sqlx::query(AssertSqlSafe(self.texts.allocate.as_str()));
                    for (class, amount) in &amounts[1..] {
                        allocate = allocate
                            .bind(id)
                            .bind(host.to_string())
                            .bind(class.clone())
                            .bind(*amount);
                    }
                    allocate.execute(&mut *transaction).await.unwrap();
                    transaction.commit().await.unwrap();
                }

                pub async fn update(&self, server: &Server) {
                    self.get(server.id).await;
                    let update = sqlx::query(AssertSqlSafe(self.texts.update.as_str()));
                    let done = bind_rest!(update, server)
                        .bind(server.updated_at.as_micros())
                        .bind(None::<i64>)
                        .bind(None::<i64>)
                        .bind(server.generation.next().get().cast_signed())
                        .bind("tiny")
                        .bind("{}")
                        .bind(None::<String>)
                        .bind(*server.id.as_uuid())
                        .bind(server.generation.get().cast_signed())
                        .execute(&self.pool)
                        .await
                        .unwrap();
                    assert_eq!(done.rows_affected(), 1);
                }
            }
        }
    };
}

bare!(
    sqlite,
    sqlx::Sqlite,
    sqlx::sqlite::SqliteRow,
    sqlx::SqlitePool,
    [
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA busy_timeout = 10000"
    ]
);
#[cfg(feature = "postgres")]
bare!(
    postgres,
    sqlx::Postgres,
    sqlx::postgres::PgRow,
    sqlx::PgPool,
    []
);
#[cfg(feature = "mysql")]
bare!(
    mysql,
    sqlx::MySql,
    sqlx::mysql::MySqlRow,
    sqlx::MySqlPool,
    []
);

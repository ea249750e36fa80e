//! At 100,000 servers no list reads all of them: every database uses an index for each condition
//! that few servers meet, and for every order.
//!
//! The plans are those of the statements that the store runs.

use nova_core::env::Timestamp;
use nova_core::id::ServerId;
use nova_core::model::Tag;
use nova_core::repository::sql::SqlStore;
use nova_core::repository::{
    Deleted, PageRequest, ServerFilter, ServerSort, ServerSortKey, SortDirection,
};
use nova_core::state::{PowerState, TaskState, VmState};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend};

/// How many servers there are.
const SERVERS: u64 = 100_000;
/// How many rows one statement inserts.
const BATCH: u64 = 1_000;

/// The index of the primary key, on each database.
const PRIMARY: &[&str] = &[
    // Which has the id too, after what the living have in common.
    "nova_servers_by_deletion",
    "sqlite_autoindex_nova_servers_1",
    "nova_servers_pkey",
    "\"key\": \"PRIMARY\"",
];
/// The indexes of the tags.
const TAGS: &[&str] = &[
    "nova_server_tags_by_tag",
    "sqlite_autoindex_nova_server_tags_1",
    "nova_server_tags_pkey",
];

fn id(number: u64) -> ServerId {
    ServerId::from_uuid(uuid::Uuid::from_u128(u128::from(number) * 7_919))
}

/// The rows: 200 projects, 1,000 hosts and users, and of each rare state every 500th.
fn rows(backend: DbBackend, from: u64) -> [String; 4] {
    let (mut servers, mut tags, mut consumers, mut archived) = (vec![], vec![], vec![], vec![]);
    for number in from..from + BATCH {
        let id = match backend {
            DbBackend::Postgres => format!("'{}'", id(number)),
            _ => format!("x'{}'", id(number).as_uuid().simple()),
        };
        let image = match backend {
            DbBackend::Postgres => format!("'{}'", self::id(number % 50)),
            _ => format!("x'{}'", self::id(number % 50).as_uuid().simple()),
        };
        let rare = |remainder| number % 500 == remainder;
        let vm_state = match number % 500 {
            1 => VmState::Error,
            2 => VmState::Building,
            3 => VmState::Deleted,
            _ => VmState::Active,
        };
        let task_state = if rare(4) { "'deleting'" } else { "NULL" };
        let power_state = if rare(5) {
            PowerState::Crashed
        } else {
            PowerState::Running
        };
        let locked = if rare(6) { "TRUE" } else { "FALSE" };
        let created_at = number * 1_000;
        let updated_at = number * 7_919 % SERVERS * 1_000;
        let deleted_at = if rare(3) {
            created_at.to_string()
        } else {
            "NULL".to_owned()
        };
        servers.push(format!(
            "({id}, 'project-{project}', 'user-{thousandth}', 'server-{number:06}', '{{}}', \
             {image}, 'zone-{zone}', 'host-{thousandth}', '{vm_state}', {task_state}, \
             '{power_state}', {locked}, {created_at}, {updated_at}, {deleted_at}, 0, \
             'flavor-{flavor}')",
            project = number % 200,
            thousandth = number % 1_000,
            zone = number % 5,
            flavor = number % 50,
        ));
        tags.push(format!("({id}, 'tag-{}'), ({id}, 'all')", number % 1_000));
        consumers.push(format!("({id})"));
        archived.push(format!(
            "({id}, 'project-{}', 'name', {updated_at}, 0, '{{}}')",
            number % 200
        ));
    }
    let servers = format!(
        "INSERT INTO nova_servers (id, project_id, user_id, name, flavor, image_id, \
         availability_zone, host, vm_state, task_state, power_state, locked, created_at, \
         updated_at, deleted_at, generation, flavor_id) VALUES {}",
        servers.join(", ")
    );
    let tags = format!(
        "INSERT INTO nova_server_tags (server_id, tag) VALUES {}",
        tags.join(", ")
    );
    let consumers = format!(
        "INSERT INTO nova_consumers (id) VALUES {}",
        consumers.join(", ")
    );
    let archived = format!(
        "INSERT INTO nova_archived_servers (id, project_id, name, deleted_at, archived_at, record) \
         VALUES {}",
        archived.join(", ")
    );
    [servers, tags, consumers, archived]
}

async fn fill(db: &DatabaseConnection) {
    let backend = db.get_database_backend();
    if backend == DbBackend::Sqlite {
        db.execute_unprepared("PRAGMA synchronous = OFF")
            .await
            .unwrap();
    }
    for batch in 0..SERVERS / BATCH {
        for insert in rows(backend, batch * BATCH) {
            db.execute_unprepared(&insert).await.unwrap();
        }
    }
}

async fn analyze(db: &DatabaseConnection) {
    let analyze = match db.get_database_backend() {
        DbBackend::MySql => {
            "ANALYZE TABLE nova_servers, nova_server_tags, nova_consumers, \
             nova_archived_servers"
        }
        _ => "ANALYZE",
    };
    db.execute_unprepared(analyze).await.unwrap();
}

/// A list, and the indexes of which its plan is to use one.
struct Case {
    name: &'static str,
    filter: ServerFilter,
    indexes: Vec<&'static str>,
}

fn case(name: &'static str, filter: ServerFilter, indexes: &[&'static str]) -> Case {
    Case {
        name,
        filter,
        indexes: indexes.to_vec(),
    }
}

/// Conditions that few servers meet.
fn selective() -> Vec<Case> {
    let any = ServerFilter::default;
    let late = Timestamp::from_micros((SERVERS.cast_signed() - 200) * 1_000);
    let early = Timestamp::from_micros(200 * 1_000);
    let tag = |name: &str| name.parse::<Tag>().unwrap();
    let project = || any().project("project-7".parse().unwrap());
    let by_project = &["nova_servers_by_project"];
    vec![
        case("project", project(), by_project),
        case(
            "user",
            any().user("user-7".parse().unwrap()),
            &["by_user_id"],
        ),
        case("host", any().host("host-7".parse().unwrap()), &["by_host"]),
        case(
            "flavor",
            any().flavor("flavor-7".parse().unwrap()),
            &["by_flavor_id"],
        ),
        case(
            "image",
            any().image(nova_core::id::ImageId::from_uuid(*id(7).as_uuid())),
            &["by_image_id"],
        ),
        case(
            "zone",
            any().zone("zone-3".parse().unwrap()),
            &["by_availability_zone", "by_age"],
        ),
        case(
            "name",
            any().name("server-000777".parse().unwrap()),
            &["nova_servers_by_name"],
        ),
        case(
            "name prefix",
            any().name_prefix("server-0007".parse().unwrap()),
            &["nova_servers_by_name"],
        ),
        case("vm state", any().vm_state(VmState::Error), &["by_vm_state"]),
        case(
            "vm states",
            any().vm_state(VmState::Error).vm_state(VmState::Building),
            &["by_vm_state"],
        ),
        case(
            "task state",
            any().task_state(TaskState::Deleting),
            &["by_task_state"],
        ),
        case("busy", any().busy(true), &["by_task_state"]),
        case(
            "power state",
            any().power_state(PowerState::Crashed),
            &["by_power_state"],
        ),
        case("locked", any().locked(true), &["by_locked"]),
        case("tag", any().tagged(tag("tag-7")), TAGS),
        case(
            "two tags",
            any().tagged(tag("tag-7")).tagged(tag("all")),
            TAGS,
        ),
        case(
            "any tag",
            any().tagged_any(tag("tag-7")).tagged_any(tag("tag-8")),
            TAGS,
        ),
        case(
            "changed since",
            any().changed_since(late).deleted(Deleted::Include),
            &["updated_at"],
        ),
        case(
            "changed before",
            any().changed_before(early),
            &["updated_at"],
        ),
        case("created since", any().created_since(late), &["by_age"]),
        case("created before", any().created_before(early), &["by_age"]),
        case(
            "deleted",
            any().deleted(Deleted::Only),
            &["by_deletion", "by_vm_state"],
        ),
        case("ids", any().ids((0..50).map(id)), PRIMARY),
        case(
            "project and vm state",
            project().vm_state(VmState::Active),
            by_project,
        ),
        case(
            "project and host",
            project().host("host-207".parse().unwrap()),
            &["nova_servers_by_project", "by_host"],
        ),
        case(
            "project and name prefix",
            project().name_prefix("server-0".parse().unwrap()),
            by_project,
        ),
        case(
            "project and changed since",
            project()
                .changed_since(Timestamp::from_micros(1_000))
                .deleted(Deleted::Include),
            by_project,
        ),
        case(
            "project and tags",
            project().tagged(tag("all")).not_tagged_any(tag("tag-7")),
            // Without statistics a tag is taken for the rarer.
            &["nova_servers_by_project", "nova_server_tags_by_tag"],
        ),
        case(
            "host, deleted",
            any()
                .host("host-3".parse().unwrap())
                .vm_state(VmState::Deleted)
                .deleted(Deleted::Include),
            &["by_host", "by_vm_state"],
        ),
    ]
}

/// Conditions that most servers meet: the order is walked until the page is full.
fn common() -> Vec<Case> {
    let any = ServerFilter::default;
    let tag = |name: &str| name.parse::<Tag>().unwrap();
    let filters = [
        ("nothing", any()),
        ("all, deleted too", any().deleted(Deleted::Include)),
        ("active", any().vm_state(VmState::Active)),
        ("idle", any().busy(false)),
        ("unlocked", any().locked(false)),
        ("running", any().power_state(PowerState::Running)),
        ("not tagged", any().not_tagged(tag("tag-7"))),
        ("not tagged any", any().not_tagged_any(tag("tag-7"))),
    ];
    let case = |(name, filter)| case(name, filter, &["nova_servers_by_"]);
    filters.into_iter().map(case).collect()
}

/// Every order.
fn orders() -> Vec<(ServerSort, &'static str)> {
    let mut orders = Vec::new();
    for (key, index) in [
        (ServerSortKey::CreatedAt, "nova_servers_by_age"),
        (ServerSortKey::UpdatedAt, "nova_servers_by_updated_at"),
        (ServerSortKey::Name, "nova_servers_by_name"),
    ] {
        orders.push((ServerSort::by(key), index));
        orders.push((ServerSort::by(key).descending(), index));
    }
    orders
}

/// Whether the plan reads a whole table, row by row.
fn reads_all(backend: DbBackend, plan: &str) -> bool {
    match backend {
        DbBackend::Sqlite => plan
            .lines()
            .any(|line| line.contains("SCAN nova_") && !line.contains("USING")),
        DbBackend::Postgres => plan.contains("Seq Scan on nova_"),
        // Of a table of the store, not of the result of a subquery.
        _ => plan
            .split("\"table_name\": \"nova_")
            .skip(1)
            .any(|table| table.lines().nth(1).is_some_and(|l| l.contains("\"ALL\""))),
    }
}

/// Whether the plan sorts.
fn sorts(backend: DbBackend, plan: &str) -> bool {
    match backend {
        DbBackend::Sqlite => plan.contains("TEMP B-TREE"),
        DbBackend::Postgres => plan.contains("Sort Key"),
        _ => plan.contains("filesort"),
    }
}

/// Collects what is wrong, to show all of it at once.
async fn check(sql: &SqlStore, backend: DbBackend, wrong: &mut Vec<String>) {
    let pages = [
        PageRequest::first(100).unwrap(),
        PageRequest::first(100).unwrap().after(id(50_000)),
    ];
    for page in &pages {
        for case in selective().iter().chain(&common()) {
            let sort = ServerSort::default();
            let plan = sql
                .server_list_plan(&case.filter, sort, page)
                .await
                .unwrap();
            let uses = case.indexes.iter().any(|index| plan.contains(index))
                // The marker is outside of what the filter lets through.
                || plan.contains("Impossible WHERE");
            if reads_all(backend, &plan) || !uses {
                wrong.push(format!("{} ({page:?})\n{plan}", case.name));
            }
        }
        for (sort, index) in orders() {
            let all = ServerFilter::default();
            let plan = sql.server_list_plan(&all, sort, page).await.unwrap();
            if !plan.contains(index) || sorts(backend, &plan) {
                wrong.push(format!("all by {sort:?} ({page:?})\n{plan}"));
            }
            let of_project = all.project("project-7".parse().unwrap());
            let plan = sql.server_list_plan(&of_project, sort, page).await.unwrap();
            // The rows of one project may be sorted, if the database thinks that cheaper.
            if !plan.contains("nova_servers_by_project") {
                wrong.push(format!("a project by {sort:?} ({page:?})\n{plan}"));
            }
        }
    }
    for page in &pages {
        let project = "project-7".parse().unwrap();
        for (project, index) in [
            (None, "nova_archived_servers_by_deletion"),
            (Some(&project), "nova_archived_servers_by_project"),
        ] {
            let plan = sql.archived_list_plan(project, page).await.unwrap();
            if !plan.contains(index) || sorts(backend, &plan) {
                wrong.push(format!("the archive of {project:?} ({page:?})\n{plan}"));
            }
        }
    }
    let before = Timestamp::from_micros(1_000_000);
    let plan = sql.server_purge_plan(before, 100).await.unwrap();
    if reads_all(backend, &plan) || !plan.contains("nova_servers_by_deletion") {
        wrong.push(format!("a purge\n{plan}"));
    }
}

async fn use_indexes(url: &str) {
    let sql = SqlStore::connect(url).await.unwrap();
    let raw = sea_orm::Database::connect(url).await.unwrap();
    let backend = raw.get_database_backend();
    fill(&raw).await;
    let mut wrong = Vec::new();
    if backend == DbBackend::Sqlite {
        // It gathers statistics only when it is told to.
        check(&sql, backend, &mut wrong).await;
    }
    analyze(&raw).await;
    raw.close().await.unwrap();
    // A new connection, which reads the statistics.
    sql.close().await;
    let sql = SqlStore::connect(url).await.unwrap();
    check(&sql, backend, &mut wrong).await;
    sql.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_scan_and_a_sort_are_recognised() {
    let scan = "SCAN nova_servers\nUSE TEMP B-TREE FOR ORDER BY";
    assert!(reads_all(DbBackend::Sqlite, scan) && sorts(DbBackend::Sqlite, scan));
    let search = "SEARCH nova_servers USING INDEX nova_servers_by_host (host=?)";
    assert!(!reads_all(DbBackend::Sqlite, search) && !sorts(DbBackend::Sqlite, search));
    assert!(
        orders()
            .iter()
            .any(|(sort, _)| sort.direction == SortDirection::Descending)
    );
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite_uses_indexes() {
    let directory = tempfile::tempdir().unwrap();
    use_indexes(&format!(
        "sqlite://{}",
        directory.path().join("nova.db").display()
    ))
    .await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server in NOVA_TEST_POSTGRES_URL"]
async fn postgres_uses_indexes() {
    let fresh = super::server::fresh("NOVA_TEST_POSTGRES_URL").await;
    use_indexes(&fresh.url).await;
    fresh.drop().await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL or MariaDB server in NOVA_TEST_MYSQL_URL"]
async fn mysql_uses_indexes() {
    let fresh = super::server::fresh("NOVA_TEST_MYSQL_URL").await;
    use_indexes(&fresh.url).await;
    fresh.drop().await;
}

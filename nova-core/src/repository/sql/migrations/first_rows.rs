//! What the first version wrote: a row of each of its tables, spelled out, since the entities may
//! move on.

use sea_orm_migration::sea_orm::sea_query::{Query, SimpleExpr, Value};
use sea_orm_migration::sea_orm::{ConnectionTrait as _, DatabaseConnection};
use uuid::Uuid;

use crate::env::Timestamp;
use crate::id::ServerId;
use crate::model::{Generation, ResourceClass, Resources};
use crate::repository::Store;
use crate::state::{PowerState, VmState};
use crate::units::{Gibibytes, Mebibytes};

const SERVER: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
const IMAGE: Uuid = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002);
const FLAVOR: &str =
    r#"{"id":"tiny","vcpus":2,"memory":64,"root_disk":1,"extra_specs":{"hw:cpu_policy":"shared"}}"#;

async fn add<const N: usize>(
    db: &DatabaseConnection,
    table: &'static str,
    row: [(&'static str, Value); N],
) {
    let (columns, values): (Vec<_>, Vec<_>) = row.into_iter().unzip();
    let values = values.into_iter().map(SimpleExpr::from);
    let mut insert = Query::insert();
    insert
        .into_table(table)
        .columns(columns)
        .values_panic(values);
    db.execute(&insert).await.unwrap();
}

/// Writes the rows.
pub(super) async fn insert(db: &DatabaseConnection) {
    add(
        db,
        "nova_servers",
        [
            ("id", SERVER.into()),
            ("project_id", "project".into()),
            ("user_id", "user".into()),
            ("name", "web \u{1f980}".into()),
            ("flavor", FLAVOR.into()),
            ("image_id", IMAGE.into()),
            ("availability_zone", "nova".into()),
            ("host", "host-1".into()),
            ("vm_state", "active".into()),
            ("task_state", Value::String(None)),
            ("power_state", "running".into()),
            ("locked", true.into()),
            ("created_at", 1_000_001_i64.into()),
            ("updated_at", 2_000_002_i64.into()),
            ("launched_at", 3_000_003_i64.into()),
            ("deleted_at", Value::BigInt(None)),
            ("generation", 7_i64.into()),
        ],
    )
    .await;
    add(
        db,
        "nova_faults",
        [
            ("server_id", SERVER.into()),
            ("request_id", "req-1".into()),
            ("code", 500_i32.into()),
            (
                "texts",
                r#"{"message":"no \u0000 host","details":null}"#.into(),
            ),
            ("host", "host-1".into()),
            ("created_at", 4_000_004_i64.into()),
        ],
    )
    .await;
    add(
        db,
        "nova_flavors",
        [
            ("id", "tiny".into()),
            ("vcpus", 2_i64.into()),
            ("memory_mb", 64_i64.into()),
            ("root_disk_gb", 1_i64.into()),
            ("extra_specs", r#"{"hw:cpu_policy":"shared"}"#.into()),
        ],
    )
    .await;
    add(
        db,
        "nova_hosts",
        [
            ("name", "host-1".into()),
            ("zone", "nova".into()),
            (
                "hypervisor",
                r#"{"kind":"QEMU","version":7002000,"architecture":"x86_64"}"#.into(),
            ),
            ("capabilities", r#"{"hypervisor_type":"QEMU"}"#.into()),
            ("traits", r#"["HW_CPU_X86_AVX2"]"#.into()),
            (
                "service",
                r#"{"disabled_reason":"repair","forced_down":false}"#.into(),
            ),
            ("created_at", 1_i64.into()),
            ("last_seen", 2_i64.into()),
            ("generation", 3_i64.into()),
        ],
    )
    .await;
    add(
        db,
        "nova_inventories",
        [
            ("host", "host-1".into()),
            ("class", "VCPU".into()),
            ("offered", true.into()),
            ("total", 8_i64.into()),
            ("reserved", 1_i64.into()),
            ("allocation_ratio", 2.0_f64.into()),
            ("capacity", 14_i64.into()),
            ("used", 2_i64.into()),
        ],
    )
    .await;
    add(db, "nova_consumers", [("id", SERVER.into())]).await;
    add(
        db,
        "nova_allocations",
        [
            ("consumer", SERVER.into()),
            ("host", "host-1".into()),
            ("class", "VCPU".into()),
            ("amount", 2_i64.into()),
        ],
    )
    .await;
}

/// Writes what a claim writes besides since `m0006_quotas`.
pub(super) async fn insert_count(db: &DatabaseConnection) {
    add(
        db,
        "nova_inventories",
        [
            ("host", "host-1".into()),
            ("class", "consumers".into()),
            ("offered", false.into()),
            ("total", 0_i64.into()),
            ("reserved", 0_i64.into()),
            ("allocation_ratio", 1.0_f64.into()),
            ("capacity", i64::MAX.into()),
            ("used", 1_i64.into()),
        ],
    )
    .await;
}

/// Finds them, through the store of this version, as they were.
pub(super) async fn check(store: &Store) {
    let id = ServerId::from_uuid(SERVER);
    let server = store.servers().server_get(id).await.unwrap();
    assert_eq!(server.name.to_string(), "web \u{1f980}");
    assert_eq!(server.project_id.to_string(), "project");
    assert_eq!(server.user_id.to_string(), "user");
    assert_eq!(serde_json::to_value(&server.flavor).unwrap()["id"], "tiny");
    assert_eq!(server.host.unwrap().to_string(), "host-1");
    assert_eq!(server.vm_state, VmState::Active);
    assert_eq!(server.task_state, None);
    assert_eq!(server.power_state, PowerState::Running);
    assert_eq!(server.created_at, Timestamp::from_micros(1_000_001));
    assert_eq!(server.updated_at, Timestamp::from_micros(2_000_002));
    assert_eq!(server.launched_at, Some(Timestamp::from_micros(3_000_003)));
    assert_eq!(server.deleted_at, None);
    assert_eq!(server.generation, Generation::new(7));

    let faults = store.faults().faults_of(id, 10).await.unwrap();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].message, "no \0 host");
    assert_eq!(faults[0].code, 500);
    assert_eq!(faults[0].created_at, Timestamp::from_micros(4_000_004));

    let tiny = "tiny".parse().unwrap();
    let flavor = store.flavors().flavor_get(&tiny).await.unwrap();
    assert_eq!(flavor.vcpus(), 2);
    assert_eq!(flavor.memory(), Mebibytes::new(64));
    assert_eq!(flavor.root_disk(), Gibibytes::new(1));
    assert_eq!(flavor.extra_specs()["hw:cpu_policy"], "shared");

    let host = store
        .hosts()
        .host_get(&"host-1".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(host.report.hypervisor.version, 7_002_000);
    assert_eq!(host.report.capabilities["hypervisor_type"], "QEMU");
    assert!(host.report.traits.contains("HW_CPU_X86_AVX2"));
    assert_eq!(host.service.disabled_reason(), Some("repair"));
    assert_eq!(host.last_seen, Timestamp::from_micros(2));
    assert_eq!(host.generation, Generation::new(3));
    let offered = &host.report.inventories[&ResourceClass::Vcpu];
    assert_eq!(offered.capacity(), 14);

    let two = Resources::new().with(ResourceClass::Vcpu, 2);
    let usages = store.hosts().host_usages().await.unwrap();
    assert_eq!(usages.len(), 1);
    assert_eq!((&usages[0].used, usages[0].servers), (&two, 1));
    let held = store.allocations().allocations_of(id.into()).await.unwrap();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].resources, two);
}

//! Lists of servers: which index each condition and each order uses.

use nova_core::env::Timestamp;
use nova_core::model::Tag;
use nova_core::repository::{Deleted, PageRequest, ServerFilter, ServerSort, ServerSortKey};
use nova_core::state::{PowerState, TaskState, VmState};

use super::probe::Probe;
use super::rows::{server, uuid};

/// How many servers there are, one for each millisecond.
const SERVERS: i64 = 100_000;

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
    let late = Timestamp::from_micros((SERVERS - 200) * 1_000);
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
            any().image(nova_core::id::ImageId::from_uuid(uuid(7))),
            &["by_image_id"],
        ),
        case(
            "zone",
            any().zone("zone-3".parse().unwrap()),
            &["by_availability_zone", "by_age"],
        ),
        case(
            "name",
            any().name("server-100777".parse().unwrap()),
            &["nova_servers_by_name"],
        ),
        case(
            "name prefix",
            any().name_prefix("server-10077".parse().unwrap()),
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
        case("ids", any().ids((0..50).map(server)), PRIMARY),
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
            project().name_prefix("server-1".parse().unwrap()),
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

/// Reads every list.
pub(super) async fn check(probe: &mut Probe) {
    let store = probe.store.clone();
    let pages = [
        PageRequest::first(100).unwrap(),
        PageRequest::first(100).unwrap().after(server(50_000)),
    ];
    for page in &pages {
        for case in selective().iter().chain(&common()) {
            let sort = ServerSort::default();
            let list = store.servers().server_list(&case.filter, sort, page);
            let (listed, plans) = probe.plans("server_list", list).await;
            listed.unwrap();
            let plan = plans.last().unwrap();
            let uses = case.indexes.iter().any(|index| plan.text.contains(index))
                // The marker is outside of what the filter lets through.
                || plan.text.contains("Impossible WHERE");
            if plan.cost.scans || !uses {
                probe.is_wrong(format!("servers by {} ({page:?})", case.name), plan);
            }
        }
        for (sort, index) in orders() {
            let all = ServerFilter::default();
            let list = store.servers().server_list(&all, sort, page);
            let (_, plans) = probe.plans("server_list", list).await;
            let plan = plans.last().unwrap();
            if !plan.text.contains(index) || plan.cost.sorts {
                probe.is_wrong(format!("all servers by {sort:?} ({page:?})"), plan);
            }
            let of_project = all.clone().project("project-7".parse().unwrap());
            let list = store.servers().server_list(&of_project, sort, page);
            let (_, plans) = probe.plans("server_list", list).await;
            let plan = plans.last().unwrap();
            // The rows of one project may be sorted, if the database thinks that cheaper.
            if !plan.text.contains("nova_servers_by_project") {
                probe.is_wrong(format!("a project's by {sort:?} ({page:?})"), plan);
            }
        }
    }
}

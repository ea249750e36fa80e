//! The conditions of a filter, one by one and two by two.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, deleted, fresh, server_in, successes};
use super::server_lists::ids;
use crate::env::{Env, Timestamp};
use crate::error::Error;
use crate::id::{FlavorId, ImageId, ProjectId, ServerId, UserId, ZoneName};
use crate::model::{Flavor, Lock, LockedBy, NamePrefix, Server, ServerName, Tag};
use crate::repository::{Deleted, ServerFilter, ServerSort, Store};
use crate::state::{PowerState, TaskState, VmState};
use crate::units::{Gibibytes, Mebibytes};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(server_filters {
    each_condition_and_every_two_let_through_what_matches,
    a_prefix_is_compared_by_its_characters,
    names_are_compared_by_their_characters,
    tags_are_looked_for_as_they_are_now,
    racing_changes_of_tags_leave_the_winners,
    ids_are_looked_for,
    a_filter_of_too_much_is_invalid,
});

/// What the servers of the first case have.
struct Pool {
    project: ProjectId,
    users: Vec<UserId>,
    zones: Vec<ZoneName>,
    flavors: Vec<FlavorId>,
    images: Vec<ImageId>,
    tags: Vec<Tag>,
}

impl Pool {
    fn new(env: &Env) -> Self {
        Self {
            project: fresh(env, "project"),
            users: (0..2).map(|_| fresh(env, "user")).collect(),
            zones: (0..2).map(|_| fresh(env, "zone")).collect(),
            flavors: (0..2).map(|_| fresh(env, "flavor")).collect(),
            images: (0..2).map(|_| ImageId::generate(env)).collect(),
            tags: (0..3).map(|_| fresh(env, "tag")).collect(),
        }
    }

    /// A server whose attributes follow from the bits of a number.
    fn server(&self, env: &Env, number: u64) -> Server {
        let bit = |at: u32| usize::from((number >> at) & 1 == 1);
        let mut server = server_in(env, &self.project);
        let flavor = self.flavors[bit(0)].clone();
        server.flavor = Flavor::builder(flavor, 1, Mebibytes::new(1), Gibibytes::new(1))
            .build()
            .unwrap();
        server.user_id = self.users[bit(1)].clone();
        server.availability_zone = [None, Some(self.zones[bit(3)].clone())][bit(2)].clone();
        server.image_id = self.images[bit(4)];
        server.name = ["web", "web 1"][bit(5)].parse().unwrap();
        server.vm_state = [VmState::Active, VmState::Error][bit(6)];
        server.task_state = [
            None,
            Some([TaskState::Deleting, TaskState::Pausing][bit(8)]),
        ][bit(7)];
        server.power_state = [PowerState::Running, PowerState::Shutdown][bit(9)];
        server.lock = [None, Some(Lock::new(LockedBy::Admin))][bit(10)].clone();
        for (at, tag) in (11..).zip(&self.tags) {
            if bit(at) == 1 {
                server.tags.insert(tag.clone()).unwrap();
            }
        }
        server.created_at = Timestamp::from_micros([1_000, 2_000][bit(14)]);
        server.updated_at = Timestamp::from_micros([3_000, 4_000][bit(15)]);
        server.deleted_at = [None, Some(env.now())][bit(16)];
        server
    }

    /// Every condition, with whether a server meets it.
    fn conditions(&self) -> Vec<Condition> {
        let any = || ServerFilter::default().deleted(Deleted::Include);
        let at = Timestamp::from_micros;
        let (user, zone) = (self.users[0].clone(), self.zones[0].clone());
        let (flavor, image) = (self.flavors[1].clone(), self.images[1]);
        let [one, two, three] = [0, 1, 2].map(|at| self.tags[at].clone());
        let [has_one, has_two, has_three] = [&one, &two, &three].map(|tag| {
            let tag = tag.clone();
            move |server: &Server| server.tags.contains(&tag)
        });
        let (any_one, any_two) = (has_one.clone(), has_two.clone());
        let (all_one, all_two) = (has_one.clone(), has_two.clone());
        let (none_one, none_three) = (has_one.clone(), has_three.clone());
        let (user_id, zone_name, flavor_id) = (user.clone(), zone.clone(), flavor.clone());
        vec![
            is(any().user(user), move |s| s.user_id == user_id),
            is(any().zone(zone), move |s| {
                s.availability_zone.as_ref() == Some(&zone_name)
            }),
            is(any().flavor(flavor), move |s| *s.flavor.id() == flavor_id),
            is(any().image(image), move |s| s.image_id == image),
            is(any().name("web".parse().unwrap()), |s| {
                s.name.as_str() == "web"
            }),
            is(any().name_prefix("web ".parse().unwrap()), |s| {
                s.name.as_str() == "web 1"
            }),
            is(any().vm_state(VmState::Error), |s| {
                s.vm_state == VmState::Error
            }),
            is(
                any().vm_state(VmState::Error).vm_state(VmState::Active),
                |_| true,
            ),
            is(any().task_state(TaskState::Pausing), |s| {
                s.task_state == Some(TaskState::Pausing)
            }),
            is(
                any()
                    .task_state(TaskState::Pausing)
                    .task_state(TaskState::Deleting),
                |s| s.task_state.is_some(),
            ),
            is(any().busy(true), |s| s.task_state.is_some()),
            is(any().busy(false), |s| s.task_state.is_none()),
            is(any().power_state(PowerState::Shutdown), |s| {
                s.power_state == PowerState::Shutdown
            }),
            is(any().locked(true), |s| s.lock.is_some()),
            is(any().locked(false), |s| s.lock.is_none()),
            is(any().tagged(one.clone()), has_one),
            is(any().tagged(one.clone()).tagged(two.clone()), move |s| {
                all_one(s) && all_two(s)
            }),
            is(
                any().tagged_any(one.clone()).tagged_any(two.clone()),
                move |s| any_one(s) || any_two(s),
            ),
            is(
                any().not_tagged(two.clone()).not_tagged(three.clone()),
                move |s| !(has_two(s) && has_three(s)),
            ),
            is(any().not_tagged_any(one).not_tagged_any(three), move |s| {
                !none_one(s) && !none_three(s)
            }),
            is(any().changed_since(at(4_000)), |s| {
                s.updated_at.as_micros() >= 4_000
            }),
            is(any().changed_before(at(3_000)), |s| {
                s.updated_at.as_micros() <= 3_000
            }),
            is(any().created_since(at(2_000)), |s| {
                s.created_at.as_micros() >= 2_000
            }),
            is(any().created_before(at(1_999)), |s| {
                s.created_at.as_micros() <= 1_999
            }),
            is(ServerFilter::default(), |s| s.deleted_at.is_none()),
            is(ServerFilter::default().deleted(Deleted::Only), |s| {
                s.deleted_at.is_some()
            }),
        ]
    }
}

/// A filter, and whether a server is to pass it.
struct Condition {
    filter: ServerFilter,
    meets: Box<dyn Fn(&Server) -> bool + Send + Sync>,
}

fn is(filter: ServerFilter, meets: impl Fn(&Server) -> bool + Send + Sync + 'static) -> Condition {
    Condition {
        filter,
        meets: Box::new(meets),
    }
}

/// Both filters' conditions in one. Of times, sets and `deleted`, each filter has its own.
fn both(one: &ServerFilter, other: &ServerFilter) -> ServerFilter {
    let mut both = one.clone();
    both.user = both.user.or(other.user.clone());
    both.zone = both.zone.or(other.zone.clone());
    both.flavor = both.flavor.or(other.flavor.clone());
    both.image = both.image.or(other.image);
    both.name = both.name.or(other.name.clone());
    both.name_prefix = both.name_prefix.or(other.name_prefix.clone());
    both.power_state = both.power_state.or(other.power_state);
    both.changed_since = both.changed_since.or(other.changed_since);
    both.changed_before = both.changed_before.or(other.changed_before);
    both.created_since = both.created_since.or(other.created_since);
    both.created_before = both.created_before.or(other.created_before);
    both.tags.extend(other.tags.iter().cloned());
    both
}

/// What of a filter `both` can put together with any other.
fn joins(filter: &ServerFilter) -> bool {
    filter.deleted == Deleted::Include
        && filter.vm_states.is_empty()
        && filter.task_states.is_empty()
        && filter.busy.is_none()
        && filter.locked.is_none()
        && filter.tags_any.is_empty()
        && filter.not_tags.is_empty()
        && filter.not_tags_any.is_empty()
}

/// Each condition, and each with each other, lets through exactly what matches.
pub async fn each_condition_and_every_two_let_through_what_matches(store: &Store, env: &Env) {
    let pool = Pool::new(env);
    let mut servers = Vec::new();
    for _ in 0..64 {
        let server = pool.server(env, env.random_u64());
        store.servers().server_create(&server).await.unwrap();
        servers.push(server);
    }
    servers.sort_by_key(|server| (server.created_at, server.id));
    let conditions = pool.conditions();
    for one in &conditions {
        for other in &conditions {
            let alone = std::ptr::eq(one, other);
            if !alone && !joins(&other.filter) {
                continue;
            }
            let filter = both(&one.filter, &other.filter).project(pool.project.clone());
            let expected: Vec<ServerId> = servers
                .iter()
                .filter(|server| (one.meets)(server) && (other.meets)(server))
                .map(|server| server.id)
                .collect();
            let found = ids(store, &filter, ServerSort::default(), 1000).await;
            assert_eq!(found, expected, "{filter:?}");
        }
    }
}

/// Creates servers of these names in a project of their own.
async fn named(store: &Store, env: &Env, names: &[&str]) -> (ProjectId, Vec<ServerId>) {
    let project: ProjectId = fresh(env, "project");
    let mut created = Vec::new();
    for (micros, name) in (0..).zip(names) {
        let mut server = server_in(env, &project);
        server.name = name.parse().unwrap();
        server.created_at = Timestamp::from_micros(micros);
        store.servers().server_create(&server).await.unwrap();
        created.push(server.id);
    }
    (project, created)
}

/// `name_prefix` finds the names that begin so: case, accents and spaces count, and no character
/// stands for others.
pub async fn a_prefix_is_compared_by_its_characters(store: &Store, env: &Env) {
    let names = [
        "web",
        "web 1",
        "web1",
        "Web1",
        "w%b",
        "w_b",
        "w!b",
        "w\\b",
        "wéb",
        "wz",
        "\u{10ffff}x",
        "\u{1f980}",
    ];
    let (project, created) = named(store, env, &names).await;
    for prefix in [
        "w",
        "web",
        "web ",
        "W",
        "w%",
        "w_",
        "w!",
        "w\\",
        "wé",
        "we",
        "x",
        "\u{10ffff}",
        "\u{1f980}",
        "'",
        "\"",
    ] {
        let filter = ServerFilter::default()
            .project(project.clone())
            .name_prefix(NamePrefix::new(prefix).unwrap());
        let expected: Vec<ServerId> = names
            .iter()
            .zip(&created)
            .filter(|(name, _)| name.starts_with(prefix))
            .map(|(_, id)| *id)
            .collect();
        let found = ids(store, &filter, ServerSort::default(), 1000).await;
        assert_eq!(found, expected, "{prefix:?}");
    }
}

/// `name` finds exactly that name.
pub async fn names_are_compared_by_their_characters(store: &Store, env: &Env) {
    let names = ["web", "Web", "wéb", "we\u{301}b", "w%b", "web", "webs"];
    let (project, created) = named(store, env, &names).await;
    for name in names {
        let filter = ServerFilter::default()
            .project(project.clone())
            .name(ServerName::new(name).unwrap());
        let expected: Vec<ServerId> = names
            .iter()
            .zip(&created)
            .filter(|(held, _)| **held == name)
            .map(|(_, id)| *id)
            .collect();
        let found = ids(store, &filter, ServerSort::default(), 1000).await;
        assert_eq!(found, expected, "{name:?}");
    }
}

/// A list by tags follows every change of a server's tags; case and accents count.
pub async fn tags_are_looked_for_as_they_are_now(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let base: Tag = fresh(env, "tag");
    let variants: Vec<Tag> = ["", "X", "x", "é", "e", " x", "%", "_"]
        .iter()
        .map(|end| format!("{base}{end}").parse().unwrap())
        .collect();
    let mut held = server_in(env, &project);
    held.tags.insert(variants[0].clone()).unwrap();
    store.servers().server_create(&held).await.unwrap();
    for round in 0..12_usize {
        for (index, tag) in variants.iter().enumerate() {
            if (round * 7 + index * 3) % 5 < 2 {
                held.tags.insert(tag.clone()).unwrap();
            } else {
                held.tags.remove(tag);
            }
        }
        held = store.servers().server_update(&held).await.unwrap();
        for tag in &variants {
            let filter = ServerFilter::default().tagged(tag.clone());
            let found = ids(store, &filter, ServerSort::default(), 10).await;
            let expected = if held.tags.contains(tag) {
                vec![held.id]
            } else {
                Vec::new()
            };
            assert_eq!(found, expected, "{tag:?} in round {round}");
        }
    }
}

/// Of writers that change the tags of one generation one wins, and a list by tags finds its tags
/// and no other's.
pub async fn racing_changes_of_tags_leave_the_winners(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let tags: Vec<Tag> = (0..8).map(|_| fresh(env, "tag")).collect();
    let mut held = server_in(env, &project);
    held.tags.insert(fresh(env, "tag")).unwrap();
    store.servers().server_create(&held).await.unwrap();
    for _ in 0..4 {
        let results = at_once(tags.len(), |index| {
            let mut mine = held.clone();
            mine.tags = crate::model::Tags::new([tags[index].clone()]).unwrap();
            let store = store.clone();
            async move { store.servers().server_update(&mine).await }
        })
        .await;
        let winners = successes(results, Error::is_stale);
        assert_eq!(winners.len(), 1, "so many writes of one generation");
        held = winners[0].clone();
        for tag in &tags {
            let filter = ServerFilter::default().tagged(tag.clone());
            let found = ids(store, &filter, ServerSort::default(), 10).await;
            assert_eq!(!found.is_empty(), held.tags.contains(tag), "{tag:?}");
        }
    }
}

/// `ids` finds those of the ids that are there; an empty set finds nothing.
pub async fn ids_are_looked_for(store: &Store, env: &Env) {
    let project: ProjectId = fresh(env, "project");
    let mut created = Vec::new();
    for micros in 0..4 {
        let mut server = server_in(env, &project);
        server.created_at = Timestamp::from_micros(micros);
        if micros == 3 {
            server = deleted(server, env.now());
        }
        store.servers().server_create(&server).await.unwrap();
        created.push(server.id);
    }
    let find = async |wanted: &[ServerId]| {
        let filter = ServerFilter::default().ids(wanted.iter().copied());
        ids(store, &filter, ServerSort::default(), 1).await
    };
    let missing = ServerId::generate(env);
    assert_eq!(
        find(&[created[2], missing, created[0], created[3]]).await,
        [created[0], created[2]]
    );
    assert!(find(&[missing]).await.is_empty());
    assert!(find(&[]).await.is_empty());
    let many = (1..ServerFilter::MAX_IDS).map(|_| ServerId::generate(env));
    let many: Vec<ServerId> = many.chain([created[1]]).collect();
    assert_eq!(find(&many).await, [created[1]]);
}

/// More ids than `MAX_IDS`, or more tags in a condition than a server has, are `Invalid`, before
/// the marker is looked for.
pub async fn a_filter_of_too_much_is_invalid(store: &Store, env: &Env) {
    let ids = (0..=ServerFilter::MAX_IDS).map(|_| ServerId::generate(env));
    let tags = || (0..51).map(|number| format!("{number}").parse::<Tag>().unwrap());
    let mut filters = vec![ServerFilter::default().ids(ids)];
    for set in 0..4 {
        let mut filter = ServerFilter::default();
        let sets = [
            &mut filter.tags,
            &mut filter.tags_any,
            &mut filter.not_tags,
            &mut filter.not_tags_any,
        ];
        let [all, any, not_all, not_any] = sets;
        [all, any, not_all, not_any][set].extend(tags());
        filters.push(filter);
    }
    for filter in filters {
        let page = crate::repository::PageRequest::largest().after(ServerId::generate(env));
        let listed = store
            .servers()
            .server_list(&filter, ServerSort::default(), &page)
            .await;
        assert_fails!(listed, Error::Invalid { .. });
    }
}

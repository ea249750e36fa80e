//! Servers one by one: created, read, compared and set.

use super::cases::{Case, cases};
use super::fixture::{
    assert_fails, at_once, deleted, flavor, fresh, is_already_exists, server, successes,
};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{ImageId, ServerId};
use crate::model::{
    Generation, Lock, LockedBy, Metadata, Progress, Server, ServerKey, Tags, UserData,
};
use crate::repository::Store;
use crate::state::{PowerState, TaskState, VmState};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(servers {
    a_created_server_reads_back,
    a_taken_id_is_refused,
    a_missing_server_is_not_found,
    every_state_reads_back,
    any_generation_is_kept,
    an_update_writes_all_but_identity,
    a_stale_update_changes_nothing,
    of_racing_updates_one_wins,
    of_racing_creates_one_wins,
    the_longest_texts_read_back,
    user_data_changes_and_goes,
    locks_read_back,
});

/// `server_create` keeps every field, and `server_get` returns it.
pub async fn a_created_server_reads_back(store: &Store, env: &Env) {
    let sparse = server(env);
    let full = full(env);
    for server in [&sparse, &full] {
        store.servers().server_create(server).await.unwrap();
        assert_eq!(
            store.servers().server_get(server.id).await.unwrap(),
            *server
        );
    }
}

/// `server_create` refuses a taken id, by a deleted server too, and leaves that server alone.
pub async fn a_taken_id_is_refused(store: &Store, env: &Env) {
    for first in [server(env), deleted(server(env), env.now())] {
        store.servers().server_create(&first).await.unwrap();
        let second = Server {
            id: first.id,
            ..server(env)
        };
        assert_fails!(
            store.servers().server_create(&second).await,
            Error::AlreadyExists { kind: ObjectKind::Server, id } if id == first.id.to_string()
        );
        assert_eq!(store.servers().server_get(first.id).await.unwrap(), first);
    }
}

/// `server_get` and `server_update` of an unknown id are `NotFound`.
pub async fn a_missing_server_is_not_found(store: &Store, env: &Env) {
    let missing = server(env);
    let text = missing.id.to_string();
    assert_fails!(
        store.servers().server_get(missing.id).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == text
    );
    assert_fails!(
        store.servers().server_update(&missing).await,
        Error::NotFound { kind: ObjectKind::Server, id } if id == text
    );
}

/// Every vm state, task state and power state can be stored.
pub async fn every_state_reads_back(store: &Store, env: &Env) {
    let mut held = server(env);
    store.servers().server_create(&held).await.unwrap();
    let tasks = [None]
        .into_iter()
        .chain(TaskState::ALL.iter().copied().map(Some));
    for (index, task_state) in tasks.enumerate() {
        held.task_state = task_state;
        held.vm_state = VmState::ALL[index % VmState::ALL.len()];
        held.power_state = PowerState::ALL[index % PowerState::ALL.len()];
        held = store.servers().server_update(&held).await.unwrap();
        assert_eq!(held.task_state, task_state);
        assert_eq!(store.servers().server_get(held.id).await.unwrap(), held);
    }
}

/// `server_create` keeps the generation as it is given, whatever its number, and times too.
pub async fn any_generation_is_kept(store: &Store, env: &Env) {
    for number in [0, 7, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let mut given = server(env);
        given.generation = Generation::new(number);
        given.created_at = Timestamp::from_micros(-1);
        given.launched_at = Some(Timestamp::from_micros(i64::MAX));
        store.servers().server_create(&given).await.unwrap();
        assert_eq!(store.servers().server_get(given.id).await.unwrap(), given);
        let written = store.servers().server_update(&given).await.unwrap();
        assert_eq!(written.generation, Generation::new(number).next());
        assert_eq!(store.servers().server_get(given.id).await.unwrap(), written);
    }
}

/// `server_update` writes every field but `id`, `project_id` and `created_at`, counts the
/// generation up and returns what is kept.
pub async fn an_update_writes_all_but_identity(store: &Store, env: &Env) {
    let bystander = server(env);
    let before = server(env);
    store.servers().server_create(&bystander).await.unwrap();
    store.servers().server_create(&before).await.unwrap();
    for template in [full(env), server(env)] {
        let held = store.servers().server_get(before.id).await.unwrap();
        let given = Server {
            id: before.id,
            generation: held.generation,
            ..template
        };
        let written = store.servers().server_update(&given).await.unwrap();
        let expected = Server {
            project_id: before.project_id.clone(),
            created_at: before.created_at,
            generation: held.generation.next(),
            ..given
        };
        assert_eq!(written, expected);
        assert_eq!(
            store.servers().server_get(before.id).await.unwrap(),
            expected
        );
    }
    assert_eq!(
        store.servers().server_get(bystander.id).await.unwrap(),
        bystander
    );
}

/// `server_update` from an earlier or later generation is `Stale` and changes nothing.
pub async fn a_stale_update_changes_nothing(store: &Store, env: &Env) {
    let first = server(env);
    store.servers().server_create(&first).await.unwrap();
    let held = store.servers().server_update(&first).await.unwrap();
    for generation in [first.generation, held.generation.next()] {
        let late = Server {
            generation,
            lock: Some(Lock::new(LockedBy::Admin)),
            ..held.clone()
        };
        assert_fails!(
            store.servers().server_update(&late).await,
            Error::Stale { kind: ObjectKind::Server, id, expected }
                if id == held.id.to_string() && expected == generation
        );
        assert_eq!(store.servers().server_get(held.id).await.unwrap(), held);
    }
}

/// Of many updates from the same generation exactly one is written; the others are `Stale`.
pub async fn of_racing_updates_one_wins(store: &Store, env: &Env) {
    let held = server(env);
    store.servers().server_create(&held).await.unwrap();
    let results = at_once(16, |_| {
        let (store, mine) = (
            store.clone(),
            Server {
                host: Some(fresh(env, "host")),
                ..held.clone()
            },
        );
        async move { store.servers().server_update(&mine).await }
    })
    .await;
    let winners = successes(results, Error::is_stale);
    assert_eq!(
        winners.len(),
        1,
        "so many updates of one generation were written"
    );
    assert_eq!(
        store.servers().server_get(held.id).await.unwrap(),
        winners[0]
    );
}

/// Of many creations of one id, with tags and without, exactly one happens, whole; the others are
/// `AlreadyExists`.
pub async fn of_racing_creates_one_wins(store: &Store, env: &Env) {
    let id = ServerId::generate(env);
    let results = at_once(16, |index| {
        let mut mine = Server { id, ..server(env) };
        if index % 2 == 0 {
            let tag = format!("tag-{index}");
            mine.tags.insert(tag.parse().unwrap()).unwrap();
        }
        let store = store.clone();
        async move { store.servers().server_create(&mine).await.map(|()| mine) }
    })
    .await;
    let winners = successes(results, is_already_exists);
    assert_eq!(winners.len(), 1, "so many creations of one id happened");
    assert_eq!(store.servers().server_get(id).await.unwrap(), winners[0]);
}

/// Every text of a server can be as long as its type allows, in any script, and a value of its
/// metadata can have any character.
pub async fn the_longest_texts_read_back(store: &Store, env: &Env) {
    let crab = |count: usize| "\u{1f980}".repeat(count);
    let mut held = server(env);
    let tags = (0..Tags::MAX).map(|index| format!("{index:02}{}", crab(58)).parse().unwrap());
    let pairs = (0..Metadata::MAX_ITEMS).map(|index| {
        let key = format!("{index:03}{}", crab(252));
        (key, format!("\0\r\n\u{1b}'\"\\%{}", crab(247)))
    });
    held.name = crab(255).parse().unwrap();
    held.metadata = Metadata::new(pairs).unwrap();
    held.tags = Tags::new(tags).unwrap();
    held.description = Some(crab(255).parse().unwrap());
    held.user_data = Some(UserData::new("QUJD".repeat(16_383)).unwrap());
    held.key = Some(ServerKey::new(crab(255), crab(16_384)).unwrap());
    held.lock = Some(Lock::new(LockedBy::Owner).because(crab(255).parse().unwrap()));
    held.hostname = "x".repeat(63).parse().unwrap();
    store.servers().server_create(&held).await.unwrap();
    assert_eq!(store.servers().server_get(held.id).await.unwrap(), held);
    let again = store.servers().server_update(&held).await.unwrap();
    assert_eq!(store.servers().server_get(held.id).await.unwrap(), again);
}

/// `server_update` keeps, changes and removes user data as it is told.
pub async fn user_data_changes_and_goes(store: &Store, env: &Env) {
    let mut held = server(env);
    store.servers().server_create(&held).await.unwrap();
    for text in [
        Some("QUJD"),
        Some("QUJD"),
        Some("REVG"),
        Some(""),
        None,
        None,
    ] {
        held.user_data = text.map(|text| UserData::new(text).unwrap());
        held = store.servers().server_update(&held).await.unwrap();
        let read = store.servers().server_get(held.id).await.unwrap();
        assert_eq!(read.user_data.as_ref().map(UserData::expose), text);
        assert_eq!(read, held);
    }
}

/// A lock by either, with and without a reason, and none.
pub async fn locks_read_back(store: &Store, env: &Env) {
    let mut held = server(env);
    store.servers().server_create(&held).await.unwrap();
    let owner = Lock::new(LockedBy::Owner);
    let admin = Lock::new(LockedBy::Admin);
    let because = admin.clone().because("a reason".parse().unwrap());
    for lock in [Some(owner), None, Some(admin), Some(because), None] {
        held.lock.clone_from(&lock);
        held = store.servers().server_update(&held).await.unwrap();
        assert_eq!(
            store.servers().server_get(held.id).await.unwrap().lock,
            lock
        );
    }
}

/// A server with every optional field set.
fn full(env: &Env) -> Server {
    Server {
        id: ServerId::generate(env),
        name: "\u{5d0}\u{200f}".parse().unwrap(),
        project_id: fresh(env, "project"),
        user_id: fresh(env, "user"),
        flavor: flavor(env),
        image_id: ImageId::generate(env),
        availability_zone: Some(fresh(env, "zone")),
        host: Some(fresh(env, "host")),
        vm_state: VmState::SoftDeleted,
        task_state: Some(TaskState::PoweringOff),
        power_state: PowerState::Crashed,
        lock: Some(Lock::new(LockedBy::Admin).because("under \u{5d0}\nwatch".parse().unwrap())),
        metadata: Metadata::new([("role", "web"), ("empty", "")]).unwrap(),
        tags: Tags::new(["gold".parse().unwrap(), "a tag".parse().unwrap()]).unwrap(),
        description: Some("what it is\tfor".parse().unwrap()),
        user_data: Some(UserData::new("QUJD").unwrap()),
        key: Some(ServerKey::new("a key", "ssh-ed25519 AAAA me@\u{e4}").unwrap()),
        config_drive: true,
        hostname: "WEB-1".parse().unwrap(),
        access_ip_v4: Some("192.0.2.1".parse().unwrap()),
        access_ip_v6: Some("2001:db8::1".parse().unwrap()),
        old_flavor: Some(flavor(env)),
        new_flavor: Some(flavor(env)),
        progress: Progress::new(42).unwrap(),
        hidden: true,
        created_at: Timestamp::from_micros(1_700_000_000_000_001),
        updated_at: Timestamp::from_micros(1_700_000_000_000_002),
        launched_at: Some(Timestamp::from_micros(1_700_000_000_000_003)),
        deleted_at: Some(Timestamp::from_micros(1_700_000_000_000_004)),
        generation: Generation::new(41),
    }
}

//! Key pairs.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, fresh, is_already_exists, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::UserId;
use crate::model::{KeyFingerprints, KeyPair, KeyPairName, PublicKey};
use crate::repository::{PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(key_pairs {
    a_created_key_pair_reads_back,
    a_taken_name_is_refused,
    users_do_not_share_names,
    a_deleted_key_pair_is_gone,
    names_come_in_pages,
    a_limit_bounds_a_user,
    racing_creations_keep_the_limit,
    of_racing_creations_of_a_name_one_wins,
});

fn pair(user: &UserId, name: &str, now: Timestamp) -> KeyPair {
    let md5 = ["0f"; 16].join(":");
    let sha256 = format!("SHA256:{}", "aZ0+/9b".repeat(7).split_at(43).0);
    KeyPair::new(
        user.clone(),
        name.parse().unwrap(),
        PublicKey::new("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA== me@here").unwrap(),
        KeyFingerprints::new(md5, sha256).unwrap(),
        now,
    )
}

/// `key_pair_create` keeps every field, the longest texts too.
pub async fn a_created_key_pair_reads_back(store: &Store, env: &Env) {
    let user: UserId = fresh(env, "user");
    let short = pair(&user, "laptop", env.now());
    let mut long = pair(&user, &"x".repeat(255), Timestamp::from_micros(-1));
    let comment = "\u{1f980}'\"\\%_".repeat(1000);
    let text = format!("ssh-rsa {} {comment}", "Ab+/".repeat(900));
    long.public_key = PublicKey::new(&text).unwrap();
    for pair in [short, long] {
        store
            .key_pairs()
            .key_pair_create(&pair, None)
            .await
            .unwrap();
        let found = store.key_pairs().key_pair_get(&user, &pair.name).await;
        assert_eq!(found.unwrap(), pair);
    }
}

/// `key_pair_create` refuses a name that the user has, before it looks at the limit.
pub async fn a_taken_name_is_refused(store: &Store, env: &Env) {
    let user: UserId = fresh(env, "user");
    let first = pair(&user, "one", env.now());
    store
        .key_pairs()
        .key_pair_create(&first, None)
        .await
        .unwrap();
    let mut second = pair(&user, "one", env.now());
    second.public_key = PublicKey::new("ssh-rsa AAAA").unwrap();
    for limit in [None, Some(1), Some(2)] {
        assert_fails!(
            store.key_pairs().key_pair_create(&second, limit).await,
            Error::AlreadyExists { kind: ObjectKind::KeyPair, id } if id == "one"
        );
    }
    let held = store.key_pairs().key_pair_get(&user, &first.name).await;
    assert_eq!(held.unwrap(), first);
}

/// A name is a user's own, and compared to the letter.
pub async fn users_do_not_share_names(store: &Store, env: &Env) {
    let (one, other): (UserId, UserId) = (fresh(env, "user"), fresh(env, "user"));
    let pairs = [
        pair(&one, "key", env.now()),
        pair(&one, "KEY", env.now()),
        pair(&other, "key", env.now()),
    ];
    for pair in &pairs {
        store.key_pairs().key_pair_create(pair, None).await.unwrap();
    }
    let key_pairs = store.key_pairs();
    assert!(
        key_pairs
            .key_pair_delete(&one, &pairs[0].name)
            .await
            .unwrap()
    );
    for pair in &pairs[1..] {
        let held = key_pairs.key_pair_get(&pair.user_id, &pair.name).await;
        assert_eq!(held.unwrap(), *pair);
    }
}

/// `key_pair_delete` returns whether it was there; then it is `NotFound` and its name free.
pub async fn a_deleted_key_pair_is_gone(store: &Store, env: &Env) {
    let key_pairs = store.key_pairs();
    let pair = pair(&fresh(env, "user"), "key", env.now());
    let (user, name) = (&pair.user_id, &pair.name);
    assert!(!key_pairs.key_pair_delete(user, name).await.unwrap());
    key_pairs.key_pair_create(&pair, Some(1)).await.unwrap();
    assert!(key_pairs.key_pair_delete(user, name).await.unwrap());
    assert!(!key_pairs.key_pair_delete(user, name).await.unwrap());
    assert_fails!(
        key_pairs.key_pair_get(user, name).await,
        Error::NotFound { kind: ObjectKind::KeyPair, id } if id == "key"
    );
    key_pairs.key_pair_create(&pair, Some(1)).await.unwrap();
}

/// `key_pair_list` is the user's, by the bytes of the name, in pages; what is created or deleted
/// in between neither repeats nor hides others.
pub async fn names_come_in_pages(store: &Store, env: &Env) {
    let key_pairs = store.key_pairs();
    let (user, other): (UserId, UserId) = (fresh(env, "user"), fresh(env, "user"));
    let mut expected = Vec::new();
    for name in ["b", "a b", "a", "A", "_", "1", "a-b", "@", "B"] {
        let pair = pair(&user, name, env.now());
        key_pairs.key_pair_create(&pair, None).await.unwrap();
        expected.push(pair);
    }
    let foreign = pair(&other, "aa", env.now());
    key_pairs.key_pair_create(&foreign, None).await.unwrap();
    expected.sort_by(|one, two| one.name.cmp(&two.name));
    for limit in [1, 4, 1000] {
        let mut listed: Vec<KeyPair> = Vec::new();
        let mut request = PageRequest::first(limit).unwrap();
        loop {
            let page = key_pairs.key_pair_list(&user, &request).await.unwrap();
            listed.extend(page.items);
            let Some(marker) = page.next else { break };
            assert_eq!(listed.last().map(|pair| &pair.name), Some(&marker));
            request = request.after(marker);
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }

    let marker: KeyPairName = "a".parse().unwrap();
    assert!(key_pairs.key_pair_delete(&user, &marker).await.unwrap());
    let before = pair(&user, "0", env.now());
    key_pairs.key_pair_create(&before, None).await.unwrap();
    let rest = PageRequest::largest().after(marker.clone());
    let rest = key_pairs.key_pair_list(&user, &rest).await.unwrap();
    let after: Vec<KeyPair> = expected
        .into_iter()
        .filter(|pair| pair.name > marker)
        .collect();
    assert_eq!((rest.items, rest.next), (after, None));
}

/// `key_pair_create` is `LimitExceeded` when the user has as many; others' do not count.
pub async fn a_limit_bounds_a_user(store: &Store, env: &Env) {
    let key_pairs = store.key_pairs();
    let (user, other): (UserId, UserId) = (fresh(env, "user"), fresh(env, "user"));
    let (one, two) = (pair(&user, "one", env.now()), pair(&user, "two", env.now()));
    let exceeded = |limit| {
        let owner = user.to_string();
        move |error: &Error| matches!(error, Error::LimitExceeded { kind: ObjectKind::KeyPair, owner: o, limit: l } if *o == owner && *l == limit)
    };
    let none = key_pairs.key_pair_create(&one, Some(0)).await.unwrap_err();
    assert!(exceeded(0)(&none), "{none:?}");
    key_pairs.key_pair_create(&one, Some(1)).await.unwrap();
    let second = key_pairs.key_pair_create(&two, Some(1)).await.unwrap_err();
    assert!(exceeded(1)(&second), "{second:?}");
    let foreign = pair(&other, "two", env.now());
    key_pairs.key_pair_create(&foreign, Some(1)).await.unwrap();
    key_pairs.key_pair_create(&two, Some(2)).await.unwrap();
}

/// Creations at once do not exceed the limit, and fill it.
pub async fn racing_creations_keep_the_limit(store: &Store, env: &Env) {
    let (user, now): (UserId, Timestamp) = (fresh(env, "user"), env.now());
    let results = at_once(12, |index| {
        let (store, pair) = (store.clone(), pair(&user, &format!("key {index}"), now));
        async move { store.key_pairs().key_pair_create(&pair, Some(5)).await }
    })
    .await;
    let created = successes(results, |e| matches!(e, Error::LimitExceeded { .. }));
    assert_eq!(created.len(), 5);
    let all = PageRequest::largest();
    let held = store.key_pairs().key_pair_list(&user, &all).await.unwrap();
    assert_eq!(held.items.len(), 5);
}

/// Of many creations of one name exactly one is written.
pub async fn of_racing_creations_of_a_name_one_wins(store: &Store, env: &Env) {
    let (user, now): (UserId, Timestamp) = (fresh(env, "user"), env.now());
    let results = at_once(8, |_| {
        let (store, pair) = (store.clone(), pair(&user, "key", now));
        async move { store.key_pairs().key_pair_create(&pair, None).await }
    })
    .await;
    assert_eq!(successes(results, is_already_exists).len(), 1);
}

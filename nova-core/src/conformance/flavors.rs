//! Flavors.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, flavor, fresh};
use crate::env::Env;
use crate::error::{Error, ObjectKind};
use crate::id::FlavorId;
use crate::model::Flavor;
use crate::repository::{FlavorFilter, PageRequest, Store};
use crate::units::{Gibibytes, Mebibytes};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(flavors {
    a_created_flavor_reads_back,
    a_taken_id_is_refused,
    a_deleted_flavor_is_gone,
    ids_differ_by_case,
    pages_follow_the_id,
});

/// `flavor_create` keeps every field, the largest sizes too.
pub async fn a_created_flavor_reads_back(store: &Store, env: &Env) {
    let most = Flavor::MAX_AMOUNT;
    let largest = Flavor::builder(
        fresh(env, "\u{e4}\u{1f980}"),
        i32::MAX.unsigned_abs(),
        Mebibytes::new(most),
        Gibibytes::new(most),
    )
    .ephemeral_disk(Gibibytes::new(most))
    .swap(Mebibytes::new(most))
    .private()
    .description("\u{1f980}".repeat(Flavor::MAX_DESCRIPTION_CHARS));
    for flavor in [flavor(env), largest.build().unwrap()] {
        store.flavors().flavor_create(&flavor).await.unwrap();
        assert_eq!(
            store.flavors().flavor_get(flavor.id()).await.unwrap(),
            flavor
        );
    }
}

/// `flavor_create` refuses a taken id and leaves that flavor alone.
pub async fn a_taken_id_is_refused(store: &Store, env: &Env) {
    let first = flavor(env);
    store.flavors().flavor_create(&first).await.unwrap();
    let second = named(first.id().clone());
    assert_fails!(
        store.flavors().flavor_create(&second).await,
        Error::AlreadyExists { kind: ObjectKind::Flavor, id } if id == first.id().as_str()
    );
    assert_eq!(store.flavors().flavor_get(first.id()).await.unwrap(), first);
}

/// `flavor_delete` returns whether the flavor was there; then it is `NotFound` and its id free.
pub async fn a_deleted_flavor_is_gone(store: &Store, env: &Env) {
    let flavor = flavor(env);
    assert!(!store.flavors().flavor_delete(flavor.id()).await.unwrap());
    store.flavors().flavor_create(&flavor).await.unwrap();
    assert!(store.flavors().flavor_delete(flavor.id()).await.unwrap());
    assert!(!store.flavors().flavor_delete(flavor.id()).await.unwrap());
    assert_fails!(
        store.flavors().flavor_get(flavor.id()).await,
        Error::NotFound { kind: ObjectKind::Flavor, id } if id == flavor.id().as_str()
    );
    store.flavors().flavor_create(&flavor).await.unwrap();
}

/// Ids are compared to the letter: case and accents count.
pub async fn ids_differ_by_case(store: &Store, env: &Env) {
    let tail = env.uuid().simple().to_string();
    let flavors: Vec<Flavor> = ["resume", "Resume", "r\u{e9}sum\u{e9}"]
        .iter()
        .map(|head| named(format!("{head}-{tail}").parse().unwrap()))
        .collect();
    for flavor in &flavors {
        store.flavors().flavor_create(flavor).await.unwrap();
    }
    assert!(
        store
            .flavors()
            .flavor_delete(flavors[0].id())
            .await
            .unwrap()
    );
    for flavor in &flavors[1..] {
        assert_eq!(
            store.flavors().flavor_get(flavor.id()).await.unwrap(),
            *flavor
        );
    }
}

/// `flavor_list` is ordered by the bytes of the id, and goes on after a marker that was deleted.
pub async fn pages_follow_the_id(store: &Store, env: &Env) {
    let tail = env.uuid().simple().to_string();
    let mut expected: Vec<FlavorId> = ["a", "B", "b", "A", "_", "-", "\u{e4}", "z", "1.0", "10"]
        .iter()
        .map(|head| format!("{head}{tail}").parse().unwrap())
        .collect();
    for id in &expected {
        store
            .flavors()
            .flavor_create(&named(id.clone()))
            .await
            .unwrap();
    }
    expected.sort_unstable();
    let mine = |id: &FlavorId| id.as_str().ends_with(&tail);
    for limit in [1, 3, 1000] {
        let mut all: Vec<FlavorId> = Vec::new();
        let mut request = PageRequest::first(limit).unwrap();
        loop {
            let page = store
                .flavors()
                .flavor_list(&FlavorFilter::default(), &request)
                .await
                .unwrap();
            for flavor in &page.items {
                let id = flavor.id().clone();
                assert!(
                    all.last().is_none_or(|last| *last < id),
                    "{id} is not in order"
                );
                all.push(id);
            }
            let Some(marker) = page.next else { break };
            assert_eq!(all.last(), Some(&marker), "the marker is not the last item");
            request = request.after(marker);
        }
        all.retain(mine);
        assert_eq!(all, expected, "in pages of {limit}");
    }

    let marker = expected[4].clone();
    assert!(store.flavors().flavor_delete(&marker).await.unwrap());
    let rest = store
        .flavors()
        .flavor_list(
            &FlavorFilter::default(),
            &PageRequest::largest().after(marker),
        )
        .await
        .unwrap();
    let rest: Vec<FlavorId> = rest
        .items
        .iter()
        .map(|flavor| flavor.id().clone())
        .filter(mine)
        .collect();
    assert_eq!(rest, expected[5..]);
}

fn named(id: FlavorId) -> Flavor {
    Flavor::builder(id, 1, Mebibytes::new(64), Gibibytes::new(1))
        .build()
        .unwrap()
}

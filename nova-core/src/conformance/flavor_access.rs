//! Who may use a flavor, and lists of what a project may use.

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, flavor, fresh, successes};
use crate::env::Env;
use crate::error::{Error, ObjectKind};
use crate::id::{FlavorId, ProjectId};
use crate::model::Flavor;
use crate::repository::{FlavorFilter, PageRequest, Store};
use crate::units::{Gibibytes, Mebibytes};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(flavor_access {
    a_private_flavor_is_for_its_projects,
    a_public_flavor_has_no_list,
    an_unknown_flavor_has_no_list,
    the_list_goes_with_its_flavor,
    projects_come_in_pages,
    of_racing_additions_one_adds,
    a_project_lists_what_it_may_use,
    sizes_filter_a_list,
});

async fn private(store: &Store, env: &Env) -> FlavorId {
    let flavor = Flavor::builder(
        fresh(env, "private"),
        1,
        Mebibytes::new(64),
        Gibibytes::new(1),
    );
    let flavor = flavor.private().build().unwrap();
    store.flavors().flavor_create(&flavor).await.unwrap();
    flavor.id().clone()
}

/// A private flavor is for the projects on its list; adding and removing are idempotent and return
/// whether they changed anything.
pub async fn a_private_flavor_is_for_its_projects(store: &Store, env: &Env) {
    let (flavors, id) = (store.flavors(), private(store, env).await);
    let (one, other): (ProjectId, ProjectId) = (fresh(env, "project"), fresh(env, "project"));
    assert!(!flavors.flavor_access_check(&id, &one).await.unwrap());
    assert!(!flavors.flavor_access_remove(&id, &one).await.unwrap());
    assert!(flavors.flavor_access_add(&id, &one).await.unwrap());
    assert!(!flavors.flavor_access_add(&id, &one).await.unwrap());
    assert!(flavors.flavor_access_check(&id, &one).await.unwrap());
    assert!(!flavors.flavor_access_check(&id, &other).await.unwrap());
    assert!(flavors.flavor_access_remove(&id, &one).await.unwrap());
    assert!(!flavors.flavor_access_remove(&id, &one).await.unwrap());
    assert!(!flavors.flavor_access_check(&id, &one).await.unwrap());
}

/// A public flavor is for everybody; `flavor_access_add` is `Invalid` and its list is empty.
pub async fn a_public_flavor_has_no_list(store: &Store, env: &Env) {
    let (flavors, flavor) = (store.flavors(), flavor(env));
    flavors.flavor_create(&flavor).await.unwrap();
    let project: ProjectId = fresh(env, "project");
    assert_fails!(
        flavors.flavor_access_add(flavor.id(), &project).await,
        Error::Invalid { .. }
    );
    let all = PageRequest::largest();
    let page = flavors.flavor_access_list(flavor.id(), &all).await.unwrap();
    assert_eq!((page.items, page.next), (Vec::new(), None));
    assert!(
        flavors
            .flavor_access_check(flavor.id(), &project)
            .await
            .unwrap()
    );
    assert!(
        !flavors
            .flavor_access_remove(flavor.id(), &project)
            .await
            .unwrap()
    );
}

/// Every call of the access list of an unknown flavor is `NotFound`.
pub async fn an_unknown_flavor_has_no_list(store: &Store, env: &Env) {
    let (flavors, id) = (store.flavors(), fresh::<FlavorId>(env, "flavor"));
    let project: ProjectId = fresh(env, "project");
    let all = PageRequest::largest();
    let list = flavors.flavor_access_list(&id, &all);
    assert_fails!(
        list.await,
        Error::NotFound {
            kind: ObjectKind::Flavor,
            ..
        }
    );
    for result in [
        flavors.flavor_access_add(&id, &project).await,
        flavors.flavor_access_remove(&id, &project).await,
        flavors.flavor_access_check(&id, &project).await,
    ] {
        assert_fails!(
            result,
            Error::NotFound { kind: ObjectKind::Flavor, id: found } if found == id.as_str()
        );
    }
}

/// A deleted flavor takes its list along: one of the same id afterwards begins with none.
pub async fn the_list_goes_with_its_flavor(store: &Store, env: &Env) {
    let (flavors, id) = (store.flavors(), private(store, env).await);
    let project: ProjectId = fresh(env, "project");
    assert!(flavors.flavor_access_add(&id, &project).await.unwrap());
    let same = flavors.flavor_get(&id).await.unwrap();
    assert!(flavors.flavor_delete(&id).await.unwrap());
    let check = flavors.flavor_access_check(&id, &project).await;
    assert_fails!(check, Error::NotFound { .. });
    flavors.flavor_create(&same).await.unwrap();
    assert!(!flavors.flavor_access_check(&id, &project).await.unwrap());
    assert!(flavors.flavor_access_add(&id, &project).await.unwrap());
}

/// `flavor_access_list` is ordered by the bytes of the project, in pages.
pub async fn projects_come_in_pages(store: &Store, env: &Env) {
    let (flavors, id) = (store.flavors(), private(store, env).await);
    let mut expected: Vec<ProjectId> = ["a", "B", "b", "A", "\u{e4}", "\u{1f980}", "-"]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
    for project in &expected {
        flavors.flavor_access_add(&id, project).await.unwrap();
    }
    expected.sort_unstable();
    for limit in [1, 3, 7, 1000] {
        let mut listed: Vec<ProjectId> = Vec::new();
        let mut request = PageRequest::first(limit).unwrap();
        loop {
            let page = flavors.flavor_access_list(&id, &request).await.unwrap();
            listed.extend(page.items);
            let Some(marker) = page.next else { break };
            assert_eq!(listed.last(), Some(&marker));
            request = request.after(marker);
        }
        assert_eq!(listed, expected, "in pages of {limit}");
    }
}

/// Of many additions of one project at once exactly one returns that it added it.
pub async fn of_racing_additions_one_adds(store: &Store, env: &Env) {
    let (id, project) = (
        private(store, env).await,
        fresh::<ProjectId>(env, "project"),
    );
    let results = at_once(8, |_| {
        let (store, id, project) = (store.clone(), id.clone(), project.clone());
        async move { store.flavors().flavor_access_add(&id, &project).await }
    })
    .await;
    let added = successes(results, |_| false);
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
}

/// A list for a project has the public flavors and those whose list it is on, by id, in pages.
pub async fn a_project_lists_what_it_may_use(store: &Store, env: &Env) {
    let flavors = store.flavors();
    let tail = env.uuid().simple().to_string();
    let (mine, other): (ProjectId, ProjectId) = (fresh(env, "project"), fresh(env, "project"));
    let (mut public, mut listed, mut hidden) = (Vec::new(), Vec::new(), Vec::new());
    for index in 0..9 {
        let id: FlavorId = format!("{index}-{tail}").parse().unwrap();
        let begun = Flavor::builder(id.clone(), 1, Mebibytes::new(64), Gibibytes::new(1));
        let begun = if index % 3 == 0 {
            begun
        } else {
            begun.private()
        };
        flavors
            .flavor_create(&begun.build().unwrap())
            .await
            .unwrap();
        match index % 3 {
            0 => public.push(id),
            1 => {
                flavors.flavor_access_add(&id, &mine).await.unwrap();
                listed.push(id);
            }
            _ => {
                flavors.flavor_access_add(&id, &other).await.unwrap();
                hidden.push(id);
            }
        }
    }
    let sorted = |parts: &[&[FlavorId]]| {
        let mut all = parts.concat();
        all.sort_unstable();
        all
    };
    let expected = [
        (None, None, sorted(&[&public, &listed, &hidden])),
        (None, Some(true), public.clone()),
        (None, Some(false), sorted(&[&listed, &hidden])),
        (Some(&mine), None, sorted(&[&public, &listed])),
        (Some(&mine), Some(true), public.clone()),
        (Some(&mine), Some(false), listed.clone()),
    ];
    for (project, public, expected) in expected {
        let filter = FlavorFilter {
            project: project.cloned(),
            public,
            ..FlavorFilter::default()
        };
        for limit in [1, 2, 1000] {
            let mut found: Vec<FlavorId> = Vec::new();
            let mut request = PageRequest::first(limit).unwrap();
            if limit < 1000 {
                // What others have is before or after ours: begin next to ours.
                request = request.after(format!("-{tail}").parse().unwrap());
            }
            loop {
                let page = flavors.flavor_list(&filter, &request).await.unwrap();
                let ids: Vec<FlavorId> = page
                    .items
                    .iter()
                    .map(|flavor| flavor.id().clone())
                    .collect();
                assert!(ids.is_sorted(), "not in order");
                found.extend(ids);
                let Some(marker) = page.next else { break };
                assert_eq!(found.last(), Some(&marker));
                request = request.after(marker);
            }
            found.retain(|id| id.as_str().ends_with(&tail));
            assert_eq!(found, expected, "{filter:?} in pages of {limit}");
        }
    }
}

/// A list is of the flavors that are as large as was asked for, or larger, in every size.
pub async fn sizes_filter_a_list(store: &Store, env: &Env) {
    let flavors = store.flavors();
    let tail = env.uuid().simple().to_string();
    for (name, vcpus, memory, disk) in [("a", 1, 64, 5), ("b", 4, 32, 5), ("c", 4, 64, 9)] {
        let id = format!("{name}{tail}").parse().unwrap();
        let begun = Flavor::builder(id, vcpus, Mebibytes::new(memory), Gibibytes::new(disk));
        flavors
            .flavor_create(&begun.build().unwrap())
            .await
            .unwrap();
    }
    let list = async |vcpus, memory, disk| {
        let filter = FlavorFilter {
            project: Some(fresh(env, "project")),
            min_vcpus: vcpus,
            min_memory: Mebibytes::new(memory),
            min_root_disk: Gibibytes::new(disk),
            ..FlavorFilter::default()
        };
        let mut found = String::new();
        let mut request = PageRequest::largest();
        loop {
            let page = flavors.flavor_list(&filter, &request).await.unwrap();
            for flavor in &page.items {
                found.push_str(flavor.id().as_str().strip_suffix(&tail).unwrap_or_default());
            }
            let Some(marker) = page.next else { break found };
            request = request.after(marker);
        }
    };
    assert_eq!(list(0, 0, 0).await, "abc");
    assert_eq!(list(4, 0, 0).await, "bc");
    assert_eq!(list(0, 64, 0).await, "ac");
    assert_eq!(list(0, 0, 6).await, "c");
    assert_eq!(list(4, 33, 5).await, "c");
    assert_eq!(list(u32::MAX, u64::MAX, u64::MAX).await, "");
}

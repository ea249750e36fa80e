//! Flavors, quotas, key pairs, server groups, aggregates and cells.

use std::collections::BTreeSet;

use nova_core::id::{AggregateId, ProjectId, ServerGroupId};
use nova_core::model::{AggregateMetadata, CellMember, QuotaLimit, QuotaResource, QuotaScope};
use nova_core::repository::{AggregateFilter, FlavorFilter, PageRequest};
use nova_core::units::{Gibibytes, Mebibytes};

use super::probe::{Probe, Rule};
use super::rows::{server, uuid};
use super::seeds;

pub(super) async fn check(probe: &mut Probe) {
    flavors(probe).await;
    flavor_lists(probe).await;
    quotas(probe).await;
    key_pairs(probe).await;
    groups(probe).await;
    aggregates(probe).await;
    aggregate_lists(probe).await;
    cells(probe).await;
}

fn project() -> ProjectId {
    "project-7".parse().unwrap()
}

async fn flavors(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (flavors, new) = (store.flavors(), seeds::flavor(&env));
    let call = flavors.flavor_create(&new);
    probe
        .call("flavor_create", "", Rule::Search, call)
        .await
        .unwrap();
    let call = flavors.flavor_get(new.id());
    probe.ok("flavor_get", "", Rule::Search, call).await;
    let project = project();
    for what in ["new", "again"] {
        let call = flavors.flavor_access_add(new.id(), &project);
        probe
            .ok("flavor_access_add", what, Rule::Search, call)
            .await;
    }
    let call = flavors.flavor_access_check(new.id(), &project);
    assert!(
        probe
            .ok("flavor_access_check", "", Rule::Search, call)
            .await
    );
    let first = PageRequest::first(10).unwrap();
    for page in [first.clone(), first.after(project.clone())] {
        let id = "flavor-10".parse().unwrap();
        let call = flavors.flavor_access_list(&id, &page);
        probe.ok("flavor_access_list", "", Rule::Search, call).await;
    }
    for what in ["there", "gone"] {
        let call = flavors.flavor_access_remove(new.id(), &project);
        probe
            .ok("flavor_access_remove", what, Rule::Search, call)
            .await;
    }
    let call = flavors.flavor_delete(new.id());
    assert!(probe.ok("flavor_delete", "", Rule::Search, call).await);
}

async fn flavor_lists(probe: &mut Probe) {
    let store = probe.store.clone();
    let any = FlavorFilter::default;
    let filters = [
        ("all", any(), Rule::Walk),
        (
            "sizes",
            FlavorFilter {
                min_vcpus: 64,
                min_memory: Mebibytes::new(1),
                min_root_disk: Gibibytes::new(1),
                ..any()
            },
            // Flavors are few, and sizes are no names: they are compared one after another.
            Rule::Walk,
        ),
        (
            "public",
            FlavorFilter {
                public: Some(true),
                ..any()
            },
            Rule::Walk,
        ),
        (
            "private",
            FlavorFilter {
                public: Some(false),
                ..any()
            },
            Rule::Search,
        ),
        (
            "of a project",
            FlavorFilter {
                project: Some(project()),
                ..any()
            },
            Rule::Walk,
        ),
        (
            "private of a project",
            FlavorFilter {
                project: Some(project()),
                public: Some(false),
                ..any()
            },
            Rule::Search,
        ),
    ];
    let first = PageRequest::first(20).unwrap();
    let pages = [first.clone(), first.after("flavor-15".parse().unwrap())];
    for (what, filter, rule) in &filters {
        for page in &pages {
            let call = store.flavors().flavor_list(filter, page);
            probe.ok("flavor_list", what, *rule, call).await;
        }
    }
}

async fn quotas(probe: &mut Probe) {
    let (store, project) = (probe.store.clone(), project());
    let quotas = store.quotas();
    let scope = QuotaScope::Project(project.clone());
    let limit = QuotaLimit::at_most(i64::MAX.cast_unsigned() - 1).unwrap();
    for limit in [Some(limit), None] {
        let call = quotas.quota_set_limit(&scope, QuotaResource::Cores, limit);
        probe.ok("quota_set_limit", "", Rule::Search, call).await;
    }
    let call = quotas.quotas_of(&project);
    let found = probe.ok("quotas_of", "", Rule::Search, call).await;
    assert!(found.iter().all(|quota| quota.used > 0));
    let call = quotas.quota_recount(&project);
    // Page after page in the order of creation: of the last page a range of that says most.
    probe.ok("quota_recount", "", Rule::Range, call).await;
}

async fn key_pairs(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (pairs, new) = (store.key_pairs(), seeds::key_pair(&env, "user-7"));
    let call = pairs.key_pair_create(&new, Some(1_000));
    probe.ok("key_pair_create", "", Rule::Search, call).await;
    let call = pairs.key_pair_get(&new.user_id, &new.name);
    probe.ok("key_pair_get", "", Rule::Search, call).await;
    let first = PageRequest::first(10).unwrap();
    for page in [first.clone(), first.after(new.name.clone())] {
        let call = pairs.key_pair_list(&new.user_id, &page);
        probe.ok("key_pair_list", "", Rule::Search, call).await;
    }
    let call = pairs.key_pair_delete(&new.user_id, &new.name);
    assert!(probe.ok("key_pair_delete", "", Rule::Search, call).await);
}

async fn groups(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (groups, new) = (store.server_groups(), seeds::group(&env));
    let call = groups.server_group_create(&new);
    probe
        .ok("server_group_create", "", Rule::Search, call)
        .await;
    // In no group, and in another.
    let (free, grouped) = (
        BTreeSet::from([server(70_000)]),
        BTreeSet::from([server(7)]),
    );
    let call = groups.server_group_add_members(new.id, &free, Some(10));
    probe
        .ok("server_group_add_members", "", Rule::Search, call)
        .await;
    let call = groups.server_group_add_members(new.id, &grouped, None);
    let refused = probe.call("server_group_add_members", "in use", Rule::Search, call);
    assert!(refused.await.is_err());
    let call = groups.server_group_get(new.id);
    probe.ok("server_group_get", "", Rule::Search, call).await;
    let call = groups.server_group_of(server(7));
    let found = probe.ok("server_group_of", "", Rule::Search, call).await;
    assert!(found.is_some());
    let project = project();
    let first = PageRequest::first(10).unwrap();
    for page in [
        first.clone(),
        first.after(ServerGroupId::from_uuid(uuid(9))),
    ] {
        for (project, rule) in [(None, Rule::Walk), (Some(&project), Rule::Search)] {
            let call = groups.server_group_list(project, &page);
            probe.ok("server_group_list", "", rule, call).await;
        }
    }
    let call = groups.server_group_remove_members(new.id, &free);
    probe
        .ok("server_group_remove_members", "", Rule::Search, call)
        .await;
    let call = groups.server_group_delete(new.id);
    assert!(
        probe
            .ok("server_group_delete", "", Rule::Search, call)
            .await
    );
}

async fn aggregates(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (aggregates, new) = (store.aggregates(), seeds::aggregate(&env));
    let call = aggregates.aggregate_create(&new);
    probe.ok("aggregate_create", "", Rule::Search, call).await;
    let call = aggregates.aggregate_create(&new);
    let taken = probe
        .call("aggregate_create", "again", Rule::Search, call)
        .await;
    assert!(taken.is_err());
    let host = "host-7".parse().unwrap();
    let call = aggregates.aggregate_add_host(new.id, &host);
    probe.ok("aggregate_add_host", "", Rule::Search, call).await;
    let call = aggregates.aggregate_get(new.id);
    let mut changed = probe.ok("aggregate_get", "", Rule::Search, call).await;
    let call = aggregates.aggregates_of_host(&host);
    probe.ok("aggregates_of_host", "", Rule::Search, call).await;
    changed.name = seeds::fresh(&env, "aggregate");
    changed.metadata = AggregateMetadata::default();
    changed.availability_zone = Some("zone".parse().unwrap());
    for what in ["", "stale"] {
        let call = aggregates.aggregate_update(&changed);
        let done = probe
            .call("aggregate_update", what, Rule::Search, call)
            .await;
        assert_eq!(done.is_ok(), what.is_empty(), "{done:?}");
    }
    for what in ["there", "gone"] {
        let call = aggregates.aggregate_remove_host(new.id, &host);
        probe
            .ok("aggregate_remove_host", what, Rule::Search, call)
            .await;
    }
    let call = aggregates.aggregate_delete(new.id);
    assert!(probe.ok("aggregate_delete", "", Rule::Search, call).await);
}

async fn aggregate_lists(probe: &mut Probe) {
    let store = probe.store.clone();
    let any = AggregateFilter::default;
    let with = |key: &str, value: Option<&str>| AggregateFilter {
        metadata: Some((key.to_owned(), value.map(ToOwned::to_owned))),
        ..any()
    };
    let filters = [
        ("all", any(), Rule::Walk),
        (
            "host",
            AggregateFilter {
                host: Some("host-7".parse().unwrap()),
                ..any()
            },
            Rule::Search,
        ),
        (
            "zone",
            AggregateFilter {
                zone: Some("zone-11".parse().unwrap()),
                ..any()
            },
            Rule::Search,
        ),
        ("key", with("key-7", None), Rule::Search),
        ("value", with("key-7", Some("value-7")), Rule::Search),
        ("any zone", with("availability_zone", None), Rule::Search),
        (
            "zone by key",
            with("availability_zone", Some("zone-11")),
            Rule::Search,
        ),
    ];
    let first = PageRequest::first(10).unwrap();
    let pages = [first.clone(), first.after(AggregateId::from_uuid(uuid(9)))];
    for (what, filter, rule) in &filters {
        for page in &pages {
            let call = store.aggregates().aggregate_list(filter, page);
            probe.ok("aggregate_list", what, *rule, call).await;
        }
    }
}

async fn cells(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (cells, new) = (store.cells(), seeds::cell(&env));
    let call = cells.cell_create(&new);
    probe.ok("cell_create", "", Rule::Search, call).await;
    let call = cells.cell_get(&new.name);
    let mut changed = probe.ok("cell_get", "", Rule::Search, call).await;
    changed.disabled_reason = Some("repair".to_owned());
    for what in ["", "stale"] {
        let call = cells.cell_update(&changed);
        let done = probe.call("cell_update", what, Rule::Search, call).await;
        assert_eq!(done.is_ok(), what.is_empty());
    }
    let member = CellMember::Server(seeds::server(&env).id);
    for what in ["new", "again"] {
        let call = cells.cell_map(&member, &new.name);
        probe.ok("cell_map", what, Rule::Search, call).await;
    }
    let call = cells.cell_of(&member);
    let found = probe.ok("cell_of", "", Rule::Search, call).await;
    assert!(found.is_some());
    let full = "cell-7".parse().unwrap();
    let first = PageRequest::first(10).unwrap();
    for page in [first.clone(), first.after("cell-15".parse().unwrap())] {
        let call = cells.cell_list(&page);
        probe.ok("cell_list", "", Rule::Walk, call).await;
    }
    let first = PageRequest::first(10).unwrap();
    for page in [first.clone(), first.after(server(207))] {
        let call = cells.cell_servers(&full, &page);
        let found = probe.ok("cell_servers", "", Rule::Search, call).await;
        assert_eq!(found.items.len(), 10);
    }
    let first = PageRequest::first(5).unwrap();
    for page in [first.clone(), first.after("host-1207".parse().unwrap())] {
        let call = cells.cell_hosts(&full, &page);
        let found = probe.ok("cell_hosts", "", Rule::Search, call).await;
        assert_eq!(found.items.len(), 5);
    }
    let call = cells.cell_unmap(&member);
    assert!(probe.ok("cell_unmap", "", Rule::Search, call).await);
    let call = cells.cell_delete(&new.name);
    assert!(probe.ok("cell_delete", "", Rule::Search, call).await);
}

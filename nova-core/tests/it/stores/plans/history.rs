//! Migrations, and actions with their events.

use nova_core::env::Timestamp;
use nova_core::id::MigrationId;
use nova_core::model::{ActionOutcome, EventOutcome, EventResult, MigrationKind, MigrationStatus};
use nova_core::repository::{MigrationFilter, PageRequest};

use super::probe::{Probe, Rule};
use super::rows::{server, uuid};
use super::seeds;

pub(super) async fn check(probe: &mut Probe) {
    migrations(probe).await;
    migration_lists(probe).await;
    actions(probe).await;
}

async fn migrations(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let id = seeds::server(&env);
    store.servers().server_create(&id).await.unwrap();
    let (migrations, new) = (store.migrations(), seeds::migration(&env, id.id));
    migrations.migration_create(&new).await.unwrap();
    // Why it is refused is looked for.
    let call = migrations.migration_create(&new);
    let taken = probe
        .call("migration_create", "again", Rule::Search, call)
        .await;
    assert!(taken.is_err());
    let call = migrations.migration_get(new.id);
    let mut changed = probe.ok("migration_get", "", Rule::Search, call).await;
    changed.status = MigrationStatus::Completed;
    for what in ["", "stale"] {
        let call = migrations.migration_update(&changed);
        let done = probe
            .call("migration_update", what, Rule::Search, call)
            .await;
        assert_eq!(done.is_ok(), what.is_empty());
    }
}

async fn migration_lists(probe: &mut Probe) {
    let store = probe.store.clone();
    let any = MigrationFilter::default;
    let filters = [
        ("all", any(), Rule::Walk),
        (
            "server",
            MigrationFilter {
                server: Some(server(7)),
                ..any()
            },
            Rule::Search,
        ),
        (
            "host",
            MigrationFilter {
                host: Some("host-7".parse().unwrap()),
                ..any()
            },
            Rule::Search,
        ),
        (
            "status",
            MigrationFilter {
                statuses: Some([MigrationStatus::Error].into()),
                ..any()
            },
            Rule::Search,
        ),
        (
            "statuses",
            MigrationFilter {
                statuses: Some([MigrationStatus::Error, MigrationStatus::Running].into()),
                ..any()
            },
            Rule::Search,
        ),
        (
            "most statuses",
            MigrationFilter {
                statuses: Some([MigrationStatus::Completed, MigrationStatus::Running].into()),
                ..any()
            },
            Rule::Walk,
        ),
        (
            "kind",
            MigrationFilter {
                kind: Some(MigrationKind::Evacuation),
                ..any()
            },
            Rule::Search,
        ),
        (
            "most kinds",
            MigrationFilter {
                kind: Some(MigrationKind::LiveMigration),
                ..any()
            },
            Rule::Walk,
        ),
        (
            "in progress",
            MigrationFilter {
                in_progress: true,
                ..any()
            },
            Rule::Search,
        ),
        (
            "project",
            MigrationFilter {
                project: Some("project-7".parse().unwrap()),
                ..any()
            },
            Rule::Search,
        ),
        (
            "changed",
            MigrationFilter {
                changed_since: Some(Timestamp::from_micros(49_900_000)),
                ..any()
            },
            Rule::Range,
        ),
        (
            "host and in progress",
            MigrationFilter {
                host: Some("host-1".parse().unwrap()),
                in_progress: true,
                ..any()
            },
            Rule::Search,
        ),
        (
            "project and changed",
            MigrationFilter {
                project: Some("project-7".parse().unwrap()),
                changed_since: Some(Timestamp::from_micros(1_000)),
                ..any()
            },
            Rule::Search,
        ),
    ];
    let first = PageRequest::first(20).unwrap();
    let pages = [
        first.clone(),
        first.after(MigrationId::from_uuid(uuid(25_000))),
    ];
    for (what, filter, rule) in &filters {
        for page in &pages {
            let call = store.migrations().migration_list(filter, page);
            probe.ok("migration_list", what, *rule, call).await;
        }
    }
}

async fn actions(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let (actions, new) = (store.actions(), seeds::action(&env, server(7)));
    actions.action_begin(&new).await.unwrap();
    let call = actions.action_begin(&new);
    probe.ok("action_begin", "again", Rule::Search, call).await;
    let outcome = ActionOutcome {
        finished_at: env.now(),
        message: None,
    };
    let call = actions.action_finish(new.server_id, &new.request_id, &outcome);
    probe.ok("action_finish", "", Rule::Search, call).await;
    let call = actions.action_get(new.server_id, &new.request_id);
    probe.ok("action_get", "", Rule::Search, call).await;
    let first = PageRequest::first(10).unwrap();
    for page in [first.clone(), first.after(new.request_id.clone())] {
        let call = actions.actions_of(new.server_id, &page);
        probe.ok("actions_of", "", Rule::Search, call).await;
    }
    let event = seeds::event(&env, &new);
    actions.action_event_begin(&event).await.unwrap();
    let call = actions.action_event_begin(&event);
    probe
        .ok("action_event_begin", "again", Rule::Search, call)
        .await;
    let outcome = EventOutcome {
        finished_at: env.now(),
        result: EventResult::Success,
        details: None,
    };
    let (id, request) = (event.server_id, &event.request_id);
    let call = actions.action_event_finish(id, request, &event.name, None, &outcome);
    probe
        .ok("action_event_finish", "", Rule::Search, call)
        .await;
    let call = actions.action_events_of(id, request, 10);
    let found = probe.ok("action_events_of", "", Rule::Search, call).await;
    assert_eq!(found.len(), 1);
}

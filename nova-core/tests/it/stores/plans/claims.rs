//! Hosts, what they offer, and what is held on them.

use nova_core::env::Timestamp;
use nova_core::id::{MigrationId, ServerId};
use nova_core::model::{
    Claim, ClaimMove, HostReport, ResourceClass, ServiceAvailability, ServiceStatus,
};
use nova_core::repository::{HostFilter, PageRequest};

use super::probe::{Probe, Rule};
use super::rows::server;
use super::seeds::{self, vcpus};
use crate::stores::fixture;

pub(super) async fn check(probe: &mut Probe) {
    allocations(probe).await;
    moves(probe).await;
    hosts(probe).await;
    host_lists(probe).await;
}

async fn allocations(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let allocations = store.allocations();
    let id = ServerId::generate(&env);
    let claim = seeds::claim(&env, id, ["host-7", "host-1999"]);
    for what in ["new", "again"] {
        let call = allocations.claim(&claim);
        probe.ok("claim", what, Rule::Search, call).await;
    }
    let other = ServerId::generate(&env);
    let mut too_much = seeds::claim(&env, other, ["host-7", "host-8"]);
    for resources in too_much.resources.values_mut() {
        *resources = vcpus(10_000_000);
    }
    let call = allocations.claim(&too_much);
    let refused = probe.call("claim", "too much", Rule::Search, call).await;
    assert!(refused.is_err());
    let nowhere = Claim::on(
        other,
        too_much.request,
        "nowhere".parse().unwrap(),
        vcpus(1),
    );
    let call = allocations.claim(&nowhere);
    let refused = probe.call("claim", "nowhere", Rule::Search, call).await;
    assert!(refused.is_err());

    let call = allocations.allocations_of(server(7).into());
    let held = probe.ok("allocations_of", "", Rule::Search, call).await;
    assert_eq!(held.len(), 1);
    let host = "host-7".parse().unwrap();
    let call = allocations.allocations_on(&host);
    let held = probe.ok("allocations_on", "", Rule::Search, call).await;
    assert!(held.len() >= 100);
    for (what, host) in [("one host", Some(&host)), ("the rest", None)] {
        let call = allocations.release(id.into(), host);
        assert!(probe.ok("release", what, Rule::Search, call).await);
    }
}

async fn moves(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let allocations = store.allocations();
    let id = ServerId::generate(&env);
    let claim = seeds::claim(&env, id, ["host-7", "host-8"]);
    allocations.claim(&claim).await.unwrap();
    let migration = MigrationId::generate(&env);
    let to = "host-9".parse().unwrap();
    let moved = ClaimMove::to(id, migration, claim.request, to, vcpus(2));
    for what in ["new", "again"] {
        let call = allocations.claim_move(&moved);
        probe.ok("claim_move", what, Rule::Search, call).await;
    }
    let call = allocations.claim_move_back(id, migration);
    let back = probe.ok("claim_move_back", "", Rule::Search, call).await;
    assert!(back);
    // The server gave up what it held meanwhile.
    allocations.claim_move(&moved).await.unwrap();
    allocations.release(id.into(), None).await.unwrap();
    let call = allocations.claim_move_back(id, migration);
    let back = probe.ok("claim_move_back", "to nothing", Rule::Search, call);
    assert!(back.await);
}

async fn hosts(probe: &mut Probe) {
    let (store, env) = (probe.store.clone(), probe.env.clone());
    let hosts = store.hosts();
    let new = seeds::report(&env);
    let name = new.name.clone();
    let fewer = [
        (ResourceClass::Vcpu, 50, 0, 2.0),
        (ResourceClass::Vgpu, 1, 0, 1.0),
    ];
    let other: HostReport = fixture::report(name.as_str(), &fewer);
    for (what, report) in [("new", &new), ("again", &new), ("other", &other)] {
        let call = hosts.host_report(report, env.now());
        probe.ok("host_report", what, Rule::Search, call).await;
    }
    let call = hosts.host_get(&name);
    let held = probe.ok("host_get", "", Rule::Search, call).await;
    let service = ServiceStatus::disabled("repair").unwrap();
    for what in ["", "stale"] {
        let call = hosts.host_set_service(&name, held.generation, &service);
        let done = probe
            .call("host_set_service", what, Rule::Search, call)
            .await;
        assert_eq!(done.is_ok(), what.is_empty());
    }
    let call = hosts.host_delete(&name);
    assert!(probe.ok("host_delete", "", Rule::Search, call).await);
    let used = "host-7".parse().unwrap();
    let call = hosts.host_delete(&used);
    let refused = probe
        .call("host_delete", "in use", Rule::Search, call)
        .await;
    assert!(refused.is_err());
    let all = Rule::All("it is the whole fleet, for the scheduler's snapshot");
    let usages = probe.ok("host_usages", "", all, hosts.host_usages()).await;
    assert!(usages.len() > 2_000);
}

async fn host_lists(probe: &mut Probe) {
    let store = probe.store.clone();
    let any = HostFilter::default;
    let filters = [
        ("all", any(), Rule::Walk),
        (
            "zone",
            HostFilter {
                zone: Some("zone-7".parse().unwrap()),
                ..any()
            },
            Rule::Search,
        ),
        (
            "disabled",
            HostFilter {
                availability: Some(ServiceAvailability::Disabled),
                ..any()
            },
            Rule::Search,
        ),
        (
            "enabled",
            HostFilter {
                availability: Some(ServiceAvailability::Enabled),
                ..any()
            },
            Rule::Walk,
        ),
        (
            "forced down",
            HostFilter {
                forced_down: Some(true),
                ..any()
            },
            Rule::Search,
        ),
        (
            "not forced down",
            HostFilter {
                forced_down: Some(false),
                ..any()
            },
            Rule::Walk,
        ),
        // Most hosts were seen of late.
        (
            "seen since",
            HostFilter {
                seen_since: Some(Timestamp::from_micros(10_000)),
                ..any()
            },
            Rule::Walk,
        ),
        (
            "silent since",
            HostFilter {
                silent_since: Some(Timestamp::from_micros(10_000)),
                ..any()
            },
            Rule::Range,
        ),
        (
            "name",
            HostFilter {
                name_prefix: Some("host-19".to_owned()),
                ..any()
            },
            Rule::Range,
        ),
    ];
    let first = PageRequest::first(20).unwrap();
    let pages = [first.clone(), first.after("host-15".parse().unwrap())];
    for (what, filter, rule) in &filters {
        for page in &pages {
            let call = store.hosts().host_list(filter, page);
            probe.ok("host_list", what, *rule, call).await;
        }
    }
}

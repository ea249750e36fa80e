//! What cannot be evaluated: passed over, or failing the request as in Nova.

use nova_core::model::{ServerGroupPolicy, ServerGroupRules};
use nova_sched::filters::ComputeCapabilitiesFilter;
use nova_sched::weighers::{CPUWeigher, MetricsWeigher, RAMWeigher};
use nova_sched::{
    Claimer, Filter, GroupRequest, HostState, HostView, PlacementRequest, PlanOptions, Reason,
    Scheduler, SchedulerBuilder, Verdict,
};

use crate::fixtures::{fleet, host, name, request};

fn both(builder: &SchedulerBuilder) -> [Scheduler; 2] {
    [false, true].map(|fails| builder.clone().malformed_fails_request(fails).build())
}

#[test]
fn a_malformed_extra_spec_fails_the_request_only_where_that_is_asked_for() {
    let hosts = [
        host("a", 4096).with_capability("gpu", "many"),
        host("b", 2048).with_capability("gpu", "4"),
    ];
    let fleet = fleet(hosts);
    let request = request(1024).with_extra_spec("capabilities:gpu", "== 4");
    let builder = Scheduler::builder().filter(ComputeCapabilitiesFilter);
    let [lenient, strict] = both(&builder);

    let plan = lenient.plan(&fleet, &request);
    assert_eq!(plan.placements()[0].host, name("b"));
    assert_eq!(plan.explain().failure, None);

    let plan = strict.plan(&fleet, &request);
    assert!(!plan.is_placed());
    let failure = plan.explain().failure.clone().unwrap();
    assert_eq!(
        (failure.by.as_str(), failure.host.unwrap()),
        ("ComputeCapabilitiesFilter", name("a"))
    );
    assert!(matches!(&failure.reason, Reason::Malformed { key, .. } if key == "capabilities:gpu"));
    assert!(plan.explain().suggestion.is_none());
    let text = plan.explain().to_string();
    assert!(
        text.contains("The request failed: ComputeCapabilitiesFilter cannot judge a"),
        "{text}"
    );
    let summary = plan.into_result().unwrap_err().to_string();
    assert!(
        summary.contains("ComputeCapabilitiesFilter cannot judge a"),
        "{summary}"
    );
    assert!(strict.filtered(&fleet, &request, true).is_err());
}

#[test]
fn a_host_without_a_required_metric_counts_lowest_or_fails_the_request() {
    let hosts = [
        host("silent", 9216),
        host("slow", 1024).with_metric("cpu.frequency", 1000.0),
        host("fast", 2048).with_metric("cpu.frequency", 3000.0),
    ];
    let fleet = fleet(hosts);
    let setting = vec![("cpu.frequency".to_owned(), 1.0)];
    let metrics = MetricsWeigher::new(1.0, setting);
    let [lenient, strict] = both(&Scheduler::builder().weigher(metrics.clone()));
    let request = request(1024);

    let plan = lenient.plan(&fleet, &request);
    let placement = &plan.placements()[0];
    assert_eq!(placement.host, name("fast"));
    assert_eq!(placement.alternates, [name("silent"), name("slow")]);
    assert_eq!(placement.weight.to_bits(), 1.0_f64.to_bits());

    let failure = strict
        .plan(&fleet, &request)
        .explain()
        .failure
        .clone()
        .unwrap();
    assert_eq!(
        (failure.by.as_str(), failure.host.unwrap()),
        ("MetricsWeigher", name("silent"))
    );
    let all: Vec<_> = fleet.hosts().map(|host| host.index()).collect();
    assert!(strict.weighed(&fleet, &request, &all).is_err());

    // One host alone is not weighed, and so cannot fail.
    let forced = request.clone().with_forced_host(name("silent"));
    assert_eq!(
        strict.plan(&fleet, &forced).placements()[0].host,
        name("silent")
    );

    let optional = metrics
        .with_required(false)
        .with_weight_of_unavailable(5000.0);
    let [_, strict] = both(&Scheduler::builder().weigher(optional));
    let plan = strict.plan(&fleet, &request);
    assert_eq!(plan.placements()[0].host, name("silent"));
}

#[test]
fn a_host_that_never_reported_cannot_be_weighed_by_its_processors() {
    let unknown = HostState::new(name("unknown"), "az1".parse().unwrap());
    let fleet = fleet([host("a", 1024), unknown]);
    let request = request(1024);
    let builder = Scheduler::builder()
        .weigher(RAMWeigher::default())
        .weigher(CPUWeigher::default());
    let [lenient, strict] = both(&builder);
    assert_eq!(
        lenient.plan(&fleet, &request).placements()[0].host,
        name("a")
    );
    let failure = strict
        .plan(&fleet, &request)
        .explain()
        .failure
        .clone()
        .unwrap();
    assert_eq!(
        (failure.by.as_str(), failure.host.unwrap()),
        ("CPUWeigher", name("unknown"))
    );
}

/// Cannot judge hosts that have servers.
#[derive(Debug)]
struct Confused;

impl Filter for Confused {
    fn name(&self) -> &str {
        "Confused"
    }

    fn check(&self, _request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        match host.servers() {
            0 => Verdict::Pass,
            servers => Verdict::Reject(Reason::Malformed {
                key: "servers".to_owned(),
                wanted: servers.to_string(),
                problem: "only empty hosts are understood".to_owned(),
            }),
        }
    }
}

#[derive(Default)]
struct Ledger {
    claimed: Vec<(u32, String)>,
    undone: Vec<u32>,
}

impl Claimer for Ledger {
    fn claim(&mut self, server: u32, host: &HostView<'_>) -> bool {
        self.claimed.push((server, host.name().to_string()));
        true
    }

    fn undo(&mut self, server: u32) {
        self.undone.push(server);
    }
}

#[test]
fn claims_are_undone_when_a_later_server_fails_the_request() {
    let fleet = fleet([host("a", 4096), host("b", 4096)]);
    let request = request(1024).with_count(2);
    let [lenient, strict] = both(&Scheduler::builder().filter(Confused));
    let options = PlanOptions::default();

    let mut ledger = Ledger::default();
    let plan = lenient.plan_claiming(&fleet, &request, &options, &mut ledger);
    assert!(plan.is_placed());
    assert_eq!(ledger.claimed, [(0, "a".to_owned()), (1, "b".to_owned())]);

    let mut ledger = Ledger::default();
    let plan = strict.plan_claiming(&fleet, &request, &options, &mut ledger);
    assert!(!plan.is_placed() && plan.placements().is_empty());
    assert_eq!(
        plan.explain().failure.as_ref().unwrap().host,
        Some(name("a"))
    );
    assert_eq!((ledger.claimed.len(), ledger.undone), (1, vec![0]));
    assert_eq!(
        strict.plan(&fleet, &request).explain().failure,
        plan.explain().failure
    );
}

/// Members that the fleet does not list count where the request says that they are.
#[test]
fn soft_policies_count_members_wherever_they_are_known_from() {
    let member = "0a7e1c5e-3a53-4f7b-9d2f-7c0f2b1f9e10".parse().unwrap();
    let fleet = fleet([host("a", 4096), host("b", 4096), host("c", 4096)]);
    for (policy, expected) in [
        (ServerGroupPolicy::SoftAffinity, "b"),
        (ServerGroupPolicy::SoftAntiAffinity, "a"),
    ] {
        let rules = ServerGroupRules::from(policy);
        let group = GroupRequest::new(rules).with_member_on(member, name("b"));
        let plan = Scheduler::default().plan(&fleet, &request(1024).with_group(group));
        assert_eq!(plan.placements()[0].host, name(expected), "{policy:?}");
    }
}

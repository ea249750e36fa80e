//! Cases recorded from OpenStack Nova 34.0.0 (see `golden/extract.py`).

use std::collections::BTreeMap;
use std::time::Duration;

use nova_core::Timestamp;
use nova_core::model::{
    Generation, Host, HostReport, HostUsage, HypervisorInfo, Inventory, ResourceClass, Resources,
    ServiceStatus,
};
use nova_sched::filters::{ComputeCapabilitiesFilter, ComputeFilter};
use nova_sched::weighers::{CPUWeigher, DiskWeigher, RAMWeigher};
use nova_sched::{Filter, Fleet, HostState, PlacementRequest, Reason, Scheduler, Verdict};
use serde::Deserialize;

const NOW: Timestamp = Timestamp::from_micros(1_767_268_800_000_000);

#[derive(Deserialize)]
struct Case {
    down_after: u64,
    id: String,
    description: String,
    hosts: Vec<Row>,
    extra_specs: BTreeMap<String, String>,
    resources: BTreeMap<ResourceClass, u64>,
    count: u32,
    ignore_hosts: Vec<String>,
    force_hosts: Vec<String>,
    check_type: bool,
    alternates: u32,
    enabled: Vec<String>,
    multipliers: BTreeMap<String, f64>,
    alone: BTreeMap<String, Answer>,
    filtered: Option<Vec<String>>,
    weighing: Option<Weighing>,
    schedule: Option<Vec<Vec<String>>>,
    #[serde(default)]
    with_alternates: bool,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    age: f64,
    disabled: Option<String>,
    forced_down: bool,
    #[serde(default)]
    servers: u64,
    cpu: Option<(u64, u64, f64)>,
    ram: Option<(u64, u64, f64)>,
    disk: Option<(u64, u64, f64)>,
    hypervisor: Option<(String, u64)>,
    #[serde(default)]
    capabilities: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Answer {
    pass: Vec<String>,
    error: Vec<String>,
}

#[derive(Deserialize)]
struct Weighing {
    weighers: Vec<Weighed>,
    weights: Vec<f64>,
    ordering: Vec<String>,
}

#[derive(Deserialize)]
struct Weighed {
    name: String,
    normalized: Vec<f64>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("golden/nova-34.0.0.json")).unwrap()
}

impl Row {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "ages are a few million seconds"
    )]
    fn state(&self, down_after: u64) -> HostState {
        let mut inventories = BTreeMap::new();
        let mut used = Resources::new();
        let classes = [
            (ResourceClass::Vcpu, self.cpu),
            (ResourceClass::MemoryMb, self.ram),
            (ResourceClass::DiskGb, self.disk),
        ];
        for (class, amounts) in classes {
            if let Some((total, taken, ratio)) = amounts {
                inventories.insert(class.clone(), Inventory::new(total, 0, ratio).unwrap());
                used.set(class, taken);
            }
        }
        let seen = Timestamp::from_micros(NOW.as_micros() - (self.age * 1e6) as i64);
        let hypervisor = self
            .hypervisor
            .as_ref()
            .map(|(kind, version)| HypervisorInfo::new(kind, *version, "x86_64"));
        let report = HostReport::new(
            self.name.parse().unwrap(),
            "nova".parse().unwrap(),
            hypervisor
                .clone()
                .unwrap_or_else(|| HypervisorInfo::new("", 0, "")),
        )
        .with_capabilities(self.capabilities.clone())
        .with_inventories(inventories);
        let mut service = ServiceStatus::enabled().force_down(self.forced_down);
        if let Some(reason) = &self.disabled {
            // Nova disables without a reason too.
            let reason = if reason.is_empty() { "none" } else { reason };
            service = service.disable(reason).unwrap();
        }
        let host = Host::new(report, seen).with_service(service, Generation::FIRST);
        let usage = HostUsage {
            host,
            used,
            servers: self.servers,
        };
        let mut state = HostState::from_usage(usage, NOW, Duration::from_secs(down_after));
        state.hypervisor = hypervisor;
        state
    }
}

impl Case {
    fn fleet(&self) -> Fleet {
        Fleet::builder()
            .hosts(self.hosts.iter().map(|row| row.state(self.down_after)))
            .build()
    }

    fn request(&self) -> PlacementRequest {
        let resources: Resources = self.resources.clone().into();
        let mut request = PlacementRequest::new(resources)
            .with_count(self.count)
            .with_alternates(self.alternates)
            .with_filtered_forced_hosts(self.check_type);
        for (key, value) in &self.extra_specs {
            request = request.with_extra_spec(key, value);
        }
        for host in &self.ignore_hosts {
            request = request.with_ignored_host(host.parse().unwrap());
        }
        for host in &self.force_hosts {
            request = request.with_forced_host(host.parse().unwrap());
        }
        request
    }

    /// The recorded filters; no resource filter, because Placement's answers were scripted.
    fn scheduler(&self) -> Scheduler {
        let builder =
            self.enabled
                .iter()
                .fold(Scheduler::builder(), |builder, filter| {
                    match filter.as_str() {
                        "ComputeFilter" => builder.filter(ComputeFilter),
                        "ComputeCapabilitiesFilter" => builder.filter(ComputeCapabilitiesFilter),
                        other => panic!("unknown filter {other}"),
                    }
                });
        let with = |name: &str| match &self.weighing {
            // A case about one weigher was recorded with that one alone.
            Some(weighing) if !weighing.weighers.is_empty() => {
                weighing.weighers.iter().any(|weigher| weigher.name == name)
            }
            _ => true,
        };
        let multiplier = |name: &str| self.multipliers[name];
        let mut builder = builder;
        if with("CPUWeigher") {
            builder = builder.weigher(CPUWeigher::new(multiplier("CPUWeigher")));
        }
        if with("DiskWeigher") {
            builder = builder.weigher(DiskWeigher::new(multiplier("DiskWeigher")));
        }
        if with("RAMWeigher") {
            builder = builder.weigher(RAMWeigher::new(multiplier("RAMWeigher")));
        }
        builder.build()
    }
}

#[test]
fn filters_pass_and_raise_where_nova_does() {
    let mut compared = 0;
    for case in cases() {
        let (fleet, request) = (case.fleet(), case.request());
        let filters: [&dyn Filter; 2] = [&ComputeFilter, &ComputeCapabilitiesFilter];
        for filter in filters {
            let answer = &case.alone[filter.name()];
            let (mut pass, mut error) = (Vec::new(), Vec::new());
            for host in fleet.hosts() {
                match filter.check(&request, &host) {
                    Verdict::Pass => pass.push(host.name().to_string()),
                    Verdict::Reject(Reason::Malformed { .. }) => {
                        error.push(host.name().to_string())
                    }
                    Verdict::Reject(_) => {}
                }
                compared += 1;
            }
            let (id, about) = (&case.id, &case.description);
            assert_eq!(
                (&pass, &error),
                (&answer.pass, &answer.error),
                "{id} {about}"
            );
        }
    }
    assert!(compared > 800, "only {compared} answers compared");
}

#[test]
fn lists_filters_and_weights_come_out_as_in_nova() {
    let (mut filtered, mut weighed) = (0, 0);
    for case in cases() {
        let (id, about) = (&case.id, &case.description);
        let hosts = case.hosts.len();
        let request = case
            .request()
            .with_count(1)
            .with_alternates(u32::try_from(hosts).unwrap());
        let plan = case.scheduler().plan(&case.fleet(), &request);
        let mut ours: Vec<String> = Vec::new();
        if let Some(placement) = plan.placements().first() {
            ours.push(placement.host.to_string());
            ours.extend(placement.alternates.iter().map(ToString::to_string));
        }
        if let Some(weighing) = &case.weighing {
            assert_eq!(ours, weighing.ordering, "{id} {about}");
            weighed += 1;
            // Nova lists hosts as filtered, we list them best first.
            let table = plan.explain().rounds[0].ranking.as_ref().unwrap();
            let passed = case.filtered.as_ref().unwrap();
            for ranked in &table.best {
                let place = passed
                    .iter()
                    .position(|host| host == ranked.host.as_str())
                    .unwrap();
                assert_eq!(
                    ranked.total.to_bits(),
                    (weighing.weights[place] + 0.0).to_bits(),
                    "{id}"
                );
                for (part, weigher) in ranked.parts.iter().zip(&weighing.weighers) {
                    let theirs = weigher.normalized[place];
                    assert_eq!(part.normalised.to_bits(), theirs.to_bits(), "{id} {about}");
                }
            }
        }
        if let Some(passed) = &case.filtered {
            let mut passed = passed.clone();
            passed.sort_unstable();
            ours.sort_unstable();
            assert_eq!(ours, passed, "{id} {about}");
            filtered += 1;
        }
    }
    assert!(
        filtered > 100 && weighed > 40,
        "only {filtered} and {weighed} compared"
    );
}

#[test]
fn several_servers_go_where_nova_puts_them() {
    let mut compared = 0;
    for case in cases() {
        let Some(schedule) = &case.schedule else {
            continue;
        };
        let plan = case.scheduler().plan(&case.fleet(), &case.request());
        let ours: Vec<Vec<String>> = plan
            .placements()
            .iter()
            .map(|placement| {
                let alternates = case.with_alternates.then_some(&placement.alternates);
                let hosts =
                    std::iter::once(&placement.host).chain(alternates.into_iter().flatten());
                hosts.map(ToString::to_string).collect()
            })
            .collect();
        assert_eq!(&ours, schedule, "{} {}", case.id, case.description);
        compared += 1;
    }
    assert!(compared >= 3, "only {compared} compared");
}

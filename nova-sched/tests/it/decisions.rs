//! A whole stream of requests comes out as it did in Nova (see `decisions/README.md`).

use std::io::Read;
use std::time::Duration;

use nova_sched::{Config, Detail, Fleet, Fulfilment, PlanOptions, Registry, Scheduler};
use serde::Deserialize;

#[path = "../golden/adapter.rs"]
mod adapter;
#[path = "../golden/input.rs"]
#[expect(dead_code, reason = "the recorded cases have more in them")]
mod input;

use input::{AggregateRow, HostRow, RequestRow};

#[derive(Deserialize)]
struct Workload {
    meta: Meta,
    aggregates: Vec<AggregateRow>,
    hosts: Vec<HostRow>,
    requests: Vec<RequestRow>,
}

#[derive(Deserialize)]
struct Meta {
    now: String,
}

#[derive(Deserialize)]
struct Decisions {
    enabled_filters: Vec<String>,
    weigher_order: Vec<String>,
    chosen: Vec<Vec<String>>,
}

const WORKLOAD: &[u8] = include_bytes!("decisions/workload.json.gz");

fn workload() -> Workload {
    let mut text = String::new();
    let mut packed = flate2::read::GzDecoder::new(WORKLOAD);
    packed.read_to_string(&mut text).unwrap();
    serde_json::from_str(&text).unwrap()
}

impl Workload {
    fn fleet(&self) -> Fleet {
        let world = adapter::World {
            now: adapter::timestamp(&self.meta.now).unwrap(),
            down_after: Duration::from_secs(60),
            default_zone: "nova",
            known_cells: &[],
        };
        adapter::fleet(&world, &self.aggregates, &self.hosts).unwrap()
    }
}

impl Decisions {
    fn scheduler(&self, malformed_fails_request: bool) -> Scheduler {
        let mut config = Config::default();
        let zone = "AvailabilityZoneFilter".to_owned();
        let filters = std::iter::once(zone).chain(self.enabled_filters.clone());
        config.filter_scheduler.enabled_filters = filters.collect();
        config
            .filter_scheduler
            .weight_classes
            .clone_from(&self.weigher_order);
        config.filter_scheduler.placement_filters = false;
        config.compatibility.malformed_fails_request = malformed_fails_request;
        Registry::nova().scheduler(&config).unwrap()
    }
}

/// However much is recorded, and by whichever way the scheduler takes for it.
fn reproduces(decisions: &str) {
    let decisions: Decisions = serde_json::from_str(decisions).unwrap();
    let workload = workload();
    let fleet = workload.fleet();
    assert_eq!(decisions.chosen.len(), workload.requests.len());
    for (fails, detail) in [
        (false, Detail::Off),
        (false, Detail::Full),
        (true, Detail::Off),
    ] {
        let scheduler = decisions.scheduler(fails);
        let options = PlanOptions::default().with_detail(detail);
        for (number, (row, theirs)) in workload.requests.iter().zip(&decisions.chosen).enumerate() {
            let request = adapter::request(row)
                .unwrap()
                .with_fulfilment(Fulfilment::AsManyAsFit)
                .with_alternates(0);
            let plan = scheduler.plan_with(&fleet, &request, &options);
            let ours: Vec<String> = plan
                .placements()
                .iter()
                .map(|placement| placement.host.to_string())
                .collect();
            assert_eq!(&ours, theirs, "request {number}, {detail:?}, {fails}");
        }
    }
}

#[test]
fn with_the_default_filters_as_nova_decides() {
    reproduces(include_str!("decisions/default.json"));
}

#[test]
fn with_thirteen_filters_as_nova_decides() {
    reproduces(include_str!("decisions/extended.json"));
}

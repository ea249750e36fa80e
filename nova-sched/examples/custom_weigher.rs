//! A weigher of one's own: servers of one project together, so that hosts can be emptied project
//! by project.
//!
//! ```sh
//! cargo run --release -p nova-sched --example custom_weigher
//! ```

#![expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use std::collections::BTreeMap;
use std::error::Error as StdError;

use nova_sched::weighers::AggregateMultiplier;
use nova_sched::{
    Detail, Fleet, HostIndex, HostView, PlacedServer, PlacementRequest, PlanOptions, Scheduler,
    Weigher, testing,
};

/// Raw weight: how many servers of the project the host has already.
///
/// Name and weight are all that must be written. It also lets aggregates say how much it counts,
/// as Nova's weighers do, and weighs all hosts at once, without asking each.
#[derive(Debug)]
struct SameProjectWeigher {
    multiplier: AggregateMultiplier,
}

impl Default for SameProjectWeigher {
    fn default() -> Self {
        Self {
            multiplier: AggregateMultiplier::new("same_project_weight_multiplier", 100.0),
        }
    }
}

impl Weigher for SameProjectWeigher {
    fn name(&self) -> &str {
        "SameProjectWeigher"
    }

    fn weigh(&self, request: &PlacementRequest, host: &HostView<'_>) -> f64 {
        let own = |server: &&PlacedServer| server.shape.project.as_ref() == request.project();
        match request.project() {
            Some(_) => host
                .placed()
                .iter()
                .filter(own)
                .fold(0.0, |count, _| count + 1.0),
            None => 0.0,
        }
    }

    fn multiplier(&self, host: &HostView<'_>) -> f64 {
        self.multiplier.of(host)
    }

    fn sweep(
        &self,
        request: &PlacementRequest,
        fleet: &Fleet,
        hosts: &[HostIndex],
        weights: &mut Vec<f64>,
    ) {
        if request.project().is_none() {
            weights.resize(weights.len() + hosts.len(), 0.0);
            return;
        }
        weights.extend(
            hosts
                .iter()
                .map(|host| self.weigh(request, &fleet.host(*host))),
        );
    }
}

/// Fills twelve hosts with servers of five projects in turn, and tells how many projects share a
/// host on average.
fn projects_per_host(scheduler: &Scheduler) -> Result<f64, Box<dyn StdError>> {
    let mut fleet = testing::fleet_of((0..12).map(|number| {
        testing::host(&format!("node-{number}"))
            .vcpus(16, 1.0)
            .memory_mib(32_768)
    }));
    let options = PlanOptions::default().with_detail(Detail::Off);
    for number in 0..80 {
        let project = ["alpha", "beta", "gamma", "delta", "epsilon"][number % 5];
        let request = testing::request()
            .vcpus(2)
            .memory_mib(4096)
            .project(project)
            .build();
        let plan = scheduler.plan_with(&fleet, &request, &options);
        let server = PlacedServer::new(testing::server_id(u64::try_from(number)?), request.shape());
        for placement in plan.into_result()? {
            fleet.place(&placement.host, server.clone())?;
        }
    }
    let mut shares = BTreeMap::new();
    for host in fleet.hosts() {
        for server in host.placed() {
            shares.insert((host.name(), &server.shape.project), ());
        }
    }
    let (shares, hosts) = (u32::try_from(shares.len())?, u32::try_from(fleet.len())?);
    Ok(f64::from(shares) / f64::from(hosts))
}

fn main() -> Result<(), Box<dyn StdError>> {
    testing::check_weigher(&SameProjectWeigher::default())?;

    let scheduler = || Scheduler::builder().with_defaults();
    let spread = projects_per_host(&scheduler().build())?;
    let together = scheduler().weigher(SameProjectWeigher::default()).build();
    let gathered = projects_per_host(&together)?;
    println!(
        "projects that share a host, without the weigher: {spread:.2}, with it: {gathered:.2}"
    );
    assert!(gathered * 2.0 < spread, "{gathered} of {spread}");

    // What decided, in numbers: the table of the best hosts, and what each weigher gave.
    let alpha = testing::request().project("alpha").build();
    let mut fleet = testing::fleet_of([testing::host("empty"), testing::host("shared")]);
    fleet.place(
        &"shared".parse()?,
        PlacedServer::new(testing::server_id(1), alpha.shape()),
    )?;
    let plan = together.plan(&fleet, &alpha);
    println!("\n{}", plan.explain());
    assert_eq!(plan.placements()[0].host.as_str(), "shared");
    Ok(())
}

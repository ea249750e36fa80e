//! A filter of one's own, switched on in a configuration file with settings of its own.
//!
//! ```sh
//! cargo run --release -p nova-sched --example custom_filter
//! ```

#![expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use std::error::Error as StdError;

use nova_sched::testing;
use nova_sched::{Filter, HostView, PlacementRequest, Registry, Verdict};
use serde::Deserialize;

/// Keeps a host for few projects: no project of which it has no server yet comes to a host that
/// has servers of so many projects.
///
/// This, the ten lines of `impl Filter`, is all that a filter is. The rest of this file is how to
/// test it, to name it in a file, and to see what it does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FewProjectsFilter {
    max_projects: usize,
}

impl Filter for FewProjectsFilter {
    fn name(&self) -> &str {
        "FewProjectsFilter"
    }

    fn check(&self, request: &PlacementRequest, host: &HostView<'_>) -> Verdict {
        let placed = host
            .placed()
            .iter()
            .filter_map(|server| server.shape.project.as_ref());
        let mut projects: Vec<_> = placed.collect();
        projects.sort_unstable();
        projects.dedup();
        match request.project().is_some_and(|own| projects.contains(&own))
            || projects.len() < self.max_projects
        {
            true => Verdict::Pass,
            false => Verdict::reject(format!("it has servers of {} projects", projects.len())),
        }
    }
}

const FILE: &str = r#"{
    "filter_scheduler": {
        "enabled_filters": ["ComputeFilter", "FewProjectsFilter"],
        "weight_classes": ["nova.scheduler.weights.ram.RAMWeigher"]
    },
    "custom": {
        "FewProjectsFilter": { "max_projects": 2 }
    }
}"#;

fn main() -> Result<(), Box<dyn StdError>> {
    // What belongs into the author's tests: it is pure, does not depend on the order of hosts,
    // gives reasons. What breaks a law is shown with a small fleet on which it does.
    testing::check_filter(&FewProjectsFilter { max_projects: 2 })?;

    let mut registry = Registry::nova();
    // Its settings are the section of its name under `custom`. Mistakes in them are refused when
    // the scheduler is made, not when a server is placed.
    registry.register_filter("FewProjectsFilter", |config| {
        config.custom_settings::<FewProjectsFilter>("FewProjectsFilter")
    });
    let scheduler = registry.scheduler(&serde_json::from_str(FILE)?)?;

    // Three projects share node-1, the largest; node-2 has one of them.
    let of = |project: &str| testing::request().project(project).build();
    let fleet = testing::fleet_of([
        testing::host("node-1")
            .memory_mib(262_144)
            .server_of(1, &of("alpha"))
            .server_of(2, &of("beta"))
            .server_of(3, &of("gamma")),
        testing::host("node-2")
            .memory_mib(65_536)
            .server_of(4, &of("alpha")),
    ]);

    // A fourth project goes to the smaller host; those that are on node-1 may stay together.
    let plan = scheduler.plan(&fleet, &testing::request().project("delta").build());
    println!("{}\n", plan.explain());
    assert_eq!(plan.placements()[0].host.as_str(), "node-2");
    assert!(
        plan.explain()
            .to_string()
            .contains("it has servers of 3 projects")
    );

    let plan = scheduler.plan(&fleet, &testing::request().project("beta").build());
    println!("{}\n", plan.explain());
    assert_eq!(plan.placements()[0].host.as_str(), "node-1");

    // A file with a mistake in it.
    let mistaken = FILE.replace("\"max_projects\": 2", "\"max_project\": 2");
    let refused = registry.scheduler(&serde_json::from_str(&mistaken)?);
    let refused = refused
        .err()
        .ok_or("a setting that there is not was taken")?;
    println!("With a mistake in the file: {refused}");
    assert!(
        refused.to_string().contains("unknown field `max_project`"),
        "{refused}"
    );
    Ok(())
}

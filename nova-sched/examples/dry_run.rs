//! What if? A fleet is edited in memory and planned again; nothing is ever claimed.
//!
//! ```sh
//! cargo run --release -p nova-sched --example dry_run
//! ```

#![expect(clippy::print_stdout, reason = "an example speaks to whoever runs it")]

use std::error::Error;

use nova_sched::model::ResourceClass;
use nova_sched::{Change, Fleet, Fulfilment, Plan, Scheduler, testing};

/// Where the servers of a plan go, or why they do not.
fn told(plan: &Plan) -> String {
    match plan.placements() {
        [] => plan.explain().summary(),
        placements => {
            let hosts: Vec<&str> = placements.iter().map(|one| one.host.as_str()).collect();
            format!("{} placed: {}", hosts.len(), hosts.join(", "))
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    // Snapshots of a running system come from a store (`Fleet::from_usages`) or a feed
    // (`SharedFleet`); this one is made up. One host is full, one nearly, one is disabled.
    let memory = ResourceClass::MemoryMb;
    let fleet: Fleet = testing::fleet_of([
        testing::host("node-1").used(memory.clone(), 65_536),
        testing::host("node-2").used(memory.clone(), 50_000),
        testing::host("node-3").disabled("new firmware"),
    ]);
    let scheduler = Scheduler::default();
    let request = testing::request()
        .vcpus(4)
        .memory_mib(16_384)
        .count(3)
        .build();

    // As things are.
    let plan = scheduler.plan(&fleet, &request);
    println!("now: {}\n\n{}\n", told(&plan), plan.explain());
    assert!(!plan.is_placed());

    // What would have helped, by the explanation itself: it was tried before it was said.
    let suggestion = plan
        .explain()
        .suggestion
        .clone()
        .ok_or("nothing would help")?;
    let (easier, other) = suggestion.apply(&request, &fleet);
    println!(
        "if {suggestion}: {}",
        told(&scheduler.plan(&other, &easier))
    );
    assert!(scheduler.plan(&other, &easier).is_placed());
    let host = "node-3".parse()?;
    assert_eq!(suggestion.changes, [Change::EnableHost { host }]);

    // What if node-3 were enabled? An edit gives another fleet; this one stays as it is.
    let enabled = fleet.with_enabled(&"node-3".parse()?)?;
    let plan = scheduler.plan(&enabled, &request);
    println!("if node-3 were enabled: {}", told(&plan));
    assert_eq!(plan.placements().len(), 3);

    // What if a new host came?
    let bought = fleet.with_host(testing::host("node-4").memory_mib(32_768).build());
    let plan = scheduler.plan(&bought, &request);
    println!("if node-4 were bought: {}", told(&plan));
    assert!(!plan.is_placed());
    let some = request.clone().with_fulfilment(Fulfilment::AsManyAsFit);
    let plan = scheduler.plan(&bought, &some);
    println!("and as many as fit would do: {}", told(&plan));
    assert_eq!(plan.placements().len(), 2);

    // What if node-2 failed once node-3 is back: do its servers fit elsewhere? It is taken away,
    // and as many servers of the same size are asked for.
    let without = enabled.without_host(&"node-2".parse()?);
    let refuge = testing::request()
        .vcpus(1)
        .memory_mib(5_000)
        .count(10)
        .build();
    let plan = scheduler.plan(&without, &refuge);
    println!("if node-2 failed: {}", told(&plan));
    assert!(plan.is_placed());

    // All of it changed nothing.
    assert_eq!(fleet.len(), 3);
    assert!(!scheduler.plan(&fleet, &request).is_placed());
    Ok(())
}

//! Requests that are made to do harm.

use nova_sched::filters::JsonFilter;
use nova_sched::{Change, Filter, Fleet, HostView, PlacementRequest, Reason, Scheduler, Verdict};

use crate::fixtures::{fleet, host, request};

const MEGABYTE: usize = 1_000_000;

fn explained(scheduler: &Scheduler, fleet: &Fleet, request: &PlacementRequest) -> String {
    let plan = scheduler.plan(fleet, request);
    assert!(!plan.is_placed());
    plan.explain().to_string()
}

/// What one host says of a query.
fn answer(query: &str) -> Verdict {
    let one = fleet([host("a", 4096)]);
    let request = request(512).with_hint("query", [query]);
    let a = one.hosts().next().unwrap();
    JsonFilter.check(&request, &a)
}

fn problem(query: &str) -> String {
    match answer(query) {
        Verdict::Reject(Reason::Malformed { problem, key, .. }) => {
            assert_eq!(key, "query");
            problem
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_of_any_depth_is_refused_before_the_stack_ends() {
    let nested = |levels: usize| {
        let inner = r#"["=", "$num_instances", 0]"#;
        format!(
            "{}{inner}{}",
            r#"["and","#.repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(answer(&nested(100)), Verdict::Pass);
    assert_eq!(
        problem(&nested(1000)),
        "it is not JSON, or nested too deeply"
    );
    assert_eq!(
        problem(&"[".repeat(60_000)),
        "it is not JSON, or nested too deeply"
    );
    assert_eq!(problem(&nested(200_000)), "it is longer than 65536 bytes");
}

#[test]
fn a_query_of_any_length_is_explained_in_few_words() {
    let scheduler = Scheduler::builder()
        .with_defaults()
        .filter(JsonFilter)
        .build();
    let many = fleet((0..50).map(|number| host(&format!("h{number}"), 4096)));
    let long = "ü".repeat(MEGABYTE);
    let text = explained(
        &scheduler,
        &many,
        &request(512).with_hint("query", [&long[..]]),
    );
    assert!(text.contains(&format!(
        "query: \"{}…\" cannot be evaluated",
        "ü".repeat(120)
    )));
    assert!(text.contains("leave the hint query away"), "{text}");
    assert!(text.chars().count() < 2000, "{text}");
    // Nor does what is wrong with it repeat more.
    let operator = format!(r#"["{}"]"#, "x".repeat(60_000));
    assert_eq!(
        problem(&operator),
        format!("there is no operator `{}…`", "x".repeat(120))
    );
    let compared = format!(r#"["<", "{}", 1]"#, "x".repeat(60_000));
    assert!(problem(&compared).chars().count() < 300);
    let path = format!(r#"["=", "$num_instances.{}", 1]"#, "x".repeat(60_000));
    assert!(problem(&path).chars().count() < 300);
}

#[test]
fn names_and_values_of_any_length_are_explained_in_few_words() {
    let one = fleet([host("a", 4096)]);
    let long = "x".repeat(MEGABYTE);
    let key = format!("capabilities:{long}");
    let text = explained(
        &Scheduler::default(),
        &one,
        &request(512).with_extra_spec(&key[..], &long[..]),
    );
    assert!(text.contains("xx…: wanted \"xx"), "{text}");
    assert!(
        text.contains("leave the extra spec capabilities:x"),
        "{text}"
    );
    assert!(text.chars().count() < 2000, "{text}");
    // The data stay whole: the change is one that can be applied.
    let drop = Change::DropCapability { key };
    assert_eq!(
        drop.to_string().chars().count(),
        "leave the extra spec  away".len() + 121
    );

    // Nor does what a filter of somebody's own repeats of a hint.
    #[derive(Debug)]
    struct Repeats;
    impl Filter for Repeats {
        fn name(&self) -> &str {
            "Repeats"
        }
        fn check(&self, request: &PlacementRequest, _host: &HostView<'_>) -> Verdict {
            match request.hint("colour") {
                [] => Verdict::Pass,
                colour => Verdict::reject(format!("it is not {}", colour.join(", "))),
            }
        }
    }
    let own = Scheduler::builder().with_defaults().filter(Repeats).build();
    let text = explained(&own, &one, &request(512).with_hint("colour", [&long[..]]));
    assert!(text.contains("it is not xx"), "{text}");
    assert!(text.chars().count() < 2000, "{text}");
}

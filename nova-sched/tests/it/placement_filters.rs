//! What Nova asks of Placement, and filters that Nova no longer has: recordings do not reach them.

use nova_core::model::{HypervisorInfo, ImageProperties, Inventory, ResourceClass, Resources};
use nova_sched::filters::{
    AggregateCoreFilter, AggregateDiskFilter, AggregateRamFilter, CellFilter, CoreFilter,
    ImagePropertiesFilter, InTreeFilter, IsolatedHostsFilter, MemberOfFilter, MetricsFilter,
    ResourceFilter, TraitsFilter, TypeAffinityFilter,
};
use nova_sched::{
    Config, Destination, Error, Filter, Fleet, HostAggregate, HostState, PlacedServer,
    PlacementRequest, Reason, Registry, RequestImage, ServerShape, SupportedInstance, Verdict,
};

use crate::fixtures::{fleet, host, name, request};

const FIRST: &str = "00000000-0000-4000-8000-000000000001";
const SECOND: &str = "00000000-0000-4000-8000-000000000002";

fn verdicts(filter: &dyn Filter, request: &PlacementRequest, fleet: &Fleet) -> Vec<Verdict> {
    fleet
        .hosts()
        .map(|host| filter.check(request, &host))
        .collect()
}

fn passes(filter: &dyn Filter, request: &PlacementRequest, fleet: &Fleet) -> Vec<bool> {
    verdicts(filter, request, fleet)
        .iter()
        .map(Verdict::is_pass)
        .collect()
}

fn reason(filter: &dyn Filter, request: &PlacementRequest, host: HostState) -> Reason {
    match verdicts(filter, request, &fleet([host])).remove(0) {
        Verdict::Reject(reason) => reason,
        Verdict::Pass => panic!("{} let it pass", filter.name()),
    }
}

#[test]
fn traits_come_from_everywhere() {
    let with = |node: &str, traits: &[&str]| {
        traits.iter().fold(host(node, 1), |host, name| {
            host.with_trait(name.parse().unwrap())
        })
    };
    let fleet = Fleet::builder()
        .host(with("a", &["CUSTOM_A", "CUSTOM_B"]))
        .host(with("b", &["CUSTOM_A"]))
        .build();
    let both = [true, true];
    let image = |key: &str, value: &str| {
        let properties = ImageProperties::default().with(key, value).unwrap();
        request(1).with_image(RequestImage::new(None, &properties))
    };
    let trait_b = "CUSTOM_B".parse().unwrap();
    for (request, passed) in [
        (request(1), both),
        (
            request(1).with_extra_spec("trait:CUSTOM_A", "required"),
            both,
        ),
        (
            request(1).with_extra_spec("trait:CUSTOM_B", "required"),
            [true, false],
        ),
        (
            request(1).with_extra_spec("trait1:CUSTOM_B", "required"),
            [true, false],
        ),
        (
            request(1).with_extra_spec("trait:CUSTOM_B", "forbidden"),
            [false, true],
        ),
        (
            request(1).with_extra_spec("trait:CUSTOM_B", "preferred"),
            both,
        ),
        (image("trait:CUSTOM_B", "required"), [true, false]),
        (image("trait:CUSTOM_B", "forbidden"), [false, true]),
        (
            request(1).with_required_trait("CUSTOM_C".parse().unwrap()),
            [false, false],
        ),
        (request(1).with_forbidden_trait(trait_b), [false, true]),
    ] {
        assert_eq!(
            passes(&TraitsFilter, &request, &fleet),
            passed,
            "{request:?}"
        );
    }
    let odd = request(1).with_extra_spec("trait:avx", "required");
    assert!(matches!(
        reason(&TraitsFilter, &odd, host("a", 1)),
        Reason::Malformed { key, .. } if key == "trait:avx"
    ));
    let missing = request(1).with_extra_spec("trait:CUSTOM_A", "required");
    assert_eq!(
        reason(&TraitsFilter, &missing, host("a", 1)).to_string(),
        "lacks the trait CUSTOM_A"
    );
}

#[test]
fn hosts_are_members_of_one_aggregate_of_each_set() {
    let aggregate = |id: &str, host: &str| {
        HostAggregate::new(id.parse().unwrap(), "some").with_host(name(host))
    };
    let fleet = Fleet::builder()
        .hosts(["a", "b", "c"].map(|name| host(name, 1)))
        .aggregate(aggregate(FIRST, "a").with_host(name("b")))
        .aggregate(aggregate(SECOND, "b"))
        .build();
    let (first, second) = (FIRST.parse().unwrap(), SECOND.parse().unwrap());
    let unknown = "00000000-0000-4000-8000-000000000003".parse().unwrap();
    for (request, passed) in [
        (request(1).with_member_of([first]), [true, true, false]),
        (
            request(1).with_member_of([first, second]),
            [true, true, false],
        ),
        (
            request(1).with_member_of([first]).with_member_of([second]),
            [false, true, false],
        ),
        (request(1).with_member_of([unknown]), [false, false, false]),
        (request(1).with_member_of([]), [false, false, false]),
        (request(1).with_not_member_of(second), [true, false, true]),
        (request(1).with_not_member_of(unknown), [true, true, true]),
    ] {
        assert_eq!(
            passes(&MemberOfFilter, &request, &fleet),
            passed,
            "{request:?}"
        );
    }
}

#[test]
fn trees_and_cells_are_named() {
    let cell = |cell: &str| cell.parse().unwrap();
    let fleet = fleet([
        host("a", 1).with_cell(cell("c1")),
        host("b", 1).with_cell(cell("c2")),
        host("c", 1),
    ]);
    let tree = |node: &str| request(1).with_in_tree(name(node));
    assert_eq!(
        passes(&InTreeFilter, &tree("b"), &fleet),
        [false, true, false]
    );
    assert_eq!(
        passes(&InTreeFilter, &tree("z"), &fleet),
        [false, false, false]
    );
    let to = |destination: Destination| request(1).with_destination(destination);
    let here = Destination::cell(cell("c1"));
    assert_eq!(
        passes(&CellFilter, &to(here.clone()), &fleet),
        [true, false, false]
    );
    let anywhere = to(here.with_cross_cell_move(true));
    assert_eq!(passes(&CellFilter, &anywhere, &fleet), [true, true, true]);
    assert_eq!(
        passes(&CellFilter, &to(Destination::host(name("a"))), &fleet),
        [true; 3]
    );
    let elsewhere = to(Destination::cell(cell("c1")));
    assert_eq!(
        reason(&CellFilter, &elsewhere, host("c", 1)).to_string(),
        "in an unknown cell, wanted c1"
    );
}

#[test]
fn aggregates_set_ratios() {
    let aggregate = |id: &str, key: &str, value: &str| {
        HostAggregate::new(id.parse().unwrap(), "some")
            .with_host(name("a"))
            .with_metadata(key, value)
    };
    let filters: [(&dyn Filter, ResourceClass, &str); 3] = [
        (
            &AggregateCoreFilter,
            ResourceClass::Vcpu,
            "cpu_allocation_ratio",
        ),
        (
            &AggregateRamFilter,
            ResourceClass::MemoryMb,
            "ram_allocation_ratio",
        ),
        (
            &AggregateDiskFilter,
            ResourceClass::DiskGb,
            "disk_allocation_ratio",
        ),
    ];
    for (filter, class, key) in filters {
        // 100, of which 10 are reserved, each lent twice: 180 may be claimed, 170 are.
        let node = |name: &str| {
            HostState::new(name.parse().unwrap(), "az1".parse().unwrap())
                .with_inventory(class.clone(), Inventory::new(100, 10, 2.0).unwrap())
                .with_used(class.clone(), 170)
        };
        let free = |aggregates: &[HostAggregate]| {
            let fleet = Fleet::builder()
                .hosts([node("a"), node("b")])
                .aggregates(aggregates.iter().cloned())
                .build();
            let most = |place: usize| {
                let fits = |amount: &u64| {
                    let size = Resources::new().with(class.clone(), *amount);
                    passes(filter, &PlacementRequest::new(size), &fleet)[place]
                };
                (1..=101).take_while(fits).count()
            };
            (most(0), most(1))
        };
        assert_eq!(free(&[]), (10, 10), "{key}");
        assert_eq!(free(&[aggregate(FIRST, key, "2.5")]), (55, 10), "{key}");
        let lower = aggregate(SECOND, key, "1.0");
        assert_eq!(
            free(&[aggregate(FIRST, key, "2.5"), lower]),
            (0, 10),
            "{key}"
        );
        for odd in ["x", "0", "-1", "nan", ""] {
            let odd = aggregate(SECOND, key, odd);
            assert_eq!(
                free(&[aggregate(FIRST, key, "2.5"), odd]),
                (10, 10),
                "{key}"
            );
        }
        // Not more than there is, whatever the ratio.
        assert_eq!(free(&[aggregate(FIRST, key, "99")]), (100, 10), "{key}");
    }
    // Named in a configuration, they take the place of the filters that know no aggregates.
    let config: Config = serde_json::from_value(serde_json::json!({
        "filter_scheduler": {
            "enabled_filters": ["AggregateCoreFilter"],
            "weight_classes": [],
        },
    }))
    .unwrap();
    let scheduler = Registry::nova().scheduler(&config).unwrap();
    let names: Vec<&str> = scheduler.filters().map(Filter::name).collect();
    assert!(
        !names.contains(&CoreFilter.name()) && names.contains(&"RamFilter"),
        "{names:?}"
    );
}

#[test]
fn one_provider_cannot_keep_groups_apart() {
    let two = request(1)
        .with_extra_spec("resources1:VGPU", "1")
        .with_extra_spec("resources2:VGPU", "1");
    let offers =
        host("a", 1).with_inventory(ResourceClass::Vgpu, Inventory::new(4, 0, 1.0).unwrap());
    let policy = |policy: &str| two.clone().with_extra_spec("group_policy", policy);
    assert_eq!(
        passes(&ResourceFilter, &policy("none"), &fleet([offers.clone()])),
        [true]
    );
    assert_eq!(
        reason(&ResourceFilter, &policy("isolate"), offers.clone()),
        Reason::OneProvider { groups: 2 }
    );
    for odd in [two.clone(), policy("apart")] {
        assert!(matches!(
            reason(&ResourceFilter, &odd, offers.clone()),
            Reason::Malformed { key, .. } if key == "group_policy"
        ));
    }
    // Their sum is what counts.
    let many = policy("none").with_extra_spec("resources3:VGPU", "3");
    assert_eq!(
        reason(&ResourceFilter, &many, offers),
        Reason::InsufficientResource {
            class: ResourceClass::Vgpu,
            wanted: 5,
            free: 4,
            capacity: 4
        }
    );
}

#[test]
fn a_host_has_servers_of_one_flavor() {
    let server = |id: &str, flavor: Option<&str>| {
        let mut shape = ServerShape::new(Resources::new());
        shape.flavor = flavor.map(str::to_owned);
        PlacedServer::new(id.parse().unwrap(), shape)
    };
    let fleet = fleet([
        host("empty", 1),
        host("small", 1).with_server(server(FIRST, Some("small"))),
        host("mixed", 1)
            .with_server(server(SECOND, Some("small")))
            .with_server(server(
                "00000000-0000-4000-8000-000000000003",
                Some("large"),
            )),
        host("unknown", 1).with_server(server("00000000-0000-4000-8000-000000000004", None)),
    ]);
    let small = request(1).with_flavor("small");
    assert_eq!(
        passes(&TypeAffinityFilter, &small, &fleet),
        [true, true, false, false]
    );
    assert_eq!(
        passes(&TypeAffinityFilter, &request(1), &fleet),
        [true, false, false, true]
    );
}

#[test]
fn address_bits_are_compared_unless_nova_is_followed() {
    let node = |info: &str| {
        host("a", 1)
            .with_hypervisor(HypervisorInfo::new("QEMU", 8_002_002, "x86_64"))
            .with_supported_instance(SupportedInstance::new("x86_64", "kvm", "hvm"))
            .with_capability("cpu_info", info)
    };
    let properties = ImageProperties::default()
        .with("hw_architecture", "x86_64")
        .and_then(|all| all.with("hw_maxphysaddr_bits", "42"))
        .unwrap();
    let request = request(1).with_image(RequestImage::new(None, &properties));
    let filter = ImagePropertiesFilter::default();
    let enough = r#"{"maxphysaddr": {"bits": 46}}"#;
    for known in [enough, "{}", "not json"] {
        assert_eq!(
            passes(&filter, &request, &fleet([node(known)])),
            [true],
            "{known}"
        );
    }
    assert_eq!(
        reason(&filter, &request, node(r#"{"maxphysaddr": {"bits": 40}}"#)),
        Reason::FewAddressBits {
            wanted: 42,
            actual: 40
        }
    );
    let nova = filter.with_address_bits_malformed(true);
    assert!(matches!(
        reason(&nova, &request, node(enough)),
        Reason::Malformed { key, .. } if key == "hw_maxphysaddr_bits"
    ));
}

#[test]
fn options_that_cannot_be_used_are_refused() {
    for (option, section) in [
        (
            "filter_scheduler.isolated_images",
            serde_json::json!({ "isolated_images": ["not an id"] }),
        ),
        (
            "filter_scheduler.isolated_hosts",
            serde_json::json!({ "isolated_hosts": ["two words"] }),
        ),
        (
            "filter_scheduler.image_properties_default_architecture",
            serde_json::json!({ "image_properties_default_architecture": "z80" }),
        ),
    ] {
        let config = serde_json::json!({ "filter_scheduler": section });
        let config: Config = serde_json::from_value(config).unwrap();
        let registry = Registry::nova();
        let names = ["IsolatedHostsFilter", "ImagePropertiesFilter"];
        let refused = names.iter().any(|name| {
            matches!(
                registry.filter(name, &config),
                Err(Error::InvalidOption { option: named, .. }) if named == option
            )
        });
        assert!(refused, "{option}");
    }
}

#[test]
fn a_host_that_never_reported_has_no_metrics() {
    let silent = HostState::new(name("a"), "az1".parse().unwrap());
    for filter in [
        MetricsFilter::default(),
        MetricsFilter::new(["cpu.percent"]),
    ] {
        assert!(matches!(
            reason(&filter, &request(1), silent.clone()),
            Reason::Malformed { key, .. } if key == "metrics"
        ));
    }
    assert_eq!(
        reason(
            &MetricsFilter::new(["cpu.percent"]),
            &request(1),
            host("a", 1)
        ),
        Reason::MissingMetric {
            name: "cpu.percent".to_owned()
        }
    );
}

#[test]
fn isolated_hosts_are_services() {
    let nodes = ["n1", "n2"].map(|node| host(node, 1).with_service_host(name("vault")));
    let fleet = fleet(nodes.into_iter().chain([host("other", 1)]));
    let filter = IsolatedHostsFilter::new([], [name("vault")]);
    assert_eq!(passes(&filter, &request(1), &fleet), [false, false, true]);
}

//! NUMA cells and PCI devices in fleets and plans.

use std::collections::BTreeSet;

use nova_core::id::ServerId;
use nova_core::model::{ImageProperties, ResourceClass, Resources};
use nova_sched::filters::{NUMATopologyFilter, PciPassthroughFilter};
use nova_sched::numa::{
    CellOrder, CpuSet, FitOptions, MemoryPages, NumaCell, NumaRequest, NumaSettings, NumaTopology,
    PageSize, RequestCell,
};
use nova_sched::pci::{PciPool, PciPools, PciRequest, PciScope, PciSpec, ProviderMapping};
use nova_sched::{
    Config, Error, Filter, Fleet, HardwareClaim, HostState, Measure, PlacedServer,
    PlacementRequest, Reason, Registry, RequestImage, Scheduler, ServerShape, Verdict,
};
use proptest::prelude::*;

use crate::fixtures::{fleet, name};

fn host(name: &str) -> HostState {
    HostState::new(name.parse().unwrap(), "az1".parse().unwrap())
}

/// So many cells of two cores of two threads and 4 GiB.
fn topology(cells: u16) -> NumaTopology {
    let cell = |id: u16| {
        let cpus = || id * 4..id * 4 + 4;
        NumaCell::new(id.into(), 4096)
            .with_cpuset(cpus().collect())
            .with_pcpuset(cpus().collect())
            .with_siblings([id * 4, id * 4 + 2].map(|cpu| CpuSet::from_iter([cpu, cpu + 1])))
            .with_mempages([MemoryPages::new(4, 1 << 20)])
    };
    NumaTopology::new((0..cells).map(cell)).unwrap()
}

fn pinned(cpus: u16) -> NumaRequest {
    NumaRequest::dedicated([(CpuSet::below(cpus), 1024)]).unwrap()
}

fn gpus(count: u32) -> PciRequest {
    PciRequest::new(count, [PciSpec::of("10de", "2330")])
        .with_alias("gpu")
        .with_request_id("r")
}

fn scheduler() -> Scheduler {
    Scheduler::builder()
        .filter(NUMATopologyFilter::default())
        .filter(PciPassthroughFilter)
        .build()
}

fn ask() -> PlacementRequest {
    PlacementRequest::new(Resources::new().with(ResourceClass::Vcpu, 1)).with_alternates(0)
}

fn id(number: u32) -> ServerId {
    format!("00000000-0000-4000-8000-{number:012}")
        .parse()
        .unwrap()
}

fn hosts_of(plan: &nova_sched::Plan) -> Vec<&str> {
    let placements = plan.placements().iter();
    placements
        .map(|placement| placement.host.as_str())
        .collect()
}

#[test]
fn servers_of_one_request_take_cells_and_devices_from_each_other() {
    let pools = PciPools::new([PciPool::new("10de", "2330", 3).with_numa_node(1)]);
    let fleet = fleet([
        host("a").with_numa_topology(topology(2)),
        host("b")
            .with_numa_topology(topology(2))
            .with_pci_pools(pools),
    ]);
    let place = |request: PlacementRequest, count| {
        let plan = scheduler().plan(&fleet, &request.with_count(count));
        hosts_of(&plan)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    // Four CPUs a cell, two cells a host.
    let three = ask().with_numa(pinned(3));
    assert_eq!(place(three.clone(), 4), ["a", "a", "b", "b"]);
    assert_eq!(place(three, 5), [""; 0]);
    // Devices only on one host, and only on its second cell.
    let one = ask().with_numa(pinned(2)).with_pci([gpus(1)]);
    assert_eq!(place(one.clone(), 2), ["b", "b"]);
    assert_eq!(place(one, 3), [""; 0]);
    assert_eq!(place(ask().with_pci([gpus(1)]), 3), ["b", "b", "b"]);
    assert_eq!(place(ask().with_pci([gpus(1)]), 4), [""; 0]);
    // The same with servers that are known.
    let known = ask().with_pci([gpus(1)]).with_servers((0..4).map(id));
    assert_eq!(place(known.clone(), 3), ["b", "b", "b"]);
    assert_eq!(place(known, 4), [""; 0]);
}

#[test]
fn a_fleet_holds_what_its_servers_hold() {
    let pools = PciPools::new([PciPool::new("10de", "2330", 2)]);
    let node = host("a")
        .with_numa_topology(topology(1))
        .with_pci_pools(pools.clone());
    let before = fleet([node.clone(), host("b")]);
    let view = |fleet: &Fleet| fleet.find(&name("a")).unwrap().to_state();
    assert_eq!(view(&before).numa_topology, node.numa_topology);
    assert_eq!(view(&before).pci_pools, pools);

    let placement = topology(1).fit(&pinned(3), &FitOptions::default()).unwrap();
    let (left, devices) = pools.apply(&[gpus(2)], &PciScope::default()).unwrap();
    let claim = HardwareClaim::new(Some(placement.clone()), Some(devices));
    let server = |number| {
        PlacedServer::new(id(number), ServerShape::new(Resources::new()))
            .with_hardware(claim.clone())
    };
    let json = serde_json::to_string(&server(1)).unwrap();
    assert_eq!(
        serde_json::from_str::<PlacedServer>(&json).unwrap(),
        server(1)
    );

    let with = before.with_server(&name("a"), server(1)).unwrap();
    assert_eq!(with.generation(), before.generation() + 1);
    let found = with.find(&name("a")).unwrap();
    assert_eq!(
        found.numa_topology().unwrap().cells()[0]
            .pinned_cpus()
            .len(),
        3
    );
    assert_eq!(found.pci_pools().map(|pools| (**pools).clone()), Some(left));
    assert_eq!(found.count(Measure::FreePciDevices), 0);
    assert_eq!(
        before
            .find(&name("a"))
            .unwrap()
            .count(Measure::FreePciDevices),
        2
    );

    // Nobody else can have it.
    let refused = with.with_server(&name("a"), server(2)).unwrap_err();
    assert!(
        matches!(refused, Error::HardwareClaim { .. }),
        "{refused:?}"
    );
    assert!(!refused.retryable());

    // It comes back, also if the server moves.
    let without = with.without_server(&id(1)).unwrap();
    assert_eq!(view(&without), view(&before));
    let moved = with.with_move(&id(1), &name("b")).unwrap();
    assert_eq!(view(&moved).numa_topology, node.numa_topology);
    assert_eq!(moved.find(&name("b")).unwrap().placed()[0].hardware, None);
    let fewer = with.without_host(&name("b")).with_host(host("a"));
    assert_eq!(fewer.find(&name("a")).unwrap().numa_topology(), None);
}

#[test]
fn whoever_commits_a_plan_learns_which_hardware_it_takes() {
    let pools = PciPools::new([PciPool::new("10de", "2330", 3).with_numa_node(1)]);
    let mut fleet = fleet([
        host("plain"),
        host("a")
            .with_numa_topology(topology(2))
            .with_pci_pools(pools),
    ]);
    let untouched = fleet.find(&name("a")).unwrap().to_state();
    let request = ask().with_numa(pinned(2)).with_pci([gpus(1)]).with_count(2);
    let plan = scheduler().plan(&fleet, &request);
    assert_eq!(hosts_of(&plan), ["a", "a"]);

    let mut taken = BTreeSet::new();
    for (number, placement) in (0..).zip(plan.placements()) {
        let view = fleet.find(&placement.host).unwrap();
        let claim = scheduler().hardware_for(&request, &view);
        assert_eq!(claim, scheduler().hardware_for(&request, &view));
        let cells = claim.numa.as_ref().unwrap().cells();
        let pins: Vec<u16> = cells
            .iter()
            .flat_map(|cell| cell.cpu_pinning().values().copied())
            .collect();
        // The second cell, next to the devices; and no processor twice.
        assert!(
            pins.len() == 2 && pins.iter().all(|cpu| *cpu >= 4),
            "{pins:?}"
        );
        assert!(pins.into_iter().all(|cpu| taken.insert(cpu)));
        let server = PlacedServer::new(id(number), request.shape()).with_hardware(claim);
        fleet.place(&placement.host, server).unwrap();
    }
    let full = fleet.find(&name("a")).unwrap();
    assert_eq!(full.count(Measure::FreePciDevices), 1);
    // The cell is full: for a third there is none, as on a host that has no cells.
    for host in ["a", "plain"] {
        let claim = scheduler().hardware_for(&request, &fleet.find(&name(host)).unwrap());
        assert_eq!(claim.numa, None, "{host}");
    }
    assert!(!scheduler().plan(&fleet, &request.with_count(1)).is_placed());
    assert!(
        scheduler()
            .hardware_for(&ask(), &fleet.find(&name("a")).unwrap())
            .is_empty()
    );
    for number in 0..2 {
        fleet.remove_server(&id(number)).unwrap();
    }
    assert_eq!(fleet.find(&name("a")).unwrap().to_state(), untouched);
}

#[test]
fn allocation_candidates_say_which_devices_are_taken() {
    let pool = |provider: &str| PciPool::new("10de", "2330", 1).with_tag("rp_uuid", provider);
    let fleet = fleet([host("a")
        .with_numa_topology(topology(1))
        .with_pci_pools(PciPools::new([pool("x"), pool("y")]))]);
    let candidate =
        |provider: &str| ProviderMapping::from([("r-0".to_owned(), vec![provider.to_owned()])]);
    let node = fleet.find(&name("a")).unwrap();
    let with = |candidates: &[ProviderMapping]| {
        ask()
            .with_pci([gpus(1)])
            .with_candidates(name("a"), candidates.to_vec())
    };
    for (candidates, left) in [
        (
            vec![candidate("z"), candidate("y"), candidate("x")],
            vec![1, 2],
        ),
        (vec![candidate("z")], vec![]),
        (vec![], vec![]),
    ] {
        let request = with(&candidates).with_numa(pinned(1));
        for filter in [
            &NUMATopologyFilter::default() as &dyn Filter,
            &PciPassthroughFilter,
        ] {
            let mut kept: Vec<usize> = (0..candidates.len()).collect();
            filter.keep_candidates(&request, &node, &mut kept);
            assert_eq!(kept, left);
            assert_eq!(filter.check(&request, &node).is_pass(), !left.is_empty());
        }
    }
    // The first that is left is taken: y, then none is left.
    let plan = scheduler().plan(
        &fleet,
        &with(&[candidate("z"), candidate("y")]).with_count(2),
    );
    assert_eq!(plan.explain().summary(), "only 1 of 2 servers would fit");
}

#[test]
fn refusals_have_reasons() {
    let fleet = fleet([
        host("a"),
        host("b").with_numa_topology(NumaTopology::new([NumaCell::new(0, 64)]).unwrap()),
        host("c").with_numa_topology(topology(1)),
    ]);
    let reason = |filter: &dyn Filter, request: &PlacementRequest, node: &str| match filter
        .check(request, &fleet.find(&name(node)).unwrap())
    {
        Verdict::Pass => "pass".to_owned(),
        Verdict::Reject(reason) => {
            let json = serde_json::to_string(&reason).unwrap();
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
            reason.to_string()
        }
    };
    let numa = NUMATopologyFilter::default();
    let cells = ask().with_numa(pinned(5));
    assert_eq!(
        reason(&numa, &cells, "a"),
        "the host tells nothing of its NUMA cells"
    );
    assert_eq!(
        reason(&numa, &cells, "c"),
        "NUMA cell 0 on the host's 0: dedicated CPUs: wanted 5, has 4"
    );
    let none = ask().with_numa(pinned(1)).with_candidates(name("c"), []);
    assert_eq!(
        reason(&numa, &none, "c"),
        "Placement offers nothing of the host"
    );
    assert_eq!(reason(&numa, &ask(), "a"), "pass");
    // Threads that extra specs or the image require, whether cells are asked for or not.
    let threads = ask().with_extra_spec("hw:cpu_policy", "dedicated");
    let properties = ImageProperties::default().with("hw_cpu_thread_policy", "require");
    let threads = threads.with_image(RequestImage::new(None, &properties.unwrap()));
    assert_eq!(reason(&numa, &threads, "a"), "pass");
    assert_eq!(
        reason(&numa, &threads, "b"),
        "its cores have no sibling threads"
    );
    assert_eq!(reason(&numa, &threads, "c"), "pass");
    // Nova cannot judge a request without an image.
    let strict = numa.image_required(true);
    let refused = strict.check(&ask(), &fleet.find(&name("a")).unwrap());
    assert!(matches!(refused, Verdict::Reject(Reason::Malformed { .. })));
    assert_eq!(reason(&strict, &threads, "c"), "pass");

    let device = ask().with_pci([gpus(1)]);
    assert_eq!(
        reason(&PciPassthroughFilter, &device, "c"),
        "PCI devices gpu: wanted 1, 0 match"
    );
    let none = device.with_candidates(name("c"), []);
    assert_eq!(
        reason(&PciPassthroughFilter, &none, "c"),
        "PCI devices gpu: wanted 1, 0 offered by Placement"
    );
}

#[test]
fn a_configuration_says_how_cells_are_looked_for() {
    let config: Config = serde_json::from_str(
        r#"{
            "filter_scheduler": {
                "enabled_filters": ["NUMATopologyFilter", "PciPassthroughFilter"],
                "weight_classes": []
            },
            "compute": {"packing_host_numa_cells_allocation_strategy": true},
            "compatibility": {"numa_page_size_leak": true}
        }"#,
    )
    .unwrap();
    let scheduler = Registry::nova().scheduler(&config).unwrap();
    let settings = NumaSettings::new(CellOrder::Pack, true);
    assert_eq!(scheduler.numa_settings(), settings);
    assert_eq!(NumaSettings::default(), Config::default().numa_settings());

    // One cell has large pages for one server, the other for two; then Nova's second server asks
    // for the size that the first one got.
    let pages = |sizes: &[(u64, u64)]| {
        let small = MemoryPages::new(4, 1 << 20);
        let large = sizes
            .iter()
            .map(|(size, count)| MemoryPages::new(*size, *count));
        [small].into_iter().chain(large).collect::<Vec<_>>()
    };
    let cells = [(0, pages(&[(1 << 20, 1)])), (1, pages(&[(2048, 512)]))];
    let cells = cells.map(|(id, pages)| NumaCell::new(id, 4096).with_mempages(pages));
    let fleet = fleet([host("a").with_numa_topology(NumaTopology::new(cells).unwrap())]);
    let mut large = RequestCell::new(0, 1024);
    large.pagesize = Some(PageSize::Large);
    let large = NumaRequest::new([large], None).unwrap();
    let request = ask().with_numa(large).with_count(2);
    let by = |leaking| {
        let settings = NumaSettings::new(CellOrder::Spread, leaking);
        let filter = NUMATopologyFilter::new(settings);
        let scheduler = Scheduler::builder().filter(filter).numa(settings).build();
        scheduler.plan(&fleet, &request).is_placed()
    };
    assert_eq!((by(false), by(true)), (true, false));
}

proptest! {
    /// A sweep, which asks hosts that are alike once, agrees with the verdicts.
    #[test]
    fn a_sweep_agrees_with_the_verdicts(
        hosts in prop::collection::vec((0_u16..4, 0_u16..4, 0_u32..3, prop::bool::ANY), 1..30),
        (cpus, devices, candidates) in (0_u16..4, 0_u32..3, prop::bool::ANY),
    ) {
        let numbered = hosts.iter().enumerate();
        let fleet = fleet(numbered.map(|(number, (cells, taken, devices, far))| {
            let mut state = host(&format!("node-{number}"));
            if *cells > 0 {
                let full = topology(*cells);
                let placed = full.fit(&pinned(*taken), &FitOptions::default()).unwrap();
                state = state.with_numa_topology(full.claim(&placed).unwrap());
            }
            let pool = PciPool::new("10de", "2330", *devices);
            state.with_pci_pools(PciPools::new([pool.with_numa_node(u32::from(*far))]))
        }));
        let mut request = ask().with_pci((devices > 0).then(|| gpus(devices)));
        if cpus > 0 {
            request = request.with_numa(pinned(cpus));
        }
        if candidates {
            request = request.with_candidates(name("node-1"), []);
        }
        for filter in [&NUMATopologyFilter::default() as &dyn Filter, &PciPassthroughFilter] {
            let mut swept = nova_sched::Candidates::all(fleet.len());
            filter.sweep(&request, &fleet, &mut swept);
            for host in fleet.hosts() {
                let verdict = filter.check(&request, &host);
                prop_assert_eq!(swept.contains(host.index()), verdict.is_pass(), "{:?}", verdict);
            }
        }
    }
}

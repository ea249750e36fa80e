//! Many schedulers at once over one store: each plans on its own snapshot, the claim decides.

use std::collections::BTreeMap;
use std::sync::Barrier;
use std::thread;

use nova_sdk::core::Error;
use nova_sdk::core::id::RequestId;
use nova_sdk::core::model::{
    Claim, Generation, Host, HostReport, HypervisorInfo, Inventory, ResourceClass, Resources,
    ServiceStatus,
};
use nova_sdk::prelude::*;
use nova_sdk::sched::weighers::RAMWeigher;
use nova_sdk::sched::{
    Detail, Fleet, FleetUpdate, PlacementRequest, PlanOptions, SharedFleet, testing,
};

const PLANNERS: u64 = 8;
const HOSTS: usize = 60;
/// After how many claims a planner looks at the shared fleet again, if it meets no conflict.
const REFRESH: usize = 16;

/// The clock of the test stands still, so that every host has just reported.
const NOW: Timestamp = Timestamp::from_micros(1_000_000);

/// What the servers are like, largest first, and how they are weighed.
struct Case {
    name: &'static str,
    sizes: &'static [(u64, u64, u64)],
    scheduler: Scheduler,
}

fn spread(host_subset_size: usize) -> Scheduler {
    Scheduler::builder()
        .with_defaults()
        .host_subset_size(host_subset_size)
        .build()
}

/// The fullest host first, so that all planners want the same one.
fn pack() -> Scheduler {
    Scheduler::builder()
        .with_defaults()
        .weigher(RAMWeigher::new(-100.0))
        .build()
}

/// What one planner did.
#[derive(Debug, Default)]
struct Done {
    /// Claims that were asked for.
    asked: usize,
    /// Claims that were refused, since others were faster.
    refused: usize,
    /// Which server went where, and how large it is.
    placed: Vec<(ServerId, HostName, Resources)>,
}

fn size((vcpus, memory, disk): (u64, u64, u64)) -> Resources {
    Resources::new()
        .with(ResourceClass::Vcpu, vcpus)
        .with(ResourceClass::MemoryMb, memory)
        .with(ResourceClass::DiskGb, disk)
}

/// Hosts of many sizes; the last one is disabled, the one before it declared down, and the one
/// before that too small for any server.
async fn filled_store() -> Store {
    let store = Store::new(MemoryStore::new());
    for number in 0..HOSTS {
        let scale = u64::try_from(number % 7).unwrap() + 1;
        let name: HostName = format!("node-{number:02}").parse().unwrap();
        let hypervisor = HypervisorInfo::new("QEMU", 8_002_000, "x86_64");
        let memory = if number == HOSTS - 3 {
            600
        } else {
            4096 * scale
        };
        let report = HostReport::new(name.clone(), "az1".parse().unwrap(), hypervisor)
            .with_inventory(
                ResourceClass::Vcpu,
                Inventory::new(2 * scale, 0, 4.0).unwrap(),
            )
            .with_inventory(
                ResourceClass::MemoryMb,
                Inventory::new(memory, 512, [1.0, 1.5][number % 2]).unwrap(),
            )
            .with_inventory(
                ResourceClass::DiskGb,
                Inventory::new(70 * scale, 3, 1.0).unwrap(),
            );
        store.hosts().host_report(&report, NOW).await.unwrap();
        let service = match HOSTS - number {
            1 => ServiceStatus::disabled("new firmware").unwrap(),
            2 => ServiceStatus::enabled().force_down(true),
            _ => continue,
        };
        let hosts = store.hosts();
        hosts
            .host_set_service(&name, Generation::FIRST, &service)
            .await
            .unwrap();
    }
    store
}

/// The fleet as the store knows it, to the last claim.
async fn picture(store: &Store) -> Fleet {
    let usages = store.hosts().host_usages().await.unwrap();
    Fleet::from_usages(usages, NOW, Host::DEFAULT_DOWN_AFTER)
}

/// One scheduler: plans on its own snapshot, claims in the store, tells the others what it got.
struct Planner<'a> {
    number: u64,
    case: &'a Case,
    store: &'a Store,
    shared: &'a SharedFleet,
    fleet: Fleet,
    since_refresh: usize,
    done: Done,
}

impl Planner<'_> {
    /// Places servers of every size in turn until not even the smallest fits any more.
    async fn fill(mut self) -> Done {
        let mut sizes = self.case.sizes.to_vec();
        let mut turn = 0;
        while !sizes.is_empty() {
            let place = turn % sizes.len();
            turn += 1;
            let request = PlacementRequest::new(size(sizes[place]));
            if !self.place(&request).await {
                sizes.remove(place);
            }
        }
        self.done
    }

    /// Places one server; `false` if no host of the store has room for it.
    async fn place(&mut self, request: &PlacementRequest) -> bool {
        let seed = self.number << 32 | u64::try_from(self.done.asked).unwrap();
        let options = PlanOptions::default()
            .with_detail(Detail::Off)
            .with_seed(seed);
        loop {
            if self.since_refresh >= REFRESH {
                self.refresh(self.shared.snapshot());
            }
            let plan = self
                .case
                .scheduler
                .plan_with(&self.fleet, request, &options);
            let Some(placement) = plan.placements().first() else {
                // The store knows better than a snapshot that may be old. Nothing is given back
                // in this test, so what is full there stays full.
                let fresh = picture(self.store).await;
                let plan = self.case.scheduler.plan_with(&fresh, request, &options);
                self.refresh(fresh);
                if plan.is_placed() {
                    continue;
                }
                return false;
            };
            let hosts = std::iter::once(&placement.host).chain(&placement.alternates);
            for host in hosts {
                if self.claim(host, request.resources()).await {
                    return true;
                }
            }
            // Others were faster on all of them.
            self.refresh(self.shared.snapshot());
        }
    }

    async fn claim(&mut self, host: &HostName, resources: &Resources) -> bool {
        self.done.asked += 1;
        let server =
            testing::server_id(self.number << 32 | u64::try_from(self.done.asked).unwrap());
        let request = RequestId::generate(&Env::system());
        let claim = Claim::on(server, request, host.clone(), resources.clone());
        match self.store.allocations().claim(&claim).await {
            Ok(()) => {
                let (host, resources) = (host.clone(), resources.clone());
                self.fleet.claim(&host, &resources).unwrap();
                self.since_refresh += 1;
                self.done
                    .placed
                    .push((server, host.clone(), resources.clone()));
                self.shared
                    .apply(FleetUpdate::Claim { host, resources })
                    .unwrap();
                true
            }
            Err(Error::NoCapacity { .. }) => {
                self.done.refused += 1;
                false
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn refresh(&mut self, fleet: Fleet) {
        self.fleet = fleet;
        self.since_refresh = 0;
    }
}

/// What so many planners make of the case, each in a thread of its own; and the store.
fn run(case: &Case, planners: u64) -> (Vec<Done>, Store, SharedFleet) {
    let store = block_on(filled_store());
    let shared = SharedFleet::new(block_on(picture(&store)));
    let start = Barrier::new(usize::try_from(planners).unwrap());
    let work = |number| {
        let planner = Planner {
            number,
            case,
            store: &store,
            shared: &shared,
            fleet: shared.snapshot(),
            since_refresh: 0,
            done: Done::default(),
        };
        // All have looked before the first one claims.
        start.wait();
        block_on(planner.fill())
    };
    let done = thread::scope(|scope| {
        let threads: Vec<_> = (0..planners)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    (done, store, shared)
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// How many servers each host got; hosts without one are left out.
fn servers(done: &[Done]) -> BTreeMap<HostName, usize> {
    let mut servers = BTreeMap::new();
    for (_, host, _) in done.iter().flat_map(|done| &done.placed) {
        *servers.entry(host.clone()).or_default() += 1;
    }
    servers
}

/// Nothing is lent twice, everything that was granted is there, and nobody else holds anything.
fn check_store(case: &Case, done: &[Done], store: &Store, shared: &SharedFleet) {
    let mut held: BTreeMap<HostName, Resources> = BTreeMap::new();
    for (server, host, resources) in done.iter().flat_map(|done| &done.placed) {
        held.entry(host.clone()).or_default().add(resources);
        let allocations = block_on(store.allocations().allocations_of((*server).into())).unwrap();
        assert_eq!(allocations.len(), 1);
        assert_eq!(
            (&allocations[0].host, &allocations[0].resources),
            (host, resources)
        );
    }
    let told = shared.snapshot();
    for usage in block_on(store.hosts().host_usages()).unwrap() {
        let name = usage.host.name();
        assert_eq!(
            usage.used,
            held.get(name).cloned().unwrap_or_default(),
            "{name}"
        );
        for (class, inventory) in &usage.host.report.inventories {
            let used = usage.used.get(class);
            assert!(
                used <= inventory.capacity(),
                "{}: {name} lends {used} {class}",
                case.name
            );
            // The shared fleet was told of every claim.
            assert_eq!(told.find(name).unwrap().amounts(class).used, used, "{name}");
        }
    }
}

#[test]
fn eight_schedulers_fill_a_fleet_as_one_would_and_never_over_full() {
    let one: &[_] = &[(2, 1024, 10)];
    let mixed: &[_] = &[(8, 6000, 40), (4, 2048, 20), (1, 700, 3)];
    let case = |name, sizes, scheduler| Case {
        name,
        sizes,
        scheduler,
    };
    for case in [
        case("one size, spread", one, spread(1)),
        case("one size, drawn from the best 5", one, spread(5)),
        case("one size, packed", one, pack()),
        case("three sizes, spread", mixed, spread(1)),
        case("three sizes, packed", mixed, pack()),
    ] {
        let (serial, ..) = run(&case, 1);
        let (done, store, shared) = run(&case, PLANNERS);
        check_store(&case, &done, &store, &shared);

        let count = |count: fn(&Done) -> usize| done.iter().map(count).sum::<usize>();
        let (asked, refused) = (count(|done| done.asked), count(|done| done.refused));
        let placed = count(|done| done.placed.len());
        println!(
            "{}: {PLANNERS} schedulers placed {placed} servers (one alone {}) and met {refused} \
             conflicts in {asked} claims",
            case.name,
            serial[0].placed.len(),
        );
        assert_eq!(asked, placed + refused);
        assert_eq!(serial[0].refused, 0, "one alone meets nobody");
        // Where hosts are filled one after the other, all begin with the same one, and it has not
        // room for that many.
        assert!(
            refused > 0 || !case.name.ends_with("packed"),
            "{}",
            case.name
        );

        // No host is left that one scheduler alone would have used; and where all servers are
        // alike, each host has as many as then.
        let (together, alone) = (servers(&done), servers(&serial));
        assert_eq!(together.len(), HOSTS - 3);
        match case.sizes {
            [_] => assert_eq!(together, alone, "{}", case.name),
            _ => assert!(together.keys().eq(alone.keys()), "{}", case.name),
        }
        let smallest = PlacementRequest::new(size(*case.sizes.last().unwrap()));
        let left = block_on(picture(&store));
        assert!(
            !case.scheduler.plan(&left, &smallest).is_placed(),
            "{}",
            case.name
        );
    }
}

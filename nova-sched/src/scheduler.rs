//! The scheduler: which filters and weighers, in which order.

use std::sync::Arc;

use crate::candidates::Candidates;
use crate::explain::{Failure, RankingTable};
use crate::filters::{
    AvailabilityZoneFilter, CellFilter, ComputeCapabilitiesFilter, ComputeFilter, CoreFilter,
    DiskFilter, Filter, ImagePropertiesFilter, InTreeFilter, MemberOfFilter, RamFilter,
    ResourceFilter, ServerGroupAffinityFilter, ServerGroupAntiAffinityFilter, Stage, TraitsFilter,
};
use crate::fleet::{Fleet, HostIndex};
use crate::numa::NumaSettings;
use crate::plan::ranking::{Ranking, first_unweighable};
use crate::plan::{Claimer, Detail, Plan, PlanOptions, Planner, Unclaimed, filtering};
use crate::request::PlacementRequest;
use crate::weighers::{
    BuildFailureWeigher, CPUWeigher, CrossCellWeigher, DiskWeigher, HypervisorVersionWeigher,
    ImagePropertiesWeigher, IoOpsWeigher, MetricsWeigher, NumInstancesWeigher, PCIWeigher,
    RAMWeigher, ServerGroupSoftAffinityWeigher, ServerGroupSoftAntiAffinityWeigher, Weigher,
};

/// Nova's `max_attempts`.
const DEFAULT_MAX_ATTEMPTS: u32 = 3;

/// Filters and weighers in their order, and how the winner is drawn from the best.
///
/// A scheduler holds no hosts and no state: it can be cloned cheaply, shared between threads, and
/// asked about any fleet.
///
/// ```
/// use nova_core::model::{Inventory, ResourceClass, Resources};
/// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
///
/// let node = |name: &str, memory| {
///     Ok::<_, nova_core::Error>(
///         HostState::new(name.parse()?, "az1".parse()?)
///             .with_inventory(ResourceClass::MemoryMb, Inventory::new(memory, 0, 1.0)?),
///     )
/// };
/// let fleet = Fleet::builder().host(node("small", 2048)?).host(node("large", 8192)?).build();
///
/// let scheduler = Scheduler::default();
/// let request =
///     PlacementRequest::new(Resources::new().with(ResourceClass::MemoryMb, 1024)).with_count(7);
/// let plan = scheduler.plan(&fleet, &request);
/// assert_eq!(plan.placements()[0].host.as_str(), "large");
///
/// // What if it were ten? Nothing is committed, so nothing has to be undone.
/// let larger = scheduler.plan(&fleet, &request.with_count(11));
/// assert!(!larger.is_placed());
/// assert_eq!(larger.explain().summary(), "only 10 of 11 servers would fit");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Scheduler {
    filters: Vec<Arc<dyn Filter>>,
    weighers: Vec<Arc<dyn Weigher>>,
    host_subset_size: usize,
    max_attempts: u32,
    shuffle_best: bool,
    malformed_fails_request: bool,
    numa: NumaSettings,
}

impl Default for Scheduler {
    /// The filters that stand for Placement, Nova's default filters, and all of Nova's weighers (see [`SchedulerBuilder::with_defaults`]).
    fn default() -> Self {
        Self::builder().with_defaults().build()
    }
}

impl Scheduler {
    /// Begins a scheduler without filters and weighers. It would take any host, full or not.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::default()
    }

    /// Plans with the default [`PlanOptions`]: explained in full, seed 0.
    ///
    /// Where the scheduler draws by lot ([`SchedulerBuilder::host_subset_size`],
    /// [`SchedulerBuilder::shuffle_best`]), give a seed of your own with
    /// [`plan_with`](Self::plan_with), or every plan draws the same lot.
    pub fn plan(&self, fleet: &Fleet, request: &PlacementRequest) -> Plan {
        self.plan_with(fleet, request, &PlanOptions::default())
    }

    /// Decides which hosts take the servers of a request, in the order of Nova's scheduler.
    ///
    /// For each server: hosts that the request excludes, or does not name though it forces
    /// some, are left out; the filters are run in order until none is left; the rest is weighed
    /// and sorted, the earlier of equal hosts first; the best is taken, and its resources count as
    /// used for the next server. The hosts that passed, best first, are the hosts that the next
    /// server may choose from. Either all servers are placed, or
    /// none, unless the request takes [as many as fit](crate::Fulfilment::AsManyAsFit).
    ///
    /// Several servers are placed as if they were planned one by one, each on the fleet with those
    /// before it placed and its hosts in the order that the former one found, as long as no lots
    /// are drawn ([`SchedulerBuilder::host_subset_size`] of 1, no
    /// [`SchedulerBuilder::shuffle_best`]) and a host that is refused for one server stays refused
    /// for the next. All of Nova's filters see to that, but for extra specs and `query` hints that
    /// ask for hosts with *less* free: such a host is not looked at again within one request.
    ///
    /// It is pure: the same fleet, request and options give the same plan. A plan is a proposal:
    /// nothing is claimed until somebody commits it.
    pub fn plan_with(
        &self,
        fleet: &Fleet,
        request: &PlacementRequest,
        options: &PlanOptions,
    ) -> Plan {
        Planner::new(self, fleet, request, options).run(&mut Unclaimed)
    }

    /// Plans, and claims each server's host through `claimer` before the next server is planned,
    /// as Nova's scheduler does. A host whose claim is refused is passed over for that server.
    ///
    /// ```
    /// use nova_core::model::Resources;
    /// use nova_sched::{
    ///     Claimer, Fleet, HostState, HostView, PlacementRequest, PlanOptions, Scheduler,
    /// };
    ///
    /// /// Somebody else was faster on the first host.
    /// struct Contested;
    ///
    /// impl Claimer for Contested {
    ///     fn claim(&mut self, _server: u32, host: &HostView<'_>) -> bool {
    ///         host.name().as_str() != "node-1"
    ///     }
    /// }
    ///
    /// let fleet = Fleet::builder()
    ///     .host(HostState::new("node-1".parse()?, "az1".parse()?))
    ///     .host(HostState::new("node-2".parse()?, "az1".parse()?))
    ///     .build();
    /// let request = PlacementRequest::new(Resources::new());
    /// let (scheduler, options) = (Scheduler::default(), PlanOptions::default());
    /// let plan = scheduler.plan_claiming(&fleet, &request, &options, &mut Contested);
    /// assert_eq!(plan.placements()[0].host.as_str(), "node-2");
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    pub fn plan_claiming(
        &self,
        fleet: &Fleet,
        request: &PlacementRequest,
        options: &PlanOptions,
        claimer: &mut dyn Claimer,
    ) -> Plan {
        let options = PlanOptions {
            claiming: true,
            ..options.clone()
        };
        Planner::new(self, fleet, request, &options).run(claimer)
    }

    /// The hosts that the request's own lists and the filters leave, for the first server of a
    /// request, or for a later one: then filters that are
    /// [run once per request](Filter::run_once_per_request) are not.
    ///
    /// # Errors
    /// [`Failure`] if a filter cannot judge a host, and that
    /// [fails the request](SchedulerBuilder::malformed_fails_request).
    pub fn filtered(
        &self,
        fleet: &Fleet,
        request: &PlacementRequest,
        first: bool,
    ) -> Result<Candidates, Failure> {
        let all = Candidates::all(fleet.len());
        let filtered = filtering::run(self, fleet, request, all, first, Detail::Off);
        match filtered.failure {
            None => Ok(filtered.left),
            Some(failure) => Err(failure),
        }
    }

    /// The weights of hosts, in their order: what every weigher says of every one of them. One
    /// host alone is not weighed, as in Nova.
    ///
    /// # Errors
    /// [`Failure`] if a weigher cannot weigh a host, and that
    /// [fails the request](SchedulerBuilder::malformed_fails_request).
    pub fn weighed(
        &self,
        fleet: &Fleet,
        request: &PlacementRequest,
        hosts: &[HostIndex],
    ) -> Result<RankingTable, Failure> {
        if let Some(failure) = first_unweighable(self, fleet, request, hosts) {
            return Err(failure);
        }
        let ranking = Ranking::new(self, fleet, request, hosts.to_vec(), true);
        Ok(RankingTable::whole(self, fleet, &ranking))
    }

    /// The filters, in order.
    pub fn filters(&self) -> impl Iterator<Item = &dyn Filter> {
        self.filters.iter().map(AsRef::as_ref)
    }

    /// The weighers, in order.
    pub fn weighers(&self) -> impl Iterator<Item = &dyn Weigher> {
        self.weighers.iter().map(AsRef::as_ref)
    }

    /// From how many of the best hosts the winner is drawn.
    pub fn host_subset_size(&self) -> usize {
        self.host_subset_size
    }

    /// On how many hosts a server is tried: the chosen one, and one less alternates.
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    /// Whether hosts that are as good as the best are shuffled.
    pub fn shuffles_best(&self) -> bool {
        self.shuffle_best
    }

    /// Whether what cannot be evaluated for one host fails the whole request.
    pub fn malformed_fails_request(&self) -> bool {
        self.malformed_fails_request
    }

    /// How NUMA cells are looked for.
    pub fn numa_settings(&self) -> NumaSettings {
        self.numa
    }

    /// How many alternates are named for each server of a request.
    pub(crate) fn alternates_for(&self, request: &PlacementRequest) -> usize {
        let own = || self.max_attempts.saturating_sub(1);
        let alternates = request.alternates().unwrap_or_else(own);
        usize::try_from(alternates).unwrap_or(usize::MAX)
    }

    /// The filters that are run for a request: those of [`Stage::Placement`] only, where hosts are
    /// forced and not to be filtered.
    pub(crate) fn filters_for<'a>(
        &'a self,
        request: &PlacementRequest,
    ) -> impl Iterator<Item = &'a dyn Filter> + use<'a> {
        let (filtered, rebuild) = (request.is_filtered(), request.is_rebuild());
        self.filters().filter(move |filter| match filter.stage() {
            // A server that stays where it is asks Placement for nothing.
            Stage::Placement => !rebuild,
            Stage::Filter => filtered && (!rebuild || filter.run_on_rebuild()),
        })
    }
}

/// Puts a [`Scheduler`] together.
#[derive(Debug, Clone, Default)]
pub struct SchedulerBuilder {
    filters: Vec<Arc<dyn Filter>>,
    weighers: Vec<Arc<dyn Weigher>>,
    host_subset_size: usize,
    max_attempts: Option<u32>,
    shuffle_best: bool,
    malformed_fails_request: bool,
    numa: NumaSettings,
}

impl SchedulerBuilder {
    /// Adds the defaults. [`ComputeFilter`] comes first, since Nova has Placement leave out
    /// disabled hosts as well; filters that stand for Placement: [`AvailabilityZoneFilter`],
    /// [`CellFilter`], [`InTreeFilter`], [`MemberOfFilter`], [`TraitsFilter`], [`CoreFilter`],
    /// [`RamFilter`], [`DiskFilter`], [`ResourceFilter`]; and the rest of Nova's own:
    /// [`ComputeCapabilitiesFilter`], [`ImagePropertiesFilter`],
    /// [`ServerGroupAntiAffinityFilter`], [`ServerGroupAffinityFilter`]. Weighers:
    /// [all of Nova's](Self::with_default_weighers).
    #[must_use]
    pub fn with_defaults(self) -> Self {
        self.filter(ComputeFilter)
            .filter(AvailabilityZoneFilter)
            .filter(CellFilter)
            .filter(InTreeFilter)
            .filter(MemberOfFilter)
            .filter(TraitsFilter)
            .filter(CoreFilter)
            .filter(RamFilter)
            .filter(DiskFilter)
            .filter(ResourceFilter)
            .filter(ComputeCapabilitiesFilter)
            .filter(ImagePropertiesFilter::default())
            .filter(ServerGroupAntiAffinityFilter)
            .filter(ServerGroupAffinityFilter)
            .with_default_weighers()
    }

    /// Adds all of Nova's weighers with Nova's multipliers, in the order in which the recorded
    /// cases of Nova sum them: by name.
    #[must_use]
    pub fn with_default_weighers(self) -> Self {
        self.weigher(BuildFailureWeigher::default())
            .weigher(CPUWeigher::default())
            .weigher(CrossCellWeigher::default())
            .weigher(DiskWeigher::default())
            .weigher(HypervisorVersionWeigher::default())
            .weigher(ImagePropertiesWeigher::default())
            .weigher(IoOpsWeigher::default())
            .weigher(MetricsWeigher::default())
            .weigher(NumInstancesWeigher::default())
            .weigher(PCIWeigher::default())
            .weigher(RAMWeigher::default())
            .weigher(ServerGroupSoftAffinityWeigher::default())
            .weigher(ServerGroupSoftAntiAffinityWeigher::default())
    }

    /// Adds a filter behind the others.
    #[must_use]
    pub fn filter(mut self, filter: impl Filter) -> Self {
        self.filters.push(Arc::new(filter));
        self
    }

    /// Adds a filter that is shared with others, or was chosen at run time.
    #[must_use]
    pub fn shared_filter(mut self, filter: Arc<dyn Filter>) -> Self {
        self.filters.push(filter);
        self
    }

    /// Adds a weigher behind the others.
    #[must_use]
    pub fn weigher(mut self, weigher: impl Weigher) -> Self {
        self.weighers.push(Arc::new(weigher));
        self
    }

    /// Adds a weigher that is shared with others, or was chosen at run time.
    #[must_use]
    pub fn shared_weigher(mut self, weigher: Arc<dyn Weigher>) -> Self {
        self.weighers.push(weigher);
        self
    }

    /// From how many of the best hosts the winner is drawn (Nova's `host_subset_size`), so that
    /// several schedulers at once do not all choose the same one. 1 unless it is said; 0 counts
    /// as 1.
    #[must_use]
    pub fn host_subset_size(mut self, size: usize) -> Self {
        self.host_subset_size = size;
        self
    }

    /// On how many hosts a server is tried (Nova's `max_attempts`): plans name one less alternates
    /// for each server, unless the request [says how
    /// many](PlacementRequest::with_alternates). 3 unless it is said; 0 counts as 1.
    ///
    /// ```
    /// use nova_core::model::Resources;
    /// use nova_sched::{Fleet, HostState, PlacementRequest, Scheduler};
    ///
    /// let host = |name: &str| Ok::<_, nova_core::Error>(HostState::new(name.parse()?, "az1".parse()?));
    /// let fleet = Fleet::builder().host(host("a")?).host(host("b")?).host(host("c")?).build();
    /// let alternates = |attempts| {
    ///     let scheduler = Scheduler::builder().max_attempts(attempts).build();
    ///     let plan = scheduler.plan(&fleet, &PlacementRequest::new(Resources::new()));
    ///     plan.placements()[0].alternates.len()
    /// };
    /// assert_eq!([1, 2, 3, 4].map(alternates), [0, 1, 2, 2]);
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// Whether hosts that are as good as the best are shuffled (Nova's
    /// `shuffle_best_same_weighed_hosts`). No unless it is said: the earlier host wins.
    #[must_use]
    pub fn shuffle_best(mut self, shuffle: bool) -> Self {
        self.shuffle_best = shuffle;
        self
    }

    /// Whether one host for which an extra spec, a hint or a metric cannot be evaluated
    /// ([`Reason::Malformed`](crate::Reason::Malformed), [`Weigher::unweighable`]) fails the whole
    /// request, as in Nova: then [`Explanation::failure`](crate::Explanation::failure) says which.
    /// No unless it is said: filters pass that host over, and weighers count it lowest.
    #[must_use]
    pub fn malformed_fails_request(mut self, fails: bool) -> Self {
        self.malformed_fails_request = fails;
        self
    }

    /// How NUMA cells are looked for where one server of several takes some: the same as in its
    /// [`NUMATopologyFilter`](crate::filters::NUMATopologyFilter).
    #[must_use]
    pub fn numa(mut self, settings: NumaSettings) -> Self {
        self.numa = settings;
        self
    }

    /// The scheduler.
    pub fn build(self) -> Scheduler {
        Scheduler {
            filters: self.filters,
            weighers: self.weighers,
            host_subset_size: self.host_subset_size.max(1),
            max_attempts: self.max_attempts.unwrap_or(DEFAULT_MAX_ATTEMPTS).max(1),
            shuffle_best: self.shuffle_best,
            malformed_fails_request: self.malformed_fails_request,
            numa: self.numa,
        }
    }
}

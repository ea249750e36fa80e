//! Requests of every kind, about a given fleet.

use nova_core::id::{HostName, ServerId};
use nova_core::model::{ResourceClass, ServerGroupPolicy, ServerGroupRules};

use super::dice::Dice;
use super::generate_hardware::ask;
use super::generate_host::{ARCHITECTURES, DISTROS, FLAVORS, PROJECTS, TRAITS, ZONES};
use super::names::{image_id, parsed, server_id};
use super::request_builder::{RequestBuilder, request};
use crate::fleet::Fleet;
use crate::request::{Destination, Fulfilment, GroupRequest, PlacementRequest, RequestImage};

/// So many requests about a fleet, as they look random and are the same for the same seed.
///
/// They ask for everything that a request can ask for, a few things at a time: sizes, zones, extra
/// specs, traits, aggregates, images, NUMA cells, PCI devices, server groups with members on hosts of the fleet, hints,
/// destinations, forced hosts; some of it malformed.
///
/// ```
/// use nova_sched::{Scheduler, testing};
///
/// let fleet = testing::fleet(40, 7);
/// for request in testing::requests(&fleet, 10, 7) {
///     let plan = Scheduler::default().plan(&fleet, &request);
///     assert!(plan.placements().iter().all(|placement| fleet.find(&placement.host).is_some()));
/// }
/// ```
pub fn requests(fleet: &Fleet, count: usize, seed: u64) -> Vec<PlacementRequest> {
    let mut dice = Dice::new(seed);
    let known = Known::of(fleet);
    (0..count).map(|_| known.request(&mut dice)).collect()
}

/// What requests can name.
struct Known<'a> {
    fleet: &'a Fleet,
    hosts: Vec<HostName>,
    servers: Vec<(ServerId, HostName)>,
}

/// Extra specs; two of the values are malformed.
const SPECS: [(&str, &str); 16] = [
    ("capabilities:arch", "x86_64"),
    ("capabilities:arch", "<or> x86_64 <or> aarch64"),
    ("capabilities:cpu_info:features", "<in> avx2"),
    ("capabilities:cpu_info:maxphysaddr:bits", ">= 40"),
    ("capabilities:gpu", ">= 2"),
    ("capabilities:gpu", "== many"),
    ("capabilities:hypervisor_type", "s== QEMU"),
    ("aggregate_instance_extra_specs:ssd", "true"),
    ("aggregate_instance_extra_specs:gpu", "<or>"),
    ("gpu", "2"),
    ("ssd", "<in> tru"),
    ("hw:maxphysaddr_bits", "42"),
    ("hw:cpu_policy", "shared"),
    ("trait:CUSTOM_GOLD", "required"),
    ("trait:HW_CPU_X86_AVX2", "forbidden"),
    ("resources:CUSTOM_GPU", "1"),
];

const QUERIES: [&str; 7] = [
    r#"[">=", "$free_ram_mb", 1024]"#,
    r#"["and", [">=", "$free_ram_mb", 1], ["not", ["=", "$host", "h1"]]]"#,
    r#"["in", "$host", "h0", "h2", "h4"]"#,
    r#"["<", "$nothing", 1]"#,
    r#"["near", "$host"]"#,
    "{not json",
    "[]",
];

impl<'a> Known<'a> {
    fn of(fleet: &'a Fleet) -> Self {
        let hosts = fleet.hosts().map(|host| host.name().clone()).collect();
        let servers = fleet.hosts().flat_map(|host| {
            let service = host.service_host();
            host.placed()
                .iter()
                .map(|server| (server.id, service.clone()))
        });
        Self {
            fleet,
            hosts,
            servers: servers.collect(),
        }
    }

    fn request(&self, dice: &mut Dice) -> PlacementRequest {
        let mut wish = request()
            .vcpus(dice.of(&[0, 1, 2, 8, 100]))
            .memory_mib(dice.of(&[0, 512, 2048, 16_384]))
            .disk_gib(dice.of(&[0, 1, 20, 400]));
        if dice.one_in(2) {
            let first = 1 << 32 | dice.up_to(1 << 20);
            wish = wish.count(3).servers(first..first + 3);
        }
        // A few wishes at a time: with all at once no host would pass the first filter.
        for _ in 0..dice.up_to(3) {
            wish = match dice.up_to(4) {
                0 => self.about_size(wish, dice),
                1 => self.about_kind(wish, dice),
                2 => self.about_servers(wish, dice),
                3 => ask(wish, dice),
                _ => self.about_hosts(wish, dice),
            };
        }
        wish.build()
    }

    fn about_size(&self, wish: RequestBuilder, dice: &mut Dice) -> RequestBuilder {
        match dice.up_to(5) {
            0 => wish.resource("CUSTOM_GPU", 1 + dice.up_to(2)),
            1 => wish.resource("CUSTOM_UNHEARD_OF", 1),
            2 => wish.with(|request| request.with_resource(ResourceClass::Pcpu, 2)),
            3 => wish.with(|request| request.with_fulfilment(Fulfilment::AsManyAsFit)),
            4 => {
                let priority = dice.of(&[-1, 5]);
                wish.with(|request| request.with_priority(priority))
            }
            _ => wish.count(2),
        }
    }

    fn about_kind(&self, wish: RequestBuilder, dice: &mut Dice) -> RequestBuilder {
        match dice.up_to(10) {
            0 => wish.flavor(dice.of(&FLAVORS)),
            1 => wish.project(dice.of(&PROJECTS)),
            2 => {
                let id = image_id(dice.up_to(3));
                let image = RequestImage {
                    id: Some(id),
                    ..RequestImage::default()
                };
                wish.with(|request| request.with_image(image))
            }
            3 => wish
                .image_property("hw_architecture", dice.of(&ARCHITECTURES))
                .image_property("img_hv_type", dice.of(&["kvm", "lxc", "xen"])),
            4 => wish
                .image_property("os_distro", dice.of(&DISTROS))
                .image_property(
                    "img_hv_requested_version",
                    dice.of(&[">=9000000", "<9", "new"]),
                ),
            5 => wish
                .required_trait(dice.of(&TRAITS))
                .forbidden_trait("CUSTOM_SLOW"),
            6 => wish.forbidden_trait(dice.of(&TRAITS)),
            _ => {
                let (key, value) = dice.of(&SPECS);
                let (other, wanted) = dice.of(&SPECS);
                wish.extra_spec(key, value).extra_spec(other, wanted)
            }
        }
    }

    fn about_servers(&self, wish: RequestBuilder, dice: &mut Dice) -> RequestBuilder {
        let ids = |dice: &mut Dice| -> Vec<String> {
            let places = 1 + dice.up_to(2);
            let ids = (0..places).filter_map(|_| self.server(dice));
            ids.map(|(id, _)| id.to_string()).collect()
        };
        match dice.up_to(4) {
            0 => {
                let ids = ids(dice);
                wish.hint("same_host", ids.iter().map(String::as_str))
            }
            1 => {
                let ids = ids(dice);
                wish.hint("different_host", ids.iter().map(String::as_str))
            }
            2 => wish.hint("different_host", ["none of the ids"]),
            _ => {
                let group = self.group(dice);
                wish.with(|request| request.with_group(group))
            }
        }
    }

    fn group(&self, dice: &mut Dice) -> GroupRequest {
        let policies = [
            ServerGroupPolicy::Affinity,
            ServerGroupPolicy::AntiAffinity,
            ServerGroupPolicy::SoftAffinity,
            ServerGroupPolicy::SoftAntiAffinity,
        ];
        let place = usize::try_from(dice.up_to(3)).unwrap_or(0);
        let policy = policies
            .get(place)
            .copied()
            .unwrap_or(ServerGroupPolicy::Affinity);
        let most = (policy == ServerGroupPolicy::AntiAffinity && dice.one_in(2))
            .then(|| 2.try_into().ok())
            .flatten();
        let rules = ServerGroupRules::new(policy, most).unwrap_or_else(|_| policy.into());
        let mut group = GroupRequest::new(rules).with_member(server_id(1 << 40));
        for _ in 0..dice.up_to(3) {
            if let Some((server, host)) = self.server(dice) {
                group = group.with_member_on(server, host);
            }
        }
        group
    }

    fn about_hosts(&self, wish: RequestBuilder, dice: &mut Dice) -> RequestBuilder {
        let Some(host) = self.host(dice) else {
            return wish.zone("az9");
        };
        match dice.up_to(11) {
            0 => wish.with(|request| request.with_ignored_host(host)),
            1 => wish.with(|request| request.with_tried_host(host)),
            2 => {
                let filtered = dice.one_in(2);
                wish.with(|request| {
                    request
                        .with_forced_host(host)
                        .with_filtered_forced_hosts(filtered)
                })
            }
            3 => wish.with(|request| request.with_in_tree(host)),
            4 => wish.with(|request| request.with_destination(Destination::host(host))),
            5 => {
                let across = dice.one_in(2);
                let cell = Destination::cell(parsed("cell1")).with_cross_cell_move(across);
                wish.with(|request| request.with_destination(cell))
            }
            6 => {
                let aggregates: Vec<_> = self.fleet.aggregates().map(|one| one.id).collect();
                let place = usize::try_from(dice.up_to(5)).unwrap_or(0);
                match aggregates.get(place) {
                    Some(id) if dice.one_in(3) => {
                        wish.with(|request| request.with_not_member_of(*id))
                    }
                    Some(id) => wish.with(|request| request.with_member_of([*id])),
                    None => wish,
                }
            }
            7 => wish.hint("query", [dice.of(&QUERIES)]),
            8 => {
                let address = dice.of(&["10.0.0.3", "10.0.1.200", "here"]);
                let net = dice.of(&["/30", "/24", "/99"]);
                wish.hint("build_near_host_ip", [address])
                    .hint("cidr", [net])
            }
            9 => wish.with(|request| request.with_rebuild(true)),
            10 => wish.zone("az9"),
            _ => wish.zone(dice.of(&ZONES)),
        }
    }

    fn host(&self, dice: &mut Dice) -> Option<HostName> {
        let last = u64::try_from(self.hosts.len()).ok()?.checked_sub(1)?;
        let place = usize::try_from(dice.up_to(last)).ok()?;
        self.hosts.get(place).cloned()
    }

    fn server(&self, dice: &mut Dice) -> Option<(ServerId, HostName)> {
        let last = u64::try_from(self.servers.len()).ok()?.checked_sub(1)?;
        let place = usize::try_from(dice.up_to(last)).ok()?;
        self.servers.get(place).cloned()
    }
}

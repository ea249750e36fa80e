//! Fleets that are edited to see what would be.

use std::collections::BTreeMap;

use nova_core::model::ResourceClass;
use nova_sched::{Error, Fleet, HostAggregate, HostState, PlacedServer, Scheduler, ServerShape};
use proptest::prelude::*;

use crate::fixtures::{fleet, host, name, request, server, server_id, size};

fn states(fleet: &Fleet) -> Vec<HostState> {
    fleet.hosts().map(|host| host.to_state()).collect()
}

#[test]
fn what_if_changes_plans_and_nothing_else() {
    let now = fleet([
        host("a", 8192).with_server(server(1, 4096, 0)),
        host("b", 6144),
    ]);
    let scheduler = Scheduler::default();
    let before = (states(&now), scheduler.plan(&now, &request(6144)));
    assert_eq!(before.1.placements()[0].host, name("b"));

    let moved = now.with_move(&server_id(1), &name("b")).unwrap();
    let plan = scheduler.plan(&moved, &request(6144));
    assert_eq!(plan.placements()[0].host, name("a"));
    let diff = before.1.diff(&plan);
    assert_eq!(diff.moved().count(), 1);

    let gone = now.without_server(&server_id(1)).unwrap();
    assert_eq!(scheduler.plan(&gone, &request(8192)).placements().len(), 1);
    let disabled = now.with_disabled(&name("b"), "").unwrap();
    assert!(!scheduler.plan(&disabled, &request(6144)).is_placed());
    let enabled = disabled.with_enabled(&name("b")).unwrap();
    assert_eq!(states(&enabled), before.0);
    let more = now.with_host(host("c", 65_536));
    assert_eq!(
        scheduler.plan(&more, &request(6144)).placements()[0].host,
        name("c")
    );
    let fewer = now.without_host(&name("b"));
    assert!(!scheduler.plan(&fewer, &request(6144)).is_placed());

    assert_eq!((states(&now), scheduler.plan(&now, &request(6144))), before);
}

#[test]
fn edits_that_cannot_be_made_change_nothing() {
    let now = fleet([
        host("a", 8192).with_server(server(1, 1024, 0)),
        host("b", 6144),
    ]);
    let mut edited = now.clone();
    let (here, nowhere) = (name("a"), name("x"));
    let (known, unknown) = (server_id(1), server_id(9));
    assert!(matches!(
        edited.place(&name("b"), server(1, 1, 0)),
        Err(Error::DuplicateServer { server, host }) if server == known && host == here
    ));
    assert!(matches!(
        edited.place(&nowhere, server(9, 1, 0)),
        Err(Error::UnknownHost { host }) if host == nowhere
    ));
    assert!(matches!(
        edited.move_server(&known, &nowhere),
        Err(Error::UnknownHost { .. })
    ));
    assert!(matches!(
        edited.move_server(&unknown, &here),
        Err(Error::UnknownServer { server }) if server == unknown
    ));
    assert!(matches!(
        edited.remove_server(&unknown),
        Err(Error::UnknownServer { .. })
    ));
    assert!(edited.disable(&nowhere, "").is_err() && edited.enable(&nowhere).is_err());
    assert!(!edited.remove_host(&nowhere));
    assert_eq!(states(&edited), states(&now));
    assert_eq!(edited.generation(), now.generation());
    // Onto the host where it is: everything stays what it was.
    edited.move_server(&known, &here).unwrap();
    assert_eq!(states(&edited), states(&now));
}

#[test]
fn a_server_that_two_hosts_report_is_found_as_long_as_one_has_it() {
    // While it is moved, both hosts hold its claims, as in Nova.
    let both = fleet([
        host("a", 8192).with_server(server(1, 1024, 0)),
        host("b", 8192).with_server(server(1, 1024, 0)),
    ]);
    let place = |fleet: &Fleet| {
        let host = fleet.host_of(&server_id(1))?;
        Some(fleet.host(host).name().clone())
    };
    assert_eq!(place(&both), Some(name("b")));
    // The source lets go of it.
    let arrived = both.with_host(host("a", 8192));
    assert_eq!(place(&arrived), Some(name("b")));
    assert_eq!(place(&both.without_host(&name("a"))), Some(name("b")));
    // It came to nothing.
    let back = both.with_host(host("b", 8192));
    assert_eq!(place(&back), Some(name("a")));
    assert_eq!(place(&both.without_host(&name("b"))), Some(name("a")));
    // One that is gone is gone from both.
    assert_eq!(place(&both.without_server(&server_id(1)).unwrap()), None);
}

/// One edit, in numbers that are taken modulo what there is.
#[derive(Debug, Clone)]
enum Edit {
    Place(usize, u32, u64),
    Remove(u32),
    Move(u32, usize),
    AddHost(usize, u64),
    RemoveHost(usize),
    Disable(usize),
    Enable(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let (hosts, servers) = (0_usize..6, 0_u32..12);
    prop_oneof![
        4 => (hosts.clone(), servers.clone(), 1_u64..5000).prop_map(|(host, server, memory)| Edit::Place(host, server, memory)),
        2 => servers.clone().prop_map(Edit::Remove),
        3 => (servers, hosts.clone()).prop_map(|(server, host)| Edit::Move(server, host)),
        1 => (hosts.clone(), 1_u64..9000).prop_map(|(host, memory)| Edit::AddHost(host, memory)),
        1 => hosts.clone().prop_map(Edit::RemoveHost),
        1 => hosts.clone().prop_map(Edit::Disable),
        1 => hosts.prop_map(Edit::Enable),
    ]
}

/// What a fleet should be, kept in the plainest way.
#[derive(Default)]
struct Model {
    order: Vec<String>,
    hosts: BTreeMap<String, (u64, bool)>,
    servers: BTreeMap<u32, (String, PlacedServer)>,
}

impl Model {
    fn edit(&mut self, fleet: &mut Fleet, edit: &Edit) {
        let text = |number: usize| format!("h{number}");
        match edit {
            Edit::Place(host, number, memory) => {
                let resources = size(1, *memory, 3);
                let placed = PlacedServer::new(server_id(*number), ServerShape::new(resources));
                let host = text(*host);
                let can = self.hosts.contains_key(&host) && !self.servers.contains_key(number);
                assert_eq!(fleet.place(&name(&host), placed.clone()).is_ok(), can);
                if can {
                    self.servers.insert(*number, (host, placed));
                }
            }
            Edit::Remove(number) => {
                let gone = fleet.remove_server(&server_id(*number)).ok();
                let expected = self.servers.remove(number);
                assert_eq!(gone, expected.map(|(host, placed)| (name(&host), placed)));
            }
            Edit::Move(number, host) => {
                let host = text(*host);
                let can = self.hosts.contains_key(&host) && self.servers.contains_key(number);
                let moved = fleet.move_server(&server_id(*number), &name(&host));
                assert_eq!(moved.is_ok(), can);
                if let Some(server) = self.servers.get_mut(number).filter(|_| can) {
                    server.0 = host;
                }
            }
            Edit::AddHost(number, memory) => {
                let new = text(*number);
                if !self.hosts.contains_key(&new) {
                    fleet.set_host(host(&new, *memory));
                    self.order.push(new.clone());
                    self.hosts.insert(new, (*memory, true));
                }
            }
            Edit::RemoveHost(number) => {
                let gone = text(*number);
                let there = self.hosts.remove(&gone).is_some();
                assert_eq!(fleet.remove_host(&name(&gone)), there);
                self.order.retain(|host| *host != gone);
                self.servers.retain(|_, (host, _)| *host != gone);
            }
            Edit::Disable(number) | Edit::Enable(number) => {
                let enabled = matches!(edit, Edit::Enable(_));
                let host = text(*number);
                let done = match enabled {
                    true => fleet.enable(&name(&host)),
                    false => fleet.disable(&name(&host), "why"),
                };
                assert_eq!(done.is_ok(), self.hosts.contains_key(&host));
                if let Some(state) = self.hosts.get_mut(&host) {
                    state.1 = enabled;
                }
            }
        }
    }

    fn build(&self, aggregate: &HostAggregate) -> Fleet {
        let hosts = self.order.iter().map(|text| {
            let (memory, enabled) = self.hosts[text];
            let mut state = host(text, memory);
            if !enabled {
                state = state.with_disabled("why");
            }
            let servers = self.servers.values().filter(|(host, _)| host == text);
            servers.fold(state, |state, (_, server)| {
                state.with_server(server.clone())
            })
        });
        let builder = Fleet::builder().hosts(hosts.collect::<Vec<_>>());
        builder.aggregate(aggregate.clone()).build()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_edits_is_the_same_as_building_anew(
        edits in prop::collection::vec(edit(), 1..60), held in 0_usize..60,
    ) {
        let aggregate = HostAggregate::new("6e7b9a3c-0f3d-4f2e-9e61-3a6a0a6a1c11".parse().unwrap(), "odd")
            .with_host(name("h1"))
            .with_host(name("h3"));
        let mut model = Model::default();
        let mut fleet = model.build(&aggregate);
        for number in 0..4 {
            model.edit(&mut fleet, &Edit::AddHost(number, 8192));
        }
        let mut snapshot = None;
        for (place, edit) in edits.iter().enumerate() {
            if place == held {
                snapshot = Some((fleet.clone(), states(&fleet), fleet.generation()));
            }
            let generation = fleet.generation();
            model.edit(&mut fleet, edit);
            prop_assert!(fleet.generation() >= generation);
        }
        let anew = model.build(&aggregate);
        prop_assert_eq!(states(&fleet), states(&anew));
        for (row, host) in fleet.hosts().enumerate() {
            prop_assert_eq!(fleet.index_of(host.name()).unwrap().get(), row);
            prop_assert_eq!(fleet.in_service().contains(host.index()), anew.in_service().contains(host.index()));
        }
        prop_assert_eq!(fleet.in_service().len(), anew.in_service().len());
        for number in 0..12 {
            let id = server_id(number);
            prop_assert_eq!(fleet.host_of(&id), anew.host_of(&id));
        }
        let rows = |fleet: &Fleet| fleet.hosts_of_aggregate(&aggregate.id).unwrap().to_vec();
        prop_assert_eq!(rows(&fleet), rows(&anew));
        let scheduler = Scheduler::default();
        for memory in [100, 4000, 9000] {
            let (one, other) = (scheduler.plan(&fleet, &request(memory)), scheduler.plan(&anew, &request(memory)));
            prop_assert_eq!(one.placements(), other.placements());
        }
        if let Some((snapshot, states_then, generation)) = snapshot {
            prop_assert_eq!(states(&snapshot), states_then);
            prop_assert_eq!(snapshot.generation(), generation);
        }
        // When all servers are gone nothing is left of them.
        for number in 0..12 {
            let _gone = fleet.remove_server(&server_id(number));
        }
        for host in fleet.hosts() {
            prop_assert_eq!(host.servers(), 0);
            prop_assert_eq!(host.placed(), []);
            for class in [ResourceClass::Vcpu, ResourceClass::MemoryMb, ResourceClass::DiskGb] {
                prop_assert_eq!(host.amounts(&class).used, 0);
            }
        }
    }
}

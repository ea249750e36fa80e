//! Cells, and what is in them.

use std::time::Duration;

use super::cases::{Case, cases};
use super::fixture::{assert_fails, at_once, fresh, is_already_exists, successes};
use crate::env::{Env, Timestamp};
use crate::error::{Error, ObjectKind};
use crate::id::{CellName, HostName, ServerId};
use crate::model::{Cell, CellMember, CellUrl};
use crate::repository::{PageRequest, Store};

/// The cases of this module.
pub(super) const CASES: &[Case] = cases!(cells {
    a_created_cell_reads_back,
    a_taken_name_is_refused,
    a_missing_cell_is_not_found,
    an_update_is_compare_and_set,
    of_racing_updates_one_wins,
    cells_come_in_pages,
    a_member_is_in_one_cell,
    only_an_empty_cell_is_deleted,
    members_come_in_pages,
    of_racing_mappings_one_wins,
});

fn cell(env: &Env) -> Cell {
    Cell::new(
        fresh(env, "cell"),
        CellUrl::new("mysql://nova:p%40ss@db/nova").unwrap(),
        CellUrl::new("amqp://nova:s3cret@mq/").unwrap(),
        env.now(),
    )
}

async fn created(store: &Store, env: &Env) -> Cell {
    let cell = cell(env);
    store.cells().cell_create(&cell).await.unwrap();
    cell
}

/// `cell_create` keeps every field, any text of a reason too.
pub async fn a_created_cell_reads_back(store: &Store, env: &Env) {
    let long = format!("sqlite:{}", "\u{1f980}'\"\\".repeat(500));
    let url = CellUrl::new(long).unwrap();
    let name = fresh(env, "\u{e4}\u{1f980}");
    let mut odd = Cell::new(name, url.clone(), url, Timestamp::from_micros(i64::MIN));
    odd.disabled_reason = Some(format!("\0 {}", "\u{10ffff}".repeat(70_000)));
    odd.updated_at = Timestamp::from_micros(i64::MAX);
    let mut empty = cell(env);
    empty.disabled_reason = Some(String::new());
    for cell in [cell(env), empty, odd] {
        store.cells().cell_create(&cell).await.unwrap();
        let held = store.cells().cell_get(&cell.name).await.unwrap();
        assert!(held == cell, "{} was changed", cell.name);
    }
}

/// `cell_create` refuses a taken name and leaves that cell alone.
pub async fn a_taken_name_is_refused(store: &Store, env: &Env) {
    let first = created(store, env).await;
    let mut second = cell(env);
    second.name = first.name.clone();
    second.transport_url = CellUrl::new("memory:").unwrap();
    assert_fails!(
        store.cells().cell_create(&second).await,
        Error::AlreadyExists { kind: ObjectKind::Cell, id } if id == first.name.as_str()
    );
    assert_eq!(store.cells().cell_get(&first.name).await.unwrap(), first);
}

/// Calls of an unknown cell are `NotFound`, lists of what is in it empty.
pub async fn a_missing_cell_is_not_found(store: &Store, env: &Env) {
    let (cells, missing) = (store.cells(), cell(env));
    let name = &missing.name;
    let member = CellMember::from(ServerId::generate(env));
    assert_fails!(
        cells.cell_get(name).await,
        Error::NotFound { kind: ObjectKind::Cell, id } if id == name.as_str()
    );
    assert_fails!(
        cells.cell_update(&missing).await,
        Error::NotFound { kind: ObjectKind::Cell, id } if id == name.as_str()
    );
    assert_fails!(
        cells.cell_map(&member, name).await,
        Error::NotFound { kind: ObjectKind::Cell, id } if id == name.as_str()
    );
    // Also when it is mapped to another cell.
    let other = created(store, env).await;
    cells.cell_map(&member, &other.name).await.unwrap();
    assert_fails!(
        cells.cell_map(&member, name).await,
        Error::NotFound { kind: ObjectKind::Cell, id } if id == name.as_str()
    );
    assert!(!cells.cell_delete(name).await.unwrap());
    let all = PageRequest::largest();
    assert_eq!(cells.cell_servers(name, &all).await.unwrap().items, []);
    let all = PageRequest::largest();
    assert_eq!(cells.cell_hosts(name, &all).await.unwrap().items, []);
}

/// `cell_update` writes from the current generation and counts it up, but keeps `created_at`; from
/// another generation it is `Stale` and changes nothing.
pub async fn an_update_is_compare_and_set(store: &Store, env: &Env) {
    let before = created(store, env).await;
    let mut change = before.clone();
    change.store_url = CellUrl::new("postgres://elsewhere/nova").unwrap();
    change.transport_url = CellUrl::new("memory:").unwrap();
    change.disabled_reason = Some("repair".to_owned());
    change.created_at = Timestamp::EPOCH;
    change.updated_at = env.now().saturating_add(Duration::from_secs(1));
    let written = store.cells().cell_update(&change).await.unwrap();
    let mut expected = change.clone();
    expected.created_at = before.created_at;
    expected.generation = before.generation.next();
    assert_eq!(written, expected);
    assert_fails!(
        store.cells().cell_update(&before).await,
        Error::Stale { kind: ObjectKind::Cell, id, expected }
            if id == before.name.as_str() && expected == before.generation
    );
    assert_eq!(
        store.cells().cell_get(&before.name).await.unwrap(),
        expected
    );
}

/// Of many updates from the same generation exactly one is written.
pub async fn of_racing_updates_one_wins(store: &Store, env: &Env) {
    let before = created(store, env).await;
    let results = at_once(8, |index| {
        let (store, mut change) = (store.clone(), before.clone());
        change.disabled_reason = Some(index.to_string());
        async move { store.cells().cell_update(&change).await }
    })
    .await;
    let winners = successes(results, Error::is_stale);
    assert_eq!(winners.len(), 1);
    let held = store.cells().cell_get(&before.name).await.unwrap();
    assert_eq!(held, winners[0]);
}

/// `cell_list` is ordered by the bytes of the name, in pages.
pub async fn cells_come_in_pages(store: &Store, env: &Env) {
    let tail = env.uuid().simple().to_string();
    let mut expected = Vec::new();
    for head in ["b", "A", "\u{e4}", "a", "B"] {
        let mut cell = cell(env);
        cell.name = format!("{head}{tail}").parse().unwrap();
        store.cells().cell_create(&cell).await.unwrap();
        expected.push(cell);
    }
    expected.sort_by(|one, two| one.name.cmp(&two.name));
    for limit in [1, 3, 1000] {
        let mut listed: Vec<Cell> = Vec::new();
        let mut request = PageRequest::first(limit).unwrap();
        loop {
            let page = store.cells().cell_list(&request).await.unwrap();
            listed.extend(page.items);
            assert!(listed.is_sorted_by(|one, two| one.name < two.name));
            let Some(marker) = page.next else { break };
            request = request.after(marker);
        }
        listed.retain(|cell| cell.name.as_str().ends_with(&tail));
        assert!(listed == expected, "in pages of {limit}");
    }
}

/// A server and a host are in one cell or in none; mapping again is no error, to another cell is
/// `InUse`.
pub async fn a_member_is_in_one_cell(store: &Store, env: &Env) {
    let cells = store.cells();
    let (one, other) = (created(store, env).await, created(store, env).await);
    let server = ServerId::generate(env);
    // A host may be named as a server's id: they are different things.
    let host: HostName = server.to_string().parse().unwrap();
    let members: [(CellMember, ObjectKind); 2] = [
        (server.into(), ObjectKind::Server),
        (host.into(), ObjectKind::Host),
    ];
    for (member, expected) in &members {
        assert_eq!(cells.cell_of(member).await.unwrap(), None);
        assert!(!cells.cell_unmap(member).await.unwrap());
        cells.cell_map(member, &one.name).await.unwrap();
        cells.cell_map(member, &one.name).await.unwrap();
        assert_fails!(
            cells.cell_map(member, &other.name).await,
            Error::InUse { kind, id, .. } if kind == *expected && id == server.to_string()
        );
        let of = cells.cell_of(member).await.unwrap();
        assert_eq!(of.as_ref(), Some(&one.name));
        assert!(cells.cell_unmap(member).await.unwrap());
        assert!(!cells.cell_unmap(member).await.unwrap());
        cells.cell_map(member, &other.name).await.unwrap();
    }
    assert!(cells.cell_unmap(&members[0].0).await.unwrap());
    let host_is_in = cells.cell_of(&members[1].0).await.unwrap();
    assert_eq!(host_is_in, Some(other.name));
}

/// `cell_delete` is `InUse` while anything is mapped to it, then removes the cell.
pub async fn only_an_empty_cell_is_deleted(store: &Store, env: &Env) {
    let (cells, cell) = (store.cells(), created(store, env).await);
    let server = CellMember::from(ServerId::generate(env));
    let host = CellMember::from(fresh::<HostName>(env, "host"));
    for member in [server, host] {
        cells.cell_map(&member, &cell.name).await.unwrap();
        assert_fails!(
            cells.cell_delete(&cell.name).await,
            Error::InUse { kind: ObjectKind::Cell, id, .. } if id == cell.name.as_str()
        );
        assert!(cells.cell_unmap(&member).await.unwrap());
    }
    assert!(cells.cell_delete(&cell.name).await.unwrap());
    assert!(!cells.cell_delete(&cell.name).await.unwrap());
    assert!(cells.cell_get(&cell.name).await.unwrap_err().is_not_found());
}

/// `cell_servers` and `cell_hosts` are ordered, in pages, each of its kind and cell only.
pub async fn members_come_in_pages(store: &Store, env: &Env) {
    let cells = store.cells();
    let (cell, other) = (created(store, env).await, created(store, env).await);
    let mut servers: Vec<ServerId> = (0..7).map(|_| ServerId::generate(env)).collect();
    let mut hosts: Vec<HostName> = ["b", "A", "a", "\u{e4}", "B"]
        .iter()
        .map(|head| fresh(env, head))
        .collect();
    let map = async |member: CellMember, name: &CellName| {
        cells.cell_map(&member, name).await.unwrap();
    };
    for server in servers.iter().rev() {
        map((*server).into(), &cell.name).await;
    }
    for host in &hosts {
        map(host.clone().into(), &cell.name).await;
    }
    map(ServerId::generate(env).into(), &other.name).await;
    map(fresh::<HostName>(env, "a").into(), &other.name).await;
    servers.sort_unstable();
    hosts.sort_unstable();
    for limit in [1, 3, 7, 1000] {
        let (mut found, mut request) = (Vec::new(), PageRequest::first(limit).unwrap());
        loop {
            let page = cells.cell_servers(&cell.name, &request).await.unwrap();
            found.extend(page.items);
            let Some(marker) = page.next else { break };
            request = request.after(marker);
        }
        assert_eq!(found, servers, "in pages of {limit}");
        let (mut found, mut request) = (Vec::new(), PageRequest::first(limit).unwrap());
        loop {
            let page = cells.cell_hosts(&cell.name, &request).await.unwrap();
            found.extend(page.items);
            let Some(marker) = page.next else { break };
            request = request.after(marker);
        }
        assert_eq!(found, hosts, "in pages of {limit}");
    }
}

/// Of mappings of one server to several cells at once, those to one cell succeed; of creations of
/// one name one.
pub async fn of_racing_mappings_one_wins(store: &Store, env: &Env) {
    let cells = [created(store, env).await, created(store, env).await];
    let server = ServerId::generate(env);
    let results = at_once(8, |index| {
        let (store, cell) = (store.clone(), cells[index % 2].name.clone());
        async move {
            let mapped = store.cells().cell_map(&server.into(), &cell).await;
            mapped.map(|()| cell)
        }
    })
    .await;
    let winners = successes(results, |error| matches!(error, Error::InUse { .. }));
    let held = store.cells().cell_of(&server.into()).await.unwrap();
    assert_eq!(winners.len(), 4);
    assert!(winners.iter().all(|winner| Some(winner) == held.as_ref()));

    let twin = cell(env);
    let results = at_once(8, |_| {
        let (store, twin) = (store.clone(), twin.clone());
        async move { store.cells().cell_create(&twin).await }
    })
    .await;
    assert_eq!(successes(results, is_already_exists).len(), 1);
}

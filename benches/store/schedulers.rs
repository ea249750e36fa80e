//! Eight schedulers that claim at once from pictures of the fleet that age.

use std::collections::BTreeMap;
use std::time::Instant;

use nova_sdk::core::Error;
use nova_sdk::core::model::{HostUsage, Inventory, ResourceClass};
use nova_sdk::core::repository::sql::SqlStore;
use nova_sdk::prelude::*;

use super::fixture::{HOSTS, claim, report};

const SCHEDULERS: usize = 8;
/// What each claims, altogether nine tenths of what there is.
const CLAIMS: usize = HOSTS * ROOM * 9 / 10 / SCHEDULERS;
/// How many servers a host has room for.
const ROOM: usize = 8;
/// After how many claims a scheduler looks at the fleet again: the older its picture, the more
/// often a host is full by then.
const REFRESHES: [usize; 2] = [10, 50];
/// Among how many hosts it takes the emptiest.
const CHOICES: usize = 16;

/// Measures and prints how many claims met a host that was full by then, and how many
/// transactions the database made run again.
pub async fn measure(store: &Store, sql: Option<&SqlStore>) {
    for refresh in REFRESHES {
        measure_with(store, sql, refresh).await;
    }
    println!();
}

async fn measure_with(store: &Store, sql: Option<&SqlStore>, refresh: usize) {
    let env = Env::system();
    let mut hosts = Vec::new();
    for index in 0..HOSTS {
        let name: HostName = format!("busy-{refresh}-{index:04}").parse().unwrap();
        let units = u64::try_from(ROOM).unwrap() * 64;
        let mut report = report(&name, units);
        let vcpus = Inventory::new(u64::try_from(ROOM).unwrap(), 0, 1.0).unwrap();
        report.inventories.insert(ResourceClass::Vcpu, vcpus);
        store.hosts().host_report(&report, env.now()).await.unwrap();
        hosts.push(name);
    }
    let retries = |sql: &SqlStore| sql.counters().retries();
    let before = sql.map_or(0, retries);
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..SCHEDULERS {
        tasks.spawn(schedule(store.clone(), env.clone(), hosts.clone(), refresh));
    }
    let conflicts: usize = tasks.join_all().await.iter().sum();
    let elapsed = began.elapsed().as_secs_f64();
    let again = sql.map_or(0, retries) - before;
    #[expect(clippy::cast_precision_loss, reason = "counts of claims")]
    let (claims, share) = {
        let claims = (SCHEDULERS * CLAIMS) as f64;
        (claims, conflicts as f64 / claims * 100.0)
    };
    println!(
        "  {SCHEDULERS} schedulers that look every {refresh} claims, {claims:.0} claims on {HOSTS} hosts: {:.0} a second, {conflicts} conflicts ({share:.2} %), {again} transactions run again",
        claims / elapsed
    );
}

/// Claims, and returns how often the host was full by then.
async fn schedule(store: Store, env: Env, hosts: Vec<HostName>, refresh: usize) -> usize {
    let mut conflicts = 0;
    let mut free: BTreeMap<HostName, u64> = BTreeMap::new();
    for index in 0..CLAIMS {
        if index % refresh == 0 {
            free = picture(&store).await;
        }
        loop {
            let chosen = (0..CHOICES)
                .filter_map(|_| Some(&hosts[env.random_index(hosts.len())?]))
                .max_by_key(|host| free.get(*host).copied().unwrap_or(0))
                .unwrap();
            let wanted = claim(&env, ServerId::generate(&env), chosen);
            match store.allocations().claim(&wanted).await {
                Ok(()) => {
                    if let Some(left) = free.get_mut(chosen) {
                        *left = left.saturating_sub(1);
                    }
                    break;
                }
                Err(Error::NoCapacity { .. }) => {
                    conflicts += 1;
                    free.insert(chosen.clone(), 0);
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    conflicts
}

async fn picture(store: &Store) -> BTreeMap<HostName, u64> {
    let usages = store.hosts().host_usages().await.unwrap();
    let free = |usage: HostUsage| {
        let offered = usage.host.report.inventories.get(&ResourceClass::Vcpu);
        let capacity = offered.map_or(0, Inventory::capacity);
        let left = capacity.saturating_sub(usage.used.get(&ResourceClass::Vcpu));
        (usage.host.name().clone(), left)
    };
    usages.into_iter().map(free).collect()
}

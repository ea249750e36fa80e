//! What is in a store before anything is measured, and how it is measured.

use std::time::{Duration, Instant};

use nova_sdk::core::id::RequestId;
use nova_sdk::core::model::{
    Claim, HostReport, HypervisorInfo, Inventory, NewServer, ResourceClass, Resources,
};
use nova_sdk::core::repository::ServerBatch;
use nova_sdk::prelude::*;

/// How many servers there are.
pub const LISTED: usize = 100_000;
/// In how many projects.
pub const PROJECTS: usize = 100;
/// How many hosts there are.
pub const HOSTS: usize = 1000;

/// What the calls are about.
pub struct Fleet {
    pub env: Env,
    pub servers: Vec<Server>,
    pub hosts: Vec<HostName>,
}

/// What a server of [`flavor`] holds.
pub fn wanted() -> Resources {
    flavor().resources()
}

pub fn flavor() -> Flavor {
    let (memory, disk) = (Mebibytes::new(64), Gibibytes::new(1));
    Flavor::builder("tiny".parse().unwrap(), 1, memory, disk)
        .build()
        .unwrap()
}

pub fn server(env: &Env, project: usize) -> Server {
    let new = NewServer::new(
        ServerId::generate(env),
        "web-1".parse().unwrap(),
        format!("project-{project}").parse().unwrap(),
        "user".parse().unwrap(),
        flavor(),
        ImageId::generate(env),
    );
    Server::begin(new, env.now())
}

pub fn claim(env: &Env, server: ServerId, host: &HostName) -> Claim {
    Claim::on(server, RequestId::generate(env), host.clone(), wanted())
}

/// Adds the servers and the hosts. Nothing is claimed.
pub async fn fill(store: &Store) -> Fleet {
    let env = Env::system();
    let mut hosts = Vec::new();
    for index in 0..HOSTS {
        let name: HostName = format!("host-{index:04}").parse().unwrap();
        store
            .hosts()
            .host_report(&report(&name, 1 << 30), env.now())
            .await
            .unwrap();
        hosts.push(name);
    }
    let mut servers = Vec::with_capacity(LISTED);
    for batch in 0..LISTED / ServerBatch::MAX {
        let first = batch * ServerBatch::MAX;
        let new: Vec<Server> = (first..first + ServerBatch::MAX)
            .map(|index| server(&env, index % PROJECTS))
            .collect();
        store
            .servers()
            .server_create_batch(&ServerBatch::of(new.iter().cloned()))
            .await
            .unwrap();
        servers.extend(new);
    }
    Fleet {
        env,
        servers,
        hosts,
    }
}

/// A host with so many units of everything.
pub fn report(name: &HostName, units: u64) -> HostReport {
    let classes = [
        ResourceClass::Vcpu,
        ResourceClass::MemoryMb,
        ResourceClass::DiskGb,
    ];
    let plenty = Inventory::new(units, 0, 1.0).unwrap();
    let hypervisor = HypervisorInfo::new("mock", 1, "x86_64");
    let report = HostReport::new(name.clone(), "nova".parse().unwrap(), hypervisor);
    report.with_inventories(classes.map(|class| (class, plenty)).into())
}

/// How long each of some calls took.
#[derive(Default)]
pub struct Times(Vec<Duration>);

impl Times {
    pub async fn time<T>(&mut self, call: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let value = call.await;
        self.0.push(began.elapsed());
        value
    }

    /// How many calls a second.
    pub fn rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
        let calls = self.0.len() as f64;
        calls / self.0.iter().sum::<Duration>().as_secs_f64()
    }

    /// What 99 of 100 calls stayed within, in microseconds.
    pub fn p99(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted[sorted.len() * 99 / 100].as_secs_f64() * 1e6
    }
}

/// Sorts, and returns the middle.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Claims in memory, one after another, with nothing else in the loop.
pub async fn claims_alone(fleet: &Fleet) {
    const CLAIMS: usize = 200_000;
    let mut rates = Vec::new();
    for _ in 0..super::RUNS {
        let store = Store::new(MemoryStore::new());
        for host in &fleet.hosts {
            store
                .hosts()
                .host_report(&report(host, 1 << 30), fleet.env.now())
                .await
                .unwrap();
        }
        let claims: Vec<Claim> = (0..CLAIMS)
            .map(|index| {
                let host = &fleet.hosts[index * 7919 % HOSTS];
                claim(&fleet.env, ServerId::generate(&fleet.env), host)
            })
            .collect();
        let began = Instant::now();
        for claim in &claims {
            store.allocations().claim(claim).await.unwrap();
        }
        #[expect(clippy::cast_precision_loss, reason = "a count of claims")]
        let count = CLAIMS as f64;
        rates.push(count / began.elapsed().as_secs_f64());
    }
    println!(
        "  {CLAIMS} claims alone: {:.0} a second\n",
        median(&mut rates)
    );
}

//! How many claims a second. Asserts nothing.

use nova_core::Env;
use nova_core::id::ServerId;
use nova_core::model::Claim;
use nova_core::repository::Store;

use super::fixture::{CLASSES, report};

/// Claims of three classes each by 16 tasks over 64 hosts.
#[expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement of real time, for people"
)]
pub(super) async fn measure(store: Store) {
    let env = Env::system();
    let offers = CLASSES.map(|class| (class, 1_000_000, 0, 1.0));
    for host in 0..64 {
        store
            .hosts()
            .host_report(&report(&format!("host-{host}"), &offers), env.now())
            .await
            .unwrap();
    }
    let rounds = if store.name() == "memory" { 2_000 } else { 50 };
    let start = std::time::Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..16_usize {
        let (store, env) = (store.clone(), env.clone());
        tasks.spawn(async move {
            for round in 0..rounds {
                let host = format!("host-{}", (task * 7 + round) % 64).parse().unwrap();
                let wanted = CLASSES.into_iter().map(|class| (class, 2)).collect();
                let claim = Claim::on(host, ServerId::generate(&env), wanted);
                store.allocations().claim(&claim).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{}: {:.0} claims/s",
        store.name(),
        16.0 * rounds as f64 / seconds
    );
}

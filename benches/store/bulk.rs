//! A thousand servers, created and claimed in one call and one by one.

use std::time::Instant;

use nova_sdk::core::model::Claim;
use nova_sdk::core::repository::ServerBatch;
use nova_sdk::prelude::*;

use super::fixture::{Fleet, claim, median, server};

/// Measures and prints both.
pub async fn measure(store: &Store, fleet: &Fleet) {
    let (mut bulk, mut single) = (Vec::new(), Vec::new());
    for _ in 0..super::RUNS {
        let began = Instant::now();
        for (server, claim) in thousand(fleet) {
            store.servers().server_create(&server).await.unwrap();
            store.allocations().claim(&claim).await.unwrap();
        }
        single.push(began.elapsed().as_secs_f64());

        let (servers, claims): (Vec<_>, Vec<_>) = thousand(fleet).into_iter().unzip();
        let batch = ServerBatch::of(servers).with_claims(claims);
        let began = Instant::now();
        store.servers().server_create_batch(&batch).await.unwrap();
        bulk.push(began.elapsed().as_secs_f64());
    }
    let (bulk, single) = (median(&mut bulk), median(&mut single));
    println!(
        "  create and claim 1,000: one by one {:.0} ms, in one call {:.0} ms, {:.1} times as fast",
        single * 1e3,
        bulk * 1e3,
        single / bulk
    );
}

fn thousand(fleet: &Fleet) -> Vec<(Server, Claim)> {
    (0..ServerBatch::MAX)
        .map(|index| {
            let server = server(&fleet.env, 0);
            let host = &fleet.hosts[index * 31 % fleet.hosts.len()];
            let claim = claim(&fleet.env, server.id, host);
            (server, claim)
        })
        .collect()
}

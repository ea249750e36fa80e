//! The store in memory.

#[cfg(feature = "conformance")]
use nova_core::Env;
use nova_core::repository::{Store, memory::MemoryStore};

#[test]
fn it_says_what_it_is() {
    let memory = MemoryStore::new();
    assert_eq!(
        format!("{memory:?}"),
        "MemoryStore { servers: 0, hosts: 0, .. }"
    );
    assert_eq!(format!("{:?}", Store::new(memory)), "Store(\"memory\")");
}

#[cfg(feature = "conformance")]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_conforms() {
    let store = Store::new(MemoryStore::new());
    assert!(nova_core::conformance::run(&store, &Env::system()).await >= 40);
}

#[cfg(all(feature = "conformance", feature = "tokio"))]
#[tokio::test(start_paused = true)]
async fn it_conforms_in_one_thread_under_virtual_time() {
    let store = Store::new(MemoryStore::new());
    nova_core::conformance::run(&store, &Env::simulated(7)).await;
}

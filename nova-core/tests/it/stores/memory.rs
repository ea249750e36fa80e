//! The store in memory.

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

//! The driver passes the suite that every driver passes.

use nova_virt::conformance::{Harness, all};

use super::*;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs qemu-system-x86_64"]
async fn it_conforms() {
    let place = Place::new();
    let driver = place.open().await;
    let root = place.root();
    let images = tempfile::tempdir().unwrap();
    let harness = Harness::new(&place.env, images.path())
        .with_base(
            place.image("serial.img", guests::SERIAL),
            Bytes::new(1 << 20),
        )
        .with_console(guests::SERIAL_UP, guests::SERIAL_DOWN)
        .with_patience(PATIENCE)
        .with_leftovers(move || leftovers(&root));
    let cases = all(&driver, &harness).await;
    assert!(cases > 30, "{cases}");
}

//! The mock passes the suite that every driver passes.

use std::time::Duration;

use nova_core::Env;
use nova_core::units::Bytes;
use nova_virt::conformance::{Harness, all};
use nova_virt::image::{ImageSource, MemoryImages};
use nova_virt::mock::{MockBuilder, MockHypervisor, Operation};
use nova_virt::{BaseImage, DiskFormat};

const CASES: usize = 37;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
async fn run(configure: impl FnOnce(MockBuilder) -> MockBuilder, base: Option<BaseImage>) {
    let directory = tempfile::tempdir().unwrap();
    let mock = configure(MockHypervisor::builder("host-1")).build();
    let checked = mock.clone();
    let mut harness = Harness::new(&Env::simulated(1), directory.path())
        .with_console("NOVA-GUEST-UP", "NOVA-GUEST-DOWN")
        .with_leftovers(move || checked.check().iter().map(ToString::to_string).collect());
    if let Some(base) = base {
        harness = harness.with_base(base, Bytes::new(1 << 20));
    }
    assert_eq!(all(&mock, &harness).await, CASES);
}

#[tokio::test(start_paused = true)]
async fn the_mock_conforms() {
    run(|mock| mock, None).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_mock_conforms() {
    let slow = |operation: Operation| match operation {
        Operation::Spawn => Duration::from_millis(80),
        Operation::Destroy => Duration::from_millis(30),
        _ => Duration::from_millis(3),
    };
    run(|mock| mock.latency_by(slow), None).await;
}

#[tokio::test(start_paused = true)]
async fn a_mock_without_optional_groups_conforms() {
    run(|mock| mock.without_pause().without_console_log(), None).await;
}

#[tokio::test(start_paused = true)]
async fn a_mock_with_images_in_memory_conforms() {
    let images = MemoryImages::new(&Env::simulated(2));
    let image = images.add("boot", DiskFormat::Raw, vec![0; 4096]).unwrap();
    run(|mock| mock, Some(images.prepare(image.id).await.unwrap())).await;
}

#[tokio::test(start_paused = true)]
async fn a_mock_with_images_on_disk_conforms() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("boot.raw");
    std::fs::write(&path, [0; 4096]).unwrap();
    run(
        |mock| mock,
        Some(BaseImage {
            path,
            format: DiskFormat::Raw,
        }),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_mock_in_many_threads_and_real_time_conforms() {
    run(
        |mock| mock.latency(Operation::Spawn, Duration::from_millis(10)),
        None,
    )
    .await;
}

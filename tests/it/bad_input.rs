//! Bad input is refused with a typed error, and changes nothing.

use nova_sdk::core::model::{ImageStatus, ServerName};
use nova_sdk::core::{Error as CoreError, ObjectKind};
use nova_sdk::prelude::*;
use nova_sdk::virt::guests;

use crate::support::{Parts, World, flavor, image_meta, mocks};

async fn world() -> (World, std::sync::Arc<MemoryImages>) {
    let mut parts = Parts::simulated(&mocks(1));
    let images = std::sync::Arc::new(MemoryImages::new(&parts.env));
    parts.image = images
        .add("boot sector", DiskFormat::Raw, guests::serial_disk())
        .unwrap()
        .id;
    parts.images = images.clone();
    (parts.start().await, images)
}

/// Nothing is recorded, deleted or not, and nothing is claimed.
async fn assert_nothing_happened(world: &World) {
    let all = ServerFilter::default().deleted(Deleted::Include);
    let servers = world
        .api()
        .server_list(&world.admin, &all, &PageRequest::largest())
        .await
        .unwrap();
    assert_eq!(servers.items, []);
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn a_bad_name_is_refused() {
    let (world, _) = world().await;
    for name in [
        "",
        " padded ",
        "a\nb",
        "a\0b",
        "\u{1b}[2J",
        &"x".repeat(256),
        &"x".repeat(1 << 20),
    ] {
        let request = CreateServer::new(name, "tiny", world.image);
        let error = world
            .api()
            .server_create(&world.user, request)
            .await
            .unwrap_err();
        let Error::Core(CoreError::Invalid { field, .. }) = &error else {
            panic!("{error}")
        };
        assert_eq!(*field, "server name");
        // The message does not repeat what is hostile in the input.
        assert!(error.to_string().len() < 200 && !error.to_string().contains('\u{1b}'));
    }
    assert_nothing_happened(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_hostile_name_that_is_allowed_is_kept_as_it_is() {
    let (world, _) = world().await;
    for name in [
        "a,b=c",
        "\"; rm -rf /",
        "../../etc",
        "-no-shutdown",
        "\u{5d0}\u{202e}abc",
        &"ä".repeat(255),
    ] {
        let server = world.boot(name).await;
        assert_eq!(server.name, ServerName::new(name).unwrap());
        assert_eq!(
            world.hypervisors[0]
                .inspect(server.id.into())
                .await
                .unwrap()
                .name,
            name
        );
        world.delete(server.id).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_flavor_image_or_zone_is_refused() {
    let (world, _) = world().await;
    let api = world.api();
    let create = async |request| api.server_create(&world.user, request).await.unwrap_err();

    let error = create(CreateServer::new("web-1", "enormous", world.image)).await;
    assert!(matches!(
        &error,
        Error::Core(CoreError::NotFound {
            kind: ObjectKind::Flavor,
            ..
        })
    ));
    assert_eq!(error.to_string(), "flavor enormous was not found");

    let error = create(CreateServer::new("web-1", "no such\nflavor", world.image)).await;
    assert!(matches!(
        error,
        Error::Core(CoreError::Invalid {
            field: "flavor id",
            ..
        })
    ));

    let unknown = ImageId::generate(&world.env);
    let error = create(CreateServer::new("web-1", "tiny", unknown)).await;
    assert!(matches!(
        &error,
        Error::Core(CoreError::NotFound {
            kind: ObjectKind::Image,
            ..
        })
    ));
    assert_eq!(error.to_string(), format!("image {unknown} was not found"));

    let error = create(CreateServer::new("web-1", "tiny", world.image).in_zone("a zone")).await;
    assert!(matches!(
        error,
        Error::Core(CoreError::Invalid {
            field: "availability zone",
            ..
        })
    ));
    assert_nothing_happened(&world).await;
}

#[tokio::test(start_paused = true)]
async fn zero_and_overflowing_sizes_are_refused() {
    let tiny = |vcpus, memory, disk| {
        let (memory, disk) = (Mebibytes::new(memory), Gibibytes::new(disk));
        Flavor::builder("f".parse().unwrap(), vcpus, memory, disk).build()
    };
    for (vcpus, memory, disk, field) in [
        (0, 1, 1, "flavor vcpus"),
        (1, 0, 1, "flavor memory"),
        (1, 1, 0, "flavor root disk"),
        (u32::MAX, 1, 1, "flavor vcpus"),
        (1, u64::MAX, 1, "flavor memory"),
        (1, 1, u64::MAX, "flavor root disk"),
    ] {
        let error = tiny(vcpus, memory, disk).unwrap_err();
        let CoreError::Invalid { field: found, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(found, field);
    }
    // The largest that is accepted is too large for any host, and not an overflow anywhere.
    let (world, _) = world().await;
    let most = Flavor::MAX_AMOUNT;
    let huge = flavor("huge", u32::try_from(most).unwrap(), most, most);
    world
        .api()
        .flavor_create(&world.admin, &huge)
        .await
        .unwrap();
    let request = CreateServer::new("web-1", "huge", world.image);
    let server = world
        .api()
        .server_create(&world.user, request)
        .await
        .unwrap();
    assert_eq!(world.settled(server.id).await.vm_state, VmState::Error);
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn an_image_that_needs_more_than_the_flavor_has_is_refused() {
    let (world, images) = world().await;
    let big_disk = image_meta(&world.env, "disk").with_min_disk(Gibibytes::new(2));
    let big_memory = image_meta(&world.env, "memory").with_min_memory(Mebibytes::new(65));
    for meta in [big_disk, big_memory] {
        let meta = images.put(meta, guests::serial_disk()).unwrap();
        let request = CreateServer::new("web-1", "tiny", meta.id);
        let error = world
            .api()
            .server_create(&world.user, request)
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            Error::Core(CoreError::Invalid {
                field: "flavor",
                ..
            })
        ));
        assert!(error.to_string().contains(&meta.name), "{error}");
    }
    assert_nothing_happened(&world).await;
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_active_is_refused() {
    let (world, images) = world().await;
    let meta = image_meta(&world.env, "kept back").with_status(ImageStatus::Deactivated);
    let meta = images.put(meta, guests::serial_disk()).unwrap();
    let request = CreateServer::new("web-1", "tiny", meta.id);
    let error = world
        .api()
        .server_create(&world.user, request)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid image: it is deactivated, not active"
    );
    assert_nothing_happened(&world).await;
}

/// A qcow2 image of 1 MiB with nothing in it, with a backing file if one is named.
fn qcow2(backing: Option<&str>) -> Vec<u8> {
    let mut bytes = vec![0; 4 << 16];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(0, b"QFI\xfb");
    put(4, &3u32.to_be_bytes()); // version
    if let Some(name) = backing {
        put(8, &1024u64.to_be_bytes());
        put(16, &u32::try_from(name.len()).unwrap().to_be_bytes());
        put(1024, name.as_bytes());
    }
    put(20, &16u32.to_be_bytes()); // cluster bits
    put(24, &(1u64 << 20).to_be_bytes()); // virtual size
    put(36, &1u32.to_be_bytes()); // entries of the level 1 table
    put(40, &(3u64 << 16).to_be_bytes()); // where it is
    put(48, &(1u64 << 16).to_be_bytes()); // the refcount table
    put(56, &1u32.to_be_bytes()); // its clusters
    put(96, &4u32.to_be_bytes()); // refcount order
    put(100, &104u32.to_be_bytes()); // header length
    bytes
}

#[tokio::test(start_paused = true)]
async fn an_image_that_lies_about_its_format_or_has_a_backing_file_builds_nothing() {
    let (world, images) = world().await;
    let cases = [
        (
            "raw, and is qcow2",
            DiskFormat::Raw,
            qcow2(None),
            "declared raw and is qcow2",
        ),
        (
            "qcow2, and is raw",
            DiskFormat::Qcow2,
            guests::serial_disk(),
            "declared qcow2 and is raw",
        ),
        (
            "a backing file",
            DiskFormat::Qcow2,
            qcow2(Some("/etc/shadow")),
            "backing file",
        ),
    ];
    for (name, format, bytes, reason) in cases {
        // As a broken or hostile image service would hand it out.
        let mut meta = image_meta(&world.env, name).with_size(Bytes::new(bytes.len() as u64));
        meta.disk_format = format;
        let refused = images.put(meta.clone(), bytes.clone()).unwrap_err();
        assert!(refused.to_string().contains(reason), "{name}: {refused}");
        images.put_unverified(meta.clone(), bytes);

        let request = CreateServer::new("web-1", "tiny", meta.id);
        let server = world
            .api()
            .server_create(&world.user, request)
            .await
            .unwrap();
        let server = world.settled(server.id).await;
        assert_eq!(server.vm_state, VmState::Error, "{name}");
        let faults = world.faults(server.id).await;
        assert!(faults[0].message.contains("image"), "{faults:?}");
        assert!(
            faults[0].details.as_ref().unwrap().contains(reason),
            "{faults:?}"
        );
        world.delete(server.id).await;
    }
    world.assert_empty().await;
}

#[tokio::test(start_paused = true)]
async fn an_operation_in_the_wrong_state_is_refused_and_names_the_attribute() {
    let (world, _) = world().await;
    let server = world.boot("web-1").await;
    let (api, user, id) = (world.api(), &world.user, server.id);
    let error = api.server_start(user, id).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("server {id}: cannot start a server while its vm_state is active")
    );
    assert!(matches!(error, Error::Core(CoreError::Conflict { .. })));
    assert!(api.server_unpause(user, id).await.is_err());
    assert_eq!(api.server_show(&world.admin, id).await.unwrap(), server);

    // Two operations at once: one is admitted.
    let (first, second) = tokio::join!(api.server_stop(user, id), api.server_pause(user, id));
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    let refused = first.err().or(second.err()).unwrap().to_string();
    assert!(refused.contains("task_state"), "{refused}");
    world.settled(id).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_found() {
    let (world, _) = world().await;
    let nobody = ServerId::generate(&world.env);
    let (api, user) = (world.api(), &world.user);
    assert!(
        api.server_show(user, nobody)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        api.server_stop(user, nobody)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        api.server_delete(user, nobody)
            .await
            .unwrap_err()
            .is_not_found()
    );
    let id = world.boot("web-1").await.id;
    world.delete(id).await;
    assert!(
        api.server_delete(user, id)
            .await
            .unwrap_err()
            .is_not_found()
    );
    assert!(
        !api.flavor_delete(&world.admin, &"none".parse().unwrap())
            .await
            .unwrap()
    );
}

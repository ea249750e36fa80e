//! Image sources: in memory and in a directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nova_core::Env;
use nova_core::id::ImageId;
use nova_core::model::{ImageMeta, ImageProperties};
use nova_core::units::{Bytes, Gibibytes};
use nova_virt::DiskFormat::{self, Qcow2, Raw};
use nova_virt::image::{ImageDirectory, ImageError, ImageSource, MemoryImages, verify};

use crate::forge::Qcow2Forge;

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn meta(name: &str, disk_format: DiskFormat) -> ImageMeta {
    let properties = ImageProperties::default().with("hw_architecture", "x86_64");
    ImageMeta::new(ImageId::generate(&Env::system()), name, disk_format)
        .with_min_disk(Gibibytes::new(1))
        .with_properties(properties.unwrap())
}

/// A directory with a file `source` in it, and an image directory below.
struct Place {
    directory: tempfile::TempDir,
    images: ImageDirectory,
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
impl Place {
    async fn new(source: &[u8]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("source"), source).unwrap();
        let images = ImageDirectory::open(directory.path().join("images"))
            .await
            .unwrap();
        Self { directory, images }
    }

    fn source(&self) -> PathBuf {
        self.directory.path().join("source")
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("images")
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(self.root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn replace(path: &Path, bytes: &[u8]) {
    // The file is read-only, on purpose.
    let _ = std::fs::remove_file(path);
    let _ = std::fs::write(path, bytes);
}

#[tokio::test]
async fn a_directory_keeps_images_over_its_reopening() {
    let place = Place::new(&Qcow2Forge::new(1 << 20).build()).await;
    let added = place
        .images
        .add(&meta("a", Qcow2), &place.source())
        .await
        .unwrap();
    assert_eq!(added.size, Bytes::new(3 << 16));
    let id = added.id;
    assert_eq!(place.files(), [format!("{id}.json"), format!("{id}.qcow2")]);

    let again = ImageDirectory::open(place.root()).await.unwrap();
    assert_eq!(again.show(id).await.unwrap(), added);
    assert_eq!(again.list().await.unwrap(), [added]);
    let base = again.prepare(id).await.unwrap();
    assert_eq!(
        (base.path.parent(), base.format),
        (Some(place.root().as_path()), Qcow2)
    );
    assert!(verify(&base.path, base.format).is_ok());
    assert!(
        std::fs::metadata(&base.path)
            .unwrap()
            .permissions()
            .readonly()
    );

    assert!(again.remove(id).await.unwrap());
    assert!(!again.remove(id).await.unwrap());
    assert_eq!(place.files(), [""; 0]);
    for result in [
        again.show(id).await.map(|_| ()),
        again.prepare(id).await.map(|_| ()),
    ] {
        assert!(matches!(result, Err(ImageError::NotFound { image }) if image == id));
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_new_directory_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new(&[0; 512]).await;
    let mode = std::fs::metadata(place.root())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn hostile_names_name_no_file() {
    let place = Place::new(&[0; 512]).await;
    let mut wanted = BTreeMap::new();
    for name in [
        "../../escape",
        "/etc/passwd",
        "a\0b",
        "",
        "\u{202e}x",
        &"n".repeat(10_000),
    ] {
        let added = place
            .images
            .add(&meta(name, Raw), &place.source())
            .await
            .unwrap();
        wanted.insert(added.id, name.to_owned());
    }
    let listed = place.images.list().await.unwrap();
    let names: BTreeMap<_, _> = listed
        .into_iter()
        .map(|image| (image.id, image.name))
        .collect();
    assert_eq!(names, wanted);
    assert_eq!(place.files().len(), 2 * names.len());
    assert_eq!(
        std::fs::read_dir(place.directory.path()).unwrap().count(),
        2
    );
}

#[tokio::test]
async fn a_refused_image_leaves_nothing() {
    let lies: [(&[u8], DiskFormat); 4] = [
        (&Qcow2Forge::new(1 << 20).build(), Raw),
        (&[0; 512], Qcow2),
        (
            &Qcow2Forge::new(1 << 20)
                .with_backing_file("/etc/shadow")
                .build(),
            Qcow2,
        ),
        (&[], Raw),
    ];
    for (bytes, format) in lies {
        let place = Place::new(bytes).await;
        let meta = meta("lie", format);
        assert!(place.images.add(&meta, &place.source()).await.is_err());
        assert_eq!(place.files(), [""; 0]);
        assert!(matches!(
            place.images.show(meta.id).await,
            Err(ImageError::NotFound { .. })
        ));
    }
    let place = Place::new(&[0; 512]).await;
    let missing = place.directory.path().join("missing");
    assert!(matches!(
        place.images.add(&meta("a", Raw), &missing).await,
        Err(ImageError::Io(_))
    ));
    // Metadata that could not be read again are not written.
    let endless = meta(&"n".repeat(2 << 20), Raw);
    let result = place.images.add(&endless, &place.source()).await;
    assert!(
        matches!(result, Err(ImageError::Metadata { .. })),
        "{result:?}"
    );
    assert_eq!(place.files(), [""; 0]);
}

#[cfg(unix)]
#[tokio::test]
async fn symbolic_links_are_followed_nowhere() {
    let place = Place::new(&[0; 512]).await;
    let link = place.directory.path().join("link");
    std::os::unix::fs::symlink(place.source(), &link).unwrap();
    let result = place.images.add(&meta("a", Raw), &link).await;
    assert!(matches!(result, Err(ImageError::NotAFile)), "{result:?}");

    let id = place
        .images
        .add(&meta("a", Raw), &place.source())
        .await
        .unwrap()
        .id;
    for file in place.files() {
        let file = place.root().join(file);
        let aside = place.directory.path().join("aside");
        std::fs::rename(&file, &aside).unwrap();
        std::os::unix::fs::symlink(&aside, &file).unwrap();
        let result = place.images.prepare(id).await;
        assert!(matches!(result, Err(ImageError::NotAFile)), "{result:?}");
        std::fs::rename(&aside, &file).unwrap();
    }
    assert!(place.images.prepare(id).await.is_ok());
}

#[tokio::test]
async fn bytes_that_changed_are_refused_at_every_use() {
    let place = Place::new(&[0; 512]).await;
    let id = place
        .images
        .add(&meta("a", Raw), &place.source())
        .await
        .unwrap()
        .id;
    let path = place.images.prepare(id).await.unwrap().path;

    replace(
        &path,
        &Qcow2Forge::new(1 << 20)
            .with_backing_file("/etc/shadow")
            .build(),
    );
    let result = place.images.prepare(id).await;
    assert!(
        matches!(result, Err(ImageError::WrongFormat { .. })),
        "{result:?}"
    );
    replace(&path, &[0; 1024]);
    let result = place.images.prepare(id).await;
    assert!(
        matches!(result, Err(ImageError::Damaged { .. })),
        "{result:?}"
    );
}

#[tokio::test]
async fn damaged_metadata_are_told_and_hide_no_other_image() {
    let place = Place::new(&[0; 512]).await;
    let other = place
        .images
        .add(&meta("other", Raw), &place.source())
        .await
        .unwrap();
    let added = place
        .images
        .add(&meta("a", Raw), &place.source())
        .await
        .unwrap();
    let path = place.root().join(format!("{}.json", added.id));
    let whole = std::fs::read_to_string(&path).unwrap();
    let damages = [
        String::new(),
        "{}".to_owned(),
        whole[..whole.len() / 2].to_owned(),
        whole.replace("\"version\": 1", "\"version\": 2"),
        whole.replace("\"version\"", "\"extra\": 0, \"version\""),
        whole.replace(&added.id.to_string(), &other.id.to_string()),
        whole.replace("\"raw\"", "\"vmdk\""),
        "[".repeat(1 << 20),
    ];
    for (index, damaged) in damages.iter().enumerate() {
        std::fs::write(&path, damaged).unwrap();
        for result in [
            place.images.show(added.id).await.map(|_| ()),
            place.images.prepare(added.id).await.map(|_| ()),
        ] {
            assert!(
                matches!(&result, Err(ImageError::Metadata { image, .. }) if *image == added.id),
                "number {index}: {result:?}"
            );
        }
        assert_eq!(
            place.images.list().await.unwrap(),
            std::slice::from_ref(&other)
        );
    }
}

#[tokio::test]
async fn an_image_never_changes() {
    let place = Place::new(&[0; 512]).await;
    let first = place
        .images
        .add(&meta("a", Raw), &place.source())
        .await
        .unwrap();
    std::fs::write(place.source(), [1; 1024]).unwrap();
    let result = place.images.add(&first, &place.source()).await;
    assert!(matches!(result, Err(ImageError::AlreadyExists { image }) if image == first.id));
    let base = place.images.prepare(first.id).await.unwrap();
    assert_eq!(std::fs::read(base.path).unwrap(), [0; 512]);
}

#[tokio::test]
async fn what_a_crash_left_is_removed_and_nothing_else() {
    let place = Place::new(&[0; 512]).await;
    let id = place
        .images
        .add(&meta("a", Raw), &place.source())
        .await
        .unwrap()
        .id;
    let lost = meta("lost", Raw).id;
    for name in [
        format!("{lost}.raw"),
        format!("{lost}.raw.part"),
        format!("{id}.json.part"),
        "notes.txt".to_owned(),
        "backup.raw".to_owned(),
        format!("{lost}.bak"),
        format!("{}.raw", lost.as_uuid().simple()),
    ] {
        std::fs::write(place.root().join(name), "x").unwrap();
    }
    let again = ImageDirectory::open(place.root()).await.unwrap();
    let mut expected = [
        format!("{id}.json"),
        format!("{id}.raw"),
        "backup.raw".to_owned(),
        "notes.txt".to_owned(),
        format!("{lost}.bak"),
        format!("{}.raw", lost.as_uuid().simple()),
    ];
    expected.sort();
    assert_eq!(place.files(), expected);
    assert!(again.prepare(id).await.is_ok());
}

#[tokio::test]
async fn adding_one_image_twice_at_once_adds_it_once() {
    let place = Place::new(&vec![0; 1 << 20]).await;
    let meta = meta("a", Raw);
    let source = place.source();
    let (one, two) = tokio::join!(
        place.images.add(&meta, &source),
        place.images.add(&meta, &source)
    );
    assert!(one.is_ok() != two.is_ok());
    assert_eq!(place.files().len(), 2);
}

#[tokio::test]
async fn memory_images_are_verified_when_added_and_when_prepared() {
    let images = MemoryImages::new(&Env::system());
    let lie = images.add("lie", Raw, Qcow2Forge::new(512).build());
    assert!(
        matches!(lie, Err(ImageError::WrongFormat { .. })),
        "{lie:?}"
    );
    assert!(images.list().is_empty());

    let large = images
        .add("large", Qcow2, Qcow2Forge::new(5 << 30).build())
        .unwrap();
    assert_eq!(
        (large.min_disk, large.size),
        (Gibibytes::new(5), Bytes::new(3 << 16))
    );
    assert_eq!(images.show(large.id).await.unwrap(), large);
    assert!(images.prepare(large.id).await.is_ok());

    images.put_unverified(large.clone(), vec![0; 512]);
    let result = images.prepare(large.id).await;
    assert!(
        matches!(result, Err(ImageError::WrongFormat { .. })),
        "{result:?}"
    );

    assert!(images.remove(large.id));
    let result = images.prepare(large.id).await;
    assert!(matches!(result, Err(ImageError::NotFound { image }) if image == large.id));
}

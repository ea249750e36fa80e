//! Who depends on whom.

use std::collections::BTreeSet;
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The parts, from the bottom.
const PARTS: [&str; 3] = ["nova-sched", "nova-virt", "nova-rpc"];

/// The workspace's crates that `package` depends on, leaving its tests out.
fn own_dependencies(package: &str) -> BTreeSet<String> {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let names: BTreeSet<String> = metadata
        .packages
        .iter()
        .map(|p| p.name.to_string())
        .collect();
    let package = metadata
        .packages
        .iter()
        .find(|p| p.name.as_str() == package)
        .unwrap_or_else(|| panic!("the workspace has no crate {package}"));
    package
        .dependencies
        .iter()
        .filter(|d| d.kind != DependencyKind::Development && names.contains(&d.name))
        .map(|d| d.name.clone())
        .collect()
}

/// Every crate that comes along with `package` built alone with these features.
#[expect(
    clippy::disallowed_methods,
    reason = "the one program that tests of the graph run is cargo"
)]
fn tree(package: &str, features: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "-p",
            package,
            "-e",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}"])
        .args(features)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn assert_absent(package: &str, features: &[&str], forbidden: &[&str]) {
    let tree = tree(package, features);
    assert!(
        tree.contains(package),
        "cargo tree says nothing of {package}"
    );
    for name in forbidden {
        assert!(
            !tree.contains(*name),
            "{package} {features:?} depends on {name}"
        );
    }
}

#[test]
fn the_parts_depend_on_the_core_alone() {
    assert_eq!(own_dependencies("nova-core"), BTreeSet::new());
    for part in PARTS {
        assert_eq!(
            own_dependencies(part),
            BTreeSet::from(["nova-core".to_owned()]),
            "{part}"
        );
    }
}

#[test]
fn the_kit_composes_all_of_them() {
    let all: BTreeSet<String> = PARTS
        .iter()
        .copied()
        .chain(["nova-core"])
        .map(str::to_owned)
        .collect();
    assert_eq!(own_dependencies("nova-sdk"), all);
}

#[test]
fn a_scheduler_author_pays_for_no_runtime_database_broker_or_hypervisor() {
    let forbidden = [
        "tokio",
        "sea-orm",
        "sqlx",
        "lapin",
        "virt",
        "nova-virt",
        "nova-rpc",
    ];
    assert_absent("nova-sched", &[], &forbidden);
    assert_absent("nova-sched", &["--all-features"], &forbidden);
}

#[test]
fn the_core_without_features_has_no_runtime_and_no_database() {
    assert_absent(
        "nova-core",
        &["--no-default-features"],
        &["tokio", "sea-orm", "sqlx"],
    );
}

#[test]
fn someone_who_tests_against_the_mock_pays_for_no_database_or_broker() {
    assert_absent("nova-virt", &[], &["sea-orm", "sqlx", "lapin", "virt"]);
}

#[test]
fn the_default_kit_needs_no_library_of_the_system() {
    // Crates that link what a bare machine lacks.
    assert_absent(
        "nova-sdk",
        &[],
        &[
            "openssl-sys",
            "native-tls",
            "virt-sys",
            "aws-lc-sys",
            "pq-sys",
        ],
    );
}

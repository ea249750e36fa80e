//! What the sources may and may not say.

use std::fs;
use std::path::{Path, PathBuf};

/// The Rust sources below a folder of the project.
pub fn rust_files(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        let mut entries: Vec<PathBuf> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    walk(&folder, &mut files);
    assert!(!files.is_empty(), "{} has no sources", folder.display());
    files
}

/// The sources of every library crate.
pub const LIBRARIES: [&str; 5] = [
    "src",
    "nova-core/src",
    "nova-sched/src",
    "nova-virt/src",
    "nova-rpc/src",
];

/// The lines of a file that are code, with their numbers.
fn code(path: &Path) -> Vec<(usize, String)> {
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.split("//").next().unwrap_or("").to_owned()))
        .collect()
}

/// Fails if code below `folder` names one of `words`, leaving out files below `except`.
fn assert_unsaid(folder: &str, words: &[&str], except: &str) {
    for path in rust_files(folder) {
        if !except.is_empty() && path.to_string_lossy().contains(except) {
            continue;
        }
        for (number, line) in code(&path) {
            for word in words {
                assert!(
                    !line.contains(word),
                    "{}:{number} says {word}: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn only_the_sql_store_knows_a_database_crate() {
    assert_unsaid(
        "nova-core/src",
        &["sea_orm", "sqlx", "sea_query"],
        "repository/sql",
    );
    for folder in ["src", "nova-sched/src", "nova-virt/src", "nova-rpc/src"] {
        assert_unsaid(folder, &["sea_orm", "sqlx", "sea_query"], "");
    }
}

#[test]
fn a_compute_role_holds_no_store() {
    assert_unsaid(
        "src/compute",
        &["repository", "Store", "SqlStore", "MemoryStore"],
        "",
    );
}

#[test]
fn drivers_and_stores_do_not_know_each_other() {
    assert_unsaid("nova-virt/src/mock", &["crate::qemu", "crate::libvirt"], "");
    assert_unsaid("nova-virt/src/qemu", &["crate::mock", "crate::libvirt"], "");
    assert_unsaid("nova-virt/src/libvirt", &["crate::mock", "crate::qemu"], "");
    assert_unsaid(
        "nova-virt/src/host",
        &["crate::mock", "crate::qemu", "crate::libvirt"],
        "",
    );
    assert_unsaid(
        "nova-core/src/repository/memory",
        &["super::sql", "repository::sql"],
        "",
    );
    assert_unsaid(
        "nova-core/src/repository/sql",
        &["super::memory", "repository::memory"],
        "",
    );
}

#[test]
fn every_select_is_biased() {
    for folder in LIBRARIES {
        for path in rust_files(folder) {
            let lines = code(&path);
            for (index, (number, line)) in lines.iter().enumerate() {
                if line.contains("select!") && !line.contains("biased") {
                    let next = lines
                        .get(index + 1)
                        .map(|(_, line)| line.trim())
                        .unwrap_or("");
                    assert_eq!(next, "biased;", "{}:{number}", path.display());
                }
            }
        }
    }
}

#[test]
fn no_file_is_longer_than_800_lines() {
    for folder in LIBRARIES {
        for path in rust_files(folder) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines <= 800, "{} has {lines} lines", path.display());
        }
    }
}

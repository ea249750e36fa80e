//! The calls reach what they are for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nova_core::repository::Store;
use nova_core::repository::memory::MemoryStore;

use super::calls;
use super::runner::{sequence, timed};

/// The texts of the Rust files in a folder of the crate.
fn sources(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    let sources = paths.filter(|path| path.extension().is_some_and(|end| end == "rs"));
    sources
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn every_method_of_every_repository_is_called() {
    let traits = sources("src/repository");
    let methods: BTreeSet<&str> = traits
        .iter()
        .filter(|text| text.contains("pub trait") && !text.contains("pub trait StoreBackend"))
        .flat_map(|text| text.lines())
        .filter_map(|line| line.trim().strip_prefix("async fn "))
        .filter_map(|line| line.split_once('(').map(|(name, _)| name))
        .collect();
    assert!(methods.len() > 90, "{methods:?}");
    let calls = sources("tests/it/stores/agreement").concat();
    let missing: Vec<_> = methods
        .into_iter()
        .filter(|method| !calls.contains(&format!(".{method}(")))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// Every call succeeds now and then, and every kind of error that a store gives is met.
#[tokio::test]
async fn calls_succeed_and_fail_in_every_way() {
    let mut answers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for seed in 0..256 {
        let calls = sequence(seed);
        let store = Store::new(MemoryStore::new());
        for (call, now) in timed(&calls) {
            let answer = calls::answer(&store, call, now).await;
            let call = first_word(&format!("{call:?}"));
            answers.entry(call).or_default().insert(kind(&answer));
        }
    }
    let never: Vec<_> = answers
        .iter()
        .filter(|(_, kinds)| !kinds.contains("Ok"))
        .collect();
    assert!(never.is_empty(), "{never:?}");
    let kinds: BTreeSet<_> = answers.into_values().flatten().collect();
    let all = [
        "AlreadyExists",
        "InUse",
        "Invalid",
        "LimitExceeded",
        "NoCapacity",
        "NotFound",
        "Ok",
        "QuotaExceeded",
        "Stale",
    ];
    assert_eq!(kinds, all.map(str::to_owned).into());
}

/// The group and the kind of a call, or the kind of an error.
fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
        .collect()
}

/// `Ok`, or the kind of error.
fn kind(answer: &str) -> String {
    match answer.strip_prefix("Err(") {
        Some(error) => first_word(error),
        None => "Ok".to_owned(),
    }
}

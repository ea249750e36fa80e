//! What flavors and images ask for, recorded from Nova 34.0.0 by `record.py`, which lies next to
//! this file.
//!
//! `NOVA_FLAVORS_RECORDED` names another file of the kind to run instead, compressed or not.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::model::ImageProperties;
use nova_core::units::Mebibytes;
use nova_sched::numa::{NumaFlavorError, NumaRequest};
use serde::Deserialize;

use super::recorded::lines;

#[derive(Debug, Deserialize)]
struct Case {
    vcpus: u32,
    memory_mb: u64,
    extra_specs: BTreeMap<String, String>,
    image: ImageProperties,
    request: Option<NumaRequest>,
    /// Nova's exception.
    error: Option<String>,
}

impl Case {
    fn made(&self) -> Result<Option<NumaRequest>, NumaFlavorError> {
        let memory = Mebibytes::new(self.memory_mb);
        NumaRequest::from_flavor(&self.extra_specs, self.vcpus, memory, &self.image)
    }
}

#[test]
fn every_recorded_flavor_and_image_make_the_same_request() {
    let text = lines("NOVA_FLAVORS_RECORDED", include_bytes!("flavors.jsonl.gz"));
    let mut outcomes = BTreeMap::<_, u32>::new();
    let mut errors = BTreeSet::new();
    for line in text.lines() {
        let case: Case = serde_json::from_str(line).unwrap();
        let made = case.made();
        match &case.error {
            None => assert_eq!(made.as_ref(), Ok(&case.request), "{case:#?}"),
            Some(error) => {
                assert!(made.is_err(), "{error}: {made:?} of {case:#?}");
                errors.insert(error.clone());
            }
        }
        *outcomes
            .entry(made.map_or("error", |made| made.map_or("none", |_| "cells")))
            .or_default() += 1;
    }
    println!("{outcomes:?}, {} kinds of errors", errors.len());
    assert!(errors.len() >= 15, "{errors:?}");
    assert!(
        outcomes.len() == 3 && outcomes.values().all(|count| *count >= 20),
        "{outcomes:?}"
    );
}

//! Random fits, recorded from Nova 34.0.0 by `record.py`, which lies next to this file.
//!
//! `NOVA_NUMA_RECORDED` names another file of the kind to run instead, compressed or not.

use std::collections::BTreeMap;
use std::io::Read;

use nova_core::model::ImageProperties;
use nova_core::units::Mebibytes;
use nova_sched::numa::{
    CellOrder, FitOptions, LeakingSearch, NetworkMetadata, NumaError, NumaLimits, NumaPlacement,
    NumaRequest, NumaTopology, PciFit,
};
use nova_sched::pci::{PciPools, PciRequest, PciScope, ProviderMapping};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Case {
    host: NumaTopology,
    flavor: Flavor,
    request: NumaRequest,
    limits: Option<(f64, f64)>,
    network: Option<NetworkMetadata>,
    pools: PciPools,
    pci: Vec<PciRequest>,
    mappings: Vec<ProviderMapping>,
    pack: bool,
    /// What Nova's search found for each mapping, one after the other.
    nova: Vec<Option<NumaPlacement>>,
    /// What its parts find if no attempt leaves traces.
    clean: Vec<Option<NumaPlacement>>,
    /// Whether the devices can be had anywhere on the host.
    support: Vec<bool>,
    /// The host once it has the server, of the last of `clean`; or why it cannot.
    after: Option<After>,
    pools_after: Option<PciPools>,
}

#[derive(Debug, Deserialize)]
struct Flavor {
    vcpus: u32,
    memory_mb: u64,
    extra_specs: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum After {
    Host(NumaTopology),
    Failure(String),
}

/// The text of a recording, or of the file that a variable names in its place.
pub fn lines(variable: &str, recording: &[u8]) -> String {
    let bytes = match std::env::var_os(variable) {
        Some(path) => std::fs::read(path).unwrap(),
        None => recording.to_vec(),
    };
    let mut text = String::new();
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => flate2::read::GzDecoder::new(&*bytes).read_to_string(&mut text),
        false => (&*bytes).read_to_string(&mut text),
    }
    .unwrap();
    text
}

fn cases() -> Vec<Case> {
    let text = lines("NOVA_NUMA_RECORDED", include_bytes!("recorded.jsonl.gz"));
    let cases = text.lines().map(|line| serde_json::from_str(line).unwrap());
    cases.collect()
}

impl Case {
    fn options<'a>(&'a self, mapping: &'a ProviderMapping) -> FitOptions<'a> {
        let pci = PciFit::new(&self.pools, &self.pci).with_mapping(mapping);
        let mut options = FitOptions::default()
            .with_pci(pci)
            .with_order(match self.pack {
                true => CellOrder::Pack,
                false => CellOrder::Spread,
            });
        options.limits = self.limits.map(|(cpus, ram)| NumaLimits::new(cpus, ram));
        options.network = self.network.as_ref();
        options
    }
}

#[test]
fn every_recorded_fit_is_found_again() {
    let cases = cases();
    let (mut fits, mut leaks) = (0, 0);
    for (number, case) in cases.iter().enumerate() {
        let mut leaking = LeakingSearch::new(&case.request);
        let answers = case.mappings.iter().zip(&case.nova).zip(&case.clean);
        for ((mapping, nova), clean) in answers {
            let options = case.options(mapping);
            let found = case.host.fit(&case.request, &options);
            assert_eq!(
                found.as_ref().ok(),
                clean.as_ref(),
                "{number}: {found:?}\n{case:#?}"
            );
            let found = leaking.fit(&case.host, &options);
            assert_eq!(
                found.as_ref().ok(),
                nova.as_ref(),
                "{number}: {found:?}\n{case:#?}"
            );
            fits += usize::from(clean.is_some());
            leaks += usize::from(clean != nova);
        }
    }
    assert!(cases.len() >= 100, "{} cases", cases.len());
    println!(
        "{} cases, {fits} fits, {leaks} of them otherwise in Nova",
        cases.len()
    );
    assert!(fits * 5 > cases.len(), "{fits} of {} fit", cases.len());
}

#[test]
fn every_recorded_flavor_makes_the_same_request() {
    for case in cases() {
        let (image, flavor) = (ImageProperties::default(), &case.flavor);
        let memory = Mebibytes::new(flavor.memory_mb);
        let made = NumaRequest::from_flavor(&flavor.extra_specs, flavor.vcpus, memory, &image);
        assert_eq!(made, Ok(Some(case.request)), "{flavor:?}");
    }
}

#[test]
fn every_recorded_claim_is_the_same_and_is_given_back() {
    for case in cases() {
        let (Some(mapping), Some(Some(placement))) = (case.mappings.last(), case.clean.last())
        else {
            continue;
        };
        let claimed = case.host.claim(placement);
        match case.after.as_ref().unwrap() {
            After::Host(after) => assert_eq!(claimed.as_ref(), Ok(after), "{case:#?}"),
            // Nova looks for the smallest pages of a host that has none.
            After::Failure(why) if why == "no pages" => assert!(claimed.is_ok()),
            After::Failure(why) => {
                assert_eq!(why, "CPUPinningInvalid");
                assert!(
                    matches!(claimed, Err(NumaError::TakenCpus { .. })),
                    "{case:#?}"
                );
            }
        }
        if let Ok(claimed) = claimed {
            assert_eq!(claimed.release(placement).unwrap(), case.host);
        }
        if let Some(after) = &case.pools_after {
            let cells = placement.cell_ids();
            let scope = PciScope::default()
                .with_mapping(mapping)
                .with_cells(&case.host, &cells);
            let (left, assignment) = case.pools.apply(&case.pci, &scope).unwrap();
            assert_eq!(&left, after, "{case:#?}");
            assert_eq!(left.release(&assignment).unwrap(), case.pools);
        }
    }
}

#[test]
fn devices_of_the_whole_host_are_had_or_not_as_recorded() {
    for case in cases() {
        for (mapping, support) in case.mappings.iter().zip(&case.support) {
            let found = case
                .pools
                .support(&case.pci, &PciScope::default().with_mapping(mapping));
            assert_eq!(found.is_ok(), *support, "{found:?}\n{case:#?}");
        }
    }
}

//! What a placement takes is there, and comes back.

use nova_core::model::{CpuPolicy, CpuThreadPolicy};
use nova_sched::numa::{
    CpuSet, EmulatorThreadsPolicy, FitOptions, MemoryPages, NumaCell, NumaError, NumaLimits,
    NumaPlacement, NumaRequest, NumaTopology, PageSize, RequestCell,
};
use nova_sched::pci::{PciPool, PciPools, PciRequest, PciScope, PciSpec};
use proptest::prelude::*;

/// Two cells of four cores of two threads and 8 GiB, half of it in pages of 2 MiB.
fn host() -> NumaTopology {
    let cell = |id: u16| {
        let cpus = || id * 8..id * 8 + 8;
        NumaCell::new(id.into(), 8192)
            .with_cpuset(cpus().collect())
            .with_pcpuset(cpus().collect())
            .with_siblings((0..4).map(|core| CpuSet::from_iter([id * 8 + core, id * 8 + core + 4])))
            .with_mempages([MemoryPages::new(4, 1 << 20), MemoryPages::new(2048, 2048)])
    };
    NumaTopology::new([cell(0), cell(1)]).unwrap()
}

fn requests() -> impl Strategy<Value = NumaRequest> {
    let policy = prop_oneof![
        Just(None),
        Just(Some(CpuPolicy::Dedicated)),
        Just(Some(CpuPolicy::Mixed))
    ];
    let threads = prop::option::of(prop::sample::select(CpuThreadPolicy::ALL.to_vec()));
    let size = prop::option::of(prop_oneof![
        Just(PageSize::Small),
        Just(PageSize::Large),
        Just(PageSize::Any),
        Just(PageSize::Kib(2048))
    ]);
    let cell = (1_u16..4, 1_u64..5);
    let cells = prop::collection::vec(cell, 1..3);
    let emulator = prop::option::of(Just(EmulatorThreadsPolicy::Isolate));
    (policy, threads, size, cells, emulator).prop_map(|(policy, threads, size, cells, emulator)| {
        let cells = (0..).zip(cells).map(|(id, (cpus, memory))| {
            let own = match policy {
                Some(CpuPolicy::Dedicated) => cpus,
                Some(_) => cpus / 2,
                None => 0,
            };
            let mut cell = RequestCell::new(id, memory * 512);
            cell.pcpuset = CpuSet::below(own);
            cell.cpuset = (own..cpus).collect();
            cell.pagesize = size;
            cell.cpu_policy = policy;
            cell.cpu_thread_policy = threads.filter(|_| policy.is_some());
            cell
        });
        NumaRequest::new(cells, emulator.filter(|_| policy.is_some())).unwrap()
    })
}

/// Nothing is lent out more than it may be.
fn check(host: &NumaTopology, placements: &[NumaPlacement]) {
    for cell in host.cells() {
        assert!(cell.pinned_cpus().is_subset(cell.pcpuset()));
        assert!(cell.cpu_usage() <= 16);
        // The smallest pages are lent out more than once to those who do not ask for a size.
        for pages in cell.mempages().iter().filter(|pages| pages.size_kb > 4) {
            assert!(pages.used <= pages.total, "{pages:?}");
        }
        let placed = || placements.iter().flat_map(|placement| placement.cells());
        let here = || placed().filter(|placed| placed.id() == cell.id());
        let own: usize = here().map(|placed| placed.pinned_cpus().len()).sum();
        assert!(own <= cell.pinned_cpus().len());
        let memory: u64 = here().map(|placed| placed.memory()).sum();
        assert_eq!(cell.memory_usage(), memory);
    }
}

proptest! {
    #[test]
    fn servers_come_and_go_in_any_order(
        requests in prop::collection::vec(requests(), 1..20),
        leaving: u64,
    ) {
        let options = FitOptions::default().with_limits(NumaLimits::new(2.0, 1.0));
        let (mut now, mut placements) = (host(), Vec::new());
        for (place, request) in requests.iter().enumerate() {
            if let Ok(placement) = now.fit(request, &options)
                // Nova's emulator threads may be given a core of which a thread is taken.
                && let Ok(claimed) = now.claim(&placement)
            {
                prop_assert_eq!(&claimed.release(&placement).unwrap(), &now);
                now = claimed;
                placements.push(placement);
            }
            if leaving >> place & 1 == 1 && let Some(gone) = placements.pop() {
                now = now.release(&gone).unwrap();
            }
            check(&now, &placements);
        }
        let turned = placements.len() / 2;
        placements.rotate_left(turned);
        for placement in placements {
            let json = serde_json::to_string(&placement).unwrap();
            prop_assert_eq!(&serde_json::from_str::<NumaPlacement>(&json).unwrap(), &placement);
            now = now.release(&placement).unwrap();
        }
        prop_assert_eq!(now, host());
    }

    #[test]
    fn devices_come_and_go_in_any_order(
        counts in prop::collection::vec((1_u32..4, 0_usize..3), 1..4),
        wanted in prop::collection::vec((1_u32..3, 0_usize..3), 1..12),
    ) {
        let product = |kind: usize| ["1520", "1521", "1522"][kind];
        let all = PciPools::new(counts.iter().map(|(count, kind)| {
            PciPool::new("8086", product(*kind), *count).with_tag("rack", format!("{count}"))
        }));
        let (mut now, mut taken) = (all.clone(), Vec::new());
        for (count, kind) in wanted {
            let request = PciRequest::new(count, [PciSpec::of("8086", product(kind))]);
            let before = now.free();
            if let Ok((left, assignment)) = now.apply(&[request], &PciScope::default()) {
                prop_assert_eq!(left.free() + u64::from(count), before);
                prop_assert_eq!(&left.release(&assignment).unwrap(), &now);
                (now, _) = (left, taken.push(assignment));
            }
        }
        let turned = taken.len() / 2;
        taken.rotate_left(turned);
        for assignment in taken {
            now = now.release(&assignment).unwrap();
        }
        prop_assert_eq!(now, all);
    }
}

#[test]
fn a_claim_for_another_host_changes_nothing() {
    let host = host();
    let request = NumaRequest::dedicated([(CpuSet::below(2), 1024)]).unwrap();
    let placement = host.fit(&request, &FitOptions::default()).unwrap();
    let claimed = host.claim(&placement).unwrap();
    assert_eq!(
        claimed.claim(&placement),
        Err(NumaError::TakenCpus {
            cell: 0,
            cpus: "0,4".parse().unwrap()
        })
    );
    assert_eq!(
        host.release(&placement),
        Err(NumaError::FreeCpus {
            cell: 0,
            cpus: "0,4".parse().unwrap()
        })
    );
    let other = NumaTopology::new([NumaCell::new(0, 8192).with_pcpuset("4-7".parse().unwrap())]);
    assert_eq!(
        other.unwrap().claim(&placement),
        Err(NumaError::UnknownCpus {
            cell: 0,
            cpus: "0".parse().unwrap()
        })
    );
    let other = NumaTopology::new([NumaCell::new(7, 8192)]).unwrap();
    assert_eq!(
        other.claim(&placement),
        Err(NumaError::UnknownCell { cell: 0 })
    );
}

#[test]
fn topologies_and_requests_that_cannot_be_are_refused() {
    let cell = |id| NumaCell::new(id, 1024);
    let siblings = |text: &[&str]| {
        let cores: Vec<CpuSet> = text.iter().map(|core| core.parse().unwrap()).collect();
        cell(3).with_siblings(cores)
    };
    for (cells, error) in [
        (vec![], "0 NUMA cells are not between 1 and 64"),
        (
            (0..65).map(cell).collect(),
            "65 NUMA cells are not between 1 and 64",
        ),
        (vec![cell(1), cell(1)], "there are two NUMA cells 1"),
        (
            vec![NumaCell::new(2, u64::MAX)],
            "NUMA cell 2: 18446744073709551615 is no size of its memory in MiB",
        ),
        (
            vec![cell(0).with_mempages([MemoryPages::new(0, 5)])],
            "NUMA cell 0: 0 is no size of its pages in KiB",
        ),
        (
            vec![cell(0).with_mempages([MemoryPages::new(4, 5), MemoryPages::new(4, 6)])],
            "NUMA cell 0 has pages of 4 KiB twice",
        ),
        (
            vec![siblings(&["0-1", "1-2"])],
            "NUMA cell 3: CPU 1 is a thread of two cores",
        ),
    ] {
        let json = serde_json::json!({ "cells": cells });
        assert_eq!(NumaTopology::new(cells).unwrap_err().to_string(), error);
        let read = serde_json::from_value::<NumaTopology>(json).unwrap_err();
        assert_eq!(read.to_string(), error);
    }
    let mut pinned = RequestCell::new(1, 1);
    pinned.cpu_policy = Some(CpuPolicy::Dedicated);
    for (cells, error) in [
        (vec![], "0 NUMA cells are not between 1 and 128"),
        (
            vec![RequestCell::new(0, 1), pinned],
            "the NUMA cells of a request do not all have the same CPU policy",
        ),
        (
            vec![RequestCell::new(4, 1), RequestCell::new(4, 1)],
            "there are two NUMA cells 4",
        ),
        (
            vec![RequestCell::new(0, 1 << 41)],
            "NUMA cell 0: 2199023255552 is no size of its memory in MiB",
        ),
    ] {
        let json = serde_json::json!({ "cells": cells });
        assert_eq!(
            NumaRequest::new(cells, None).unwrap_err().to_string(),
            error
        );
        let read = serde_json::from_value::<NumaRequest>(json);
        assert!(read.is_err() || error.contains("policy"), "{read:?}");
    }
}

#[test]
fn hosts_of_one_model_share_what_they_have_in_common() {
    let (mut one, other) = (host(), host());
    let before = one.clone();
    one.share_with(&other);
    assert_eq!(one, before);
    let request = NumaRequest::shared([(CpuSet::below(2), 512)]).unwrap();
    let placement = one.fit(&request, &FitOptions::default()).unwrap();
    let claimed = one.claim(&placement).unwrap();
    assert_ne!(claimed, other);
    assert_eq!(claimed.cells()[0].cpuset(), other.cells()[0].cpuset());
}

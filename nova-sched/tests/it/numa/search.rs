//! The search for cells, where there are many of them or something else is short.

use nova_core::model::{CpuThreadPolicy, PciNumaAffinity};
use nova_sched::numa::{
    CellMisfit, CellOrder, CpuSet, FitOptions, LeakingSearch, MemoryPages, Misfit, NetworkMetadata,
    NumaCell, NumaLimits, NumaPlacement, NumaRequest, NumaTopology, PageSize, PciFit, RequestCell,
};
use nova_sched::pci::{PciPool, PciPools, PciRequest, PciShortage, PciSpec};

/// A host of cells of four cores of one thread, the last of which has eight.
fn host(cells: u16) -> NumaTopology {
    let cell = |id: u16| {
        let width = if id + 1 == cells { 8 } else { 4 };
        let cpus = || id * 8..id * 8 + width;
        NumaCell::new(id.into(), 8192)
            .with_cpuset(cpus().collect())
            .with_pcpuset(cpus().collect())
            .with_siblings(cpus().map(|cpu| CpuSet::from_iter([cpu])))
    };
    NumaTopology::new((0..cells).map(cell)).unwrap()
}

fn dedicated(cells: &[u16]) -> NumaRequest {
    NumaRequest::dedicated(cells.iter().map(|cpus| (CpuSet::below(*cpus), 1024))).unwrap()
}

fn ids(found: Result<NumaPlacement, Misfit>) -> Vec<u32> {
    found.unwrap().cell_ids()
}

#[test]
fn the_first_choice_that_does_is_taken() {
    let options = FitOptions::default();
    // As many cells as there are: in their own order, as far as it does.
    assert_eq!(
        ids(host(3).fit(&dedicated(&[4, 4, 4]), &options)),
        [0, 1, 2]
    );
    assert_eq!(
        ids(host(3).fit(&dedicated(&[8, 4, 4]), &options)),
        [2, 0, 1]
    );
    // The widest is the least used one.
    assert_eq!(ids(host(3).fit(&dedicated(&[2]), &options)), [2]);
    let packed = options.with_order(CellOrder::Pack);
    assert_eq!(ids(host(3).fit(&dedicated(&[2]), &packed)), [0]);
}

#[test]
fn many_cells_that_cannot_all_be_had_are_refused_soon() {
    let host = host(64);
    let mut wanted = vec![4; 62];
    wanted.extend([8, 8]);
    assert_eq!(
        host.fit(&dedicated(&wanted), &FitOptions::default()),
        Err(Misfit::NotTogether {
            wanted: 64,
            fitting: 63
        })
    );
    wanted.pop();
    let found = ids(host.fit(&dedicated(&wanted), &FitOptions::default()));
    assert_eq!(found.last(), Some(&63));
}

#[test]
fn a_search_that_does_not_end_is_given_up() {
    let host = host(40);
    let pools = PciPools::default();
    let request = [PciRequest::new(1, [PciSpec::of("8086", "1520")])];
    let options = FitOptions::default().with_pci(PciFit::new(&pools, &request));
    assert_eq!(
        host.fit(&dedicated(&[1; 20]), &options),
        Err(Misfit::TooManyChoices { tried: 16_384 })
    );
}

#[test]
fn what_was_short_is_said() {
    let options = FitOptions::default();
    let misfit = |host: &NumaTopology, request: &NumaRequest, options: &FitOptions<'_>| {
        let misfit = host.fit(request, options).unwrap_err();
        let leaking = LeakingSearch::new(request).fit(host, options);
        assert_eq!(leaking.unwrap_err(), misfit);
        let json = serde_json::to_string(&misfit).unwrap();
        assert_eq!(serde_json::from_str::<Misfit>(&json).unwrap(), misfit);
        misfit.to_string()
    };
    let host = host(2);
    assert_eq!(
        misfit(&host, &dedicated(&[1, 1, 1]), &options),
        "NUMA cells: wanted 3, has 2"
    );
    assert_eq!(
        misfit(&host, &dedicated(&[9]), &options),
        "NUMA cell 0 on the host's 1: dedicated CPUs: wanted 9, has 8"
    );
    assert_eq!(
        misfit(&host, &dedicated(&[8, 8]), &options),
        "NUMA cells: wanted 2, only 1 fit at the same time"
    );
    let mut cell = RequestCell::new(0, 1024);
    cell.pagesize = Some(PageSize::Large);
    let large = NumaRequest::new([cell.clone()], None).unwrap();
    assert_eq!(
        misfit(&host, &large, &options),
        "NUMA cell 0 on the host's 0: no pages of a large size make up 1048576 KiB"
    );
    let paged = NumaTopology::new([NumaCell::new(0, 8192).with_mempages([
        MemoryPages::new(4, 1 << 20),
        MemoryPages::new(2048, 512).with_reserved(12),
    ])])
    .unwrap();
    assert_eq!(
        misfit(&paged, &large, &options),
        "NUMA cell 0 on the host's 0: pages of a large size: wanted 1048576 KiB, free 1024000 KiB"
    );
    cell.pagesize = None;
    cell.cpuset = CpuSet::below(4);
    let shared = NumaRequest::new([cell], None).unwrap();
    let busy = NumaTopology::new([NumaCell::new(0, 8192)
        .with_cpuset(CpuSet::below(4))
        .with_usage(5, 4096)])
    .unwrap();
    assert_eq!(
        misfit(
            &busy,
            &shared,
            &options.with_limits(NumaLimits::new(2.0, 1.0))
        ),
        "NUMA cell 0 on the host's 0: shared CPUs: 9 would be in use, at most 8 may"
    );
    assert_eq!(
        misfit(
            &busy,
            &shared,
            &options.with_limits(NumaLimits::new(3.0, 0.5))
        ),
        "NUMA cell 0 on the host's 0: memory: 5120 MiB would be in use, at most 4096 MiB may"
    );
    assert!(busy.fit(&shared, &options).is_ok());
}

#[test]
fn threads_decide_where_they_are_asked_for() {
    // Cores 0 and 1 have a thread taken, core 2 is free.
    let host = NumaTopology::new([NumaCell::new(0, 8192)
        .with_cpuset(CpuSet::below(6))
        .with_pcpuset(CpuSet::below(6))
        .with_siblings(["0-1", "2-3", "4-5"].map(|core| core.parse().unwrap()))
        .with_pinned_cpus("0,2".parse().unwrap())])
    .unwrap();
    let found = |cpus: u16, policy| {
        let mut cell = dedicated(&[cpus]).cells()[0].clone();
        cell.cpu_thread_policy = policy;
        let request = NumaRequest::new([cell], None).unwrap();
        let found = host.fit(&request, &FitOptions::default());
        found.map(|placement| placement.cells()[0].pinned_cpus().to_string())
    };
    let cores = |wanted, usable| {
        Err(Misfit::Cell {
            cell: 0,
            host_cell: 0,
            misfit: CellMisfit::Cores { wanted, usable },
        })
    };
    assert_eq!(found(2, None), Ok("4-5".to_owned()));
    assert_eq!(found(4, None), Ok("1,3-5".to_owned()));
    assert_eq!(
        found(2, Some(CpuThreadPolicy::Require)),
        Ok("4-5".to_owned())
    );
    assert_eq!(found(3, Some(CpuThreadPolicy::Require)), cores(3, 2));
    assert_eq!(found(1, Some(CpuThreadPolicy::Isolate)), Ok("4".to_owned()));
    assert_eq!(found(2, Some(CpuThreadPolicy::Isolate)), cores(2, 1));
}

#[test]
fn devices_and_networks_decide_between_cells() {
    let near = |id: u16| {
        NumaCell::new(id.into(), 8192)
            .with_cpuset(CpuSet::below(4))
            .with_socket(u32::from(id) / 2)
            .with_network_metadata(NetworkMetadata::new([format!("physnet{id}")], id == 3))
    };
    let host = NumaTopology::new((0..4).map(near)).unwrap();
    let request = NumaRequest::shared([(CpuSet::below(1), 512)]).unwrap();
    let pools = PciPools::new([PciPool::new("8086", "1520", 1).with_numa_node(1)]);
    let device = |policy| {
        [PciRequest::new(1, [PciSpec::of("8086", "1520")])
            .with_alias("nic")
            .with_numa_policy(policy)]
    };
    // Devices go first: the cell next to them.
    let required = device(PciNumaAffinity::Required);
    let options = FitOptions::default().with_pci(PciFit::new(&pools, &required));
    assert_eq!(ids(host.fit(&request, &options)), [1]);
    // The network wants another cell, of the same socket.
    let zero = NetworkMetadata::new(["physnet0"], false);
    let misfit = host
        .fit(&request, &options.with_network(&zero))
        .unwrap_err();
    assert_eq!(
        misfit.to_string(),
        "no NUMA cell that fits is near the physical network physnet0"
    );
    let socket = device(PciNumaAffinity::Socket);
    let options = FitOptions::default().with_pci(PciFit::new(&pools, &socket));
    assert_eq!(ids(host.fit(&request, &options.with_network(&zero))), [0]);
    // Tunnels end in the other socket.
    let tunnels = NetworkMetadata::new(["elsewhere"], true);
    let misfit = host
        .fit(&request, &options.with_network(&tunnels))
        .unwrap_err();
    assert_eq!(misfit, Misfit::TunneledNetworks);
    // A host without devices.
    let none = PciPools::default();
    let options = FitOptions::default().with_pci(PciFit::new(&none, &socket));
    match host.fit(&request, &options).unwrap_err() {
        Misfit::Pci { misfit } => {
            assert_eq!((misfit.wanted, misfit.left), (1, 0));
            assert_eq!(misfit.shortage, PciShortage::Matching);
        }
        other => panic!("{other:?}"),
    }
    // Without a wish for devices, cells without any go first.
    let options = FitOptions::default().with_pci(PciFit::new(&pools, &[]));
    let busy = NumaTopology::new([near(1), near(2).with_usage(3, 7000)]).unwrap();
    assert_eq!(ids(busy.fit(&request, &options)), [2]);
}

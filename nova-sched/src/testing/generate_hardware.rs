//! NUMA cells and PCI devices, on hosts and in requests.

use nova_core::model::{CpuPolicy, CpuThreadPolicy};

use super::dice::Dice;
use super::request_builder::RequestBuilder;
use crate::fleet::HostState;
use crate::numa::{
    CpuSet, MemoryPages, NetworkMetadata, NumaCell, NumaRequest, NumaTopology, PageSize,
    RequestCell,
};
use crate::pci::{PciDeviceType, PciPool, PciPools, PciRequest, PciSpec};

const CPUS: u16 = 8;

/// What one host of three has of it.
pub(super) fn equip(host: &mut HostState, dice: &mut Dice) {
    if dice.one_in(3) {
        let cells: Vec<NumaCell> = (0..dice.of(&[1, 2, 2])).map(|id| cell(id, dice)).collect();
        host.numa_topology = NumaTopology::new(cells).ok();
    }
    if dice.one_in(3) {
        let node = dice.of(&[0, 1]);
        let count = dice.of(&[0, 1, 4]);
        host.pci_pools = PciPools::new([
            PciPool::new("10de", "2330", count).with_numa_node(node),
            PciPool::new("8086", "1515", 8)
                .with_dev_type(PciDeviceType::VirtualFunction)
                .with_tag("physical_network", "physnet1"),
        ]);
    }
}

fn cell(id: u16, dice: &mut Dice) -> NumaCell {
    let first = id * CPUS;
    let cpus = || (first..first + CPUS).collect::<CpuSet>();
    let pinned = (first..first + dice.of(&[0, 0, 3, CPUS])).collect();
    let cell = NumaCell::new(id.into(), 4096)
        .with_cpuset(cpus())
        .with_pcpuset(cpus())
        .with_pinned_cpus(pinned)
        .with_usage(dice.up_to(12), dice.of(&[0, 1024, 4000]))
        .with_mempages([
            MemoryPages::new(4, 1 << 19),
            MemoryPages::new(2048, 1024).with_used(dice.of(&[0, 512, 1024])),
        ])
        .with_socket(u32::from(id));
    let cell = match dice.one_in(2) {
        true => cell.with_network_metadata(NetworkMetadata::new(["physnet1"], id == 0)),
        false => cell,
    };
    if dice.one_in(3) {
        return cell;
    }
    let cores = (first..first + CPUS).step_by(2);
    cell.with_siblings(cores.map(|cpu| CpuSet::from_iter([cpu, cpu + 1])))
}

/// A wish for cells, for devices, or for both.
pub(super) fn ask(wish: RequestBuilder, dice: &mut Dice) -> RequestBuilder {
    let wish = match cells(dice) {
        Some(cells) if !dice.one_in(3) => wish.with(|request| request.with_numa(cells)),
        _ => wish,
    };
    let devices = match dice.up_to(3) {
        0 => PciRequest::new(1, [PciSpec::of("10de", "2330")]).with_alias("gpu"),
        1 => PciRequest::new(
            2,
            [PciSpec::of("10de", "2330"), PciSpec::of("8086", "1515")],
        ),
        2 => PciRequest::new(1, [PciSpec::of("8086", "154d")]),
        _ => return wish,
    };
    wish.with(|request| request.with_pci([devices]))
}

fn cells(dice: &mut Dice) -> Option<NumaRequest> {
    let (cpus, memory) = (dice.of(&[1, 2, 4, 9]), dice.of(&[512, 1024, 4096]));
    let dedicated = dice.one_in(2);
    let (pages, threads) = (dice.up_to(3), dice.up_to(3));
    let request = (0..dice.of(&[1, 1, 2])).map(|id: u16| {
        let own = (id * cpus..id * cpus + cpus).collect();
        let mut cell = RequestCell::new(id.into(), memory);
        if dedicated {
            cell.pcpuset = own;
            cell.cpu_policy = Some(CpuPolicy::Dedicated);
            cell.cpu_thread_policy = match threads {
                0 => Some(CpuThreadPolicy::Isolate),
                1 => Some(CpuThreadPolicy::Require),
                _ => None,
            };
        } else {
            cell.cpuset = own;
        }
        cell.pagesize = match pages {
            0 => Some(PageSize::Large),
            1 => Some(PageSize::Any),
            _ => None,
        };
        cell
    });
    NumaRequest::new(request, None).ok()
}

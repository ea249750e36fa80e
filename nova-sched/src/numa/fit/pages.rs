//! Whether a cell's memory does.

use crate::numa::{CellMisfit, MemoryPages, NumaCell, PageSize, RequestCell};

/// Whether so much memory fits into the pages exactly: into those that are left, or into all.
fn holds(pages: &MemoryPages, memory_kib: u64, only_free: bool) -> bool {
    let wanted = u128::from(memory_kib / pages.size_kb.max(1));
    let gone = match only_free {
        true => u128::from(pages.used) + u128::from(pages.reserved),
        false => 0,
    };
    memory_kib.is_multiple_of(pages.size_kb.max(1)) && gone + wanted <= u128::from(pages.total)
}

/// The size of the pages that the cell gets, if the request says anything of it.
///
/// Memory in chosen pages is never lent out twice. Without a choice it is, unless the server has
/// CPUs of its own; but one server must fit even if it were alone.
pub(super) fn choose(
    host: &NumaCell,
    cell: &RequestCell,
    size: Option<PageSize>,
) -> Result<Option<PageSize>, CellMisfit> {
    let memory_kib = cell.memory.saturating_mul(1024);
    let Some(wanted) = size else {
        return check_unsized(host, cell, memory_kib).map(|()| None);
    };
    let smallest = host.smallest_page();
    let eligible = |pages: &&MemoryPages| match wanted {
        PageSize::Small => Some(pages.size_kb) == smallest,
        PageSize::Large => Some(pages.size_kb) != smallest,
        PageSize::Any => true,
        PageSize::Kib(size) => pages.size_kb == size,
    };
    let eligible = || host.mempages().iter().filter(eligible);
    let chosen = eligible()
        .filter(|pages| holds(pages, memory_kib, true))
        .map(|pages| pages.size_kb)
        .max();
    if let Some(size) = chosen {
        return Ok(Some(PageSize::Kib(size)));
    }
    let exact = eligible().filter(|pages| memory_kib.is_multiple_of(pages.size_kb.max(1)));
    Err(match exact.map(MemoryPages::free_kib).max() {
        None => CellMisfit::PageSize {
            wanted,
            wanted_kib: memory_kib,
        },
        Some(free_kib) => CellMisfit::Pages {
            wanted,
            wanted_kib: memory_kib,
            free_kib,
        },
    })
}

fn check_unsized(host: &NumaCell, cell: &RequestCell, memory_kib: u64) -> Result<(), CellMisfit> {
    let only_free = cell.is_pinned();
    let smallest = host.mempages().iter().min_by_key(|pages| pages.size_kb);
    let (fits, free) = match smallest {
        Some(pages) => {
            let kib = match only_free {
                true => pages.free_kib(),
                false => pages.total_kib(),
            };
            (holds(pages, memory_kib, only_free), kib / 1024)
        }
        None => {
            let free = match only_free {
                true => host.free_memory(),
                false => crate::numa::cell::signed(host.memory()),
            };
            let fits = free >= crate::numa::cell::signed(cell.memory);
            (fits, u64::try_from(free).unwrap_or(0))
        }
    };
    match fits {
        true => Ok(()),
        false => Err(CellMisfit::Memory {
            wanted: cell.memory,
            free,
        }),
    }
}

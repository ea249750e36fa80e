//! Which CPUs of a cell a server gets for its own.

use nova_core::model::CpuThreadPolicy;

use crate::numa::{CellMisfit, CpuSet, NumaCell, RequestCell};

/// The host's CPUs of a server's dedicated ones, in order, and of its emulator threads.
#[derive(Debug, Clone, Default)]
pub(super) struct Pinning {
    pub(super) cpus: Vec<u16>,
    pub(super) reserved: CpuSet,
}

/// What is left of each core of a cell, without those of which nothing is.
struct Cores {
    cpus: Vec<u16>,
    ends: Vec<usize>,
}

impl Cores {
    fn free(host: &NumaCell, free: &CpuSet) -> Self {
        let (mut cpus, mut ends) = (Vec::with_capacity(free.len()), Vec::new());
        for core in host.siblings() {
            let before = cpus.len();
            cpus.extend(core.iter_common(free));
            if cpus.len() > before {
                ends.push(cpus.len());
            }
        }
        Self { cpus, ends }
    }

    fn iter(&self) -> impl Iterator<Item = &[u16]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .filter_map(|(start, end)| self.cpus.get(start..*end))
    }

    /// The most threads that one of them has left.
    fn most_threads(&self) -> usize {
        self.iter().map(<[u16]>::len).max().unwrap_or(0)
    }

    /// How many CPUs there are if so many are taken of each that has them.
    fn usable(&self, threads: usize) -> usize {
        threads * self.iter().filter(|core| core.len() >= threads).count()
    }

    /// The first CPUs, so many of each core that has them; `None` if they are too few.
    fn take(&self, threads: usize, wanted: usize) -> Option<Vec<u16>> {
        (self.usable(threads) >= wanted).then(|| {
            self.iter()
                .filter(|core| core.len() >= threads)
                .flat_map(|core| core.iter().copied().take(threads))
                .take(wanted)
                .collect()
        })
    }
}

/// Finds CPUs for a server that has some for its own, and for its emulator threads.
///
/// Without the policy `isolate` it takes as many threads of each core as it can get, which leaves
/// siblings to one server; where that does not do and siblings are not required, it takes what
/// there is.
pub(super) fn pack(
    host: &NumaCell,
    cell: &RequestCell,
    free: &CpuSet,
    reserved: usize,
) -> Result<Pinning, CellMisfit> {
    let cores = Cores::free(host, free);
    let wanted = cell.pcpuset.len();
    let policy = cell.cpu_thread_policy;
    if policy == Some(CpuThreadPolicy::Isolate) {
        return isolate(host, &cores, wanted, reserved);
    }
    let require = policy == Some(CpuThreadPolicy::Require);
    if require && !host.has_threads() {
        return Err(CellMisfit::NoThreads);
    }
    if !require && wanted == 0 && reserved == 0 {
        return Ok(Pinning::default());
    }
    let least = if require { 2 } else { 1 };
    let mut misfit = CellMisfit::Cores { wanted, usable: 0 };
    for threads in (least..=cores.most_threads()).rev() {
        let Some(cpus) = cores.take(threads, wanted) else {
            continue;
        };
        match reserve(&cores, &cpus, reserved, false) {
            Some(reserved) => return Ok(Pinning { cpus, reserved }),
            None => misfit = CellMisfit::EmulatorThreads,
        }
    }
    if matches!(misfit, CellMisfit::EmulatorThreads) {
        return Err(misfit);
    }
    if require {
        let usable = (least..=cores.most_threads()).map(|threads| cores.usable(threads));
        return Err(CellMisfit::Cores {
            wanted,
            usable: usable.max().unwrap_or(0),
        });
    }
    let cpus = cores.cpus.get(..wanted).ok_or(CellMisfit::Cores {
        wanted,
        usable: cores.cpus.len(),
    })?;
    match reserve(&cores, cpus, reserved, false) {
        Some(reserved) => Ok(Pinning {
            cpus: cpus.to_vec(),
            reserved,
        }),
        None => Err(CellMisfit::EmulatorThreads),
    }
}

/// One thread of each core of which none is taken. The host's siblings are then taken, too, which
/// only a host that shares and dedicates the same CPUs can do (Nova's bug 1889633).
fn isolate(
    host: &NumaCell,
    cores: &Cores,
    wanted: usize,
    reserved: usize,
) -> Result<Pinning, CellMisfit> {
    let threads_per_core = host.threads_per_core();
    let whole: Vec<u16> = cores
        .iter()
        .filter(|core| core.len() >= threads_per_core)
        .filter_map(|core| core.first().copied())
        .collect();
    if !whole.is_empty() && threads_per_core > 1 && host.pcpuset() != host.cpuset() {
        return Err(CellMisfit::Threads { threads_per_core });
    }
    let cpus = match whole.get(..wanted) {
        Some(cpus) if wanted > 0 => cpus.to_vec(),
        _ => {
            return Err(CellMisfit::Cores {
                wanted,
                usable: whole.len(),
            });
        }
    };
    match reserve(cores, &cpus, reserved, true) {
        Some(reserved) => Ok(Pinning { cpus, reserved }),
        None => Err(CellMisfit::EmulatorThreads),
    }
}

/// The first CPUs besides those that are taken, or besides their whole cores. `None` if one is
/// wanted and there is none, or nothing is taken at all.
fn reserve(cores: &Cores, taken: &[u16], wanted: usize, whole_cores: bool) -> Option<CpuSet> {
    if wanted == 0 {
        return Some(CpuSet::new());
    }
    if taken.is_empty() {
        return None;
    }
    let taken: CpuSet = taken.iter().copied().collect();
    let left: CpuSet = cores
        .iter()
        .filter(|core| !whole_cores || !core.iter().any(|cpu| taken.contains(*cpu)))
        .flatten()
        .copied()
        .filter(|cpu| !taken.contains(*cpu))
        .take(wanted)
        .collect();
    (!left.is_empty()).then_some(left)
}

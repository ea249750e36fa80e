//! The cells of a request.

use std::collections::BTreeMap;

use nova_core::model::ImageProperties;
use nova_core::units::Mebibytes;

use super::super::{CpuSet, NumaRequest, RequestCell};
use super::policies::{self, Policies};
use super::source::{Source, malformed};
use super::{NumaFlavorError, masks, pages};

impl NumaRequest {
    /// The cells that a flavor and an image ask for (Nova's `numa_get_constraints`); `None` if
    /// they ask for none. Cells are asked for by their number, by pinned CPUs, by a size of
    /// pages, and by persistent memory (`hw:pmem`).
    ///
    /// The extra specs are `hw:numa_nodes`, `hw:numa_cpus.N`, `hw:numa_mem.N`, `hw:cpu_policy`,
    /// `hw:cpu_thread_policy`, `hw:cpu_dedicated_mask`, `hw:cpu_realtime`,
    /// `hw:cpu_realtime_mask`, `hw:mem_page_size`, `hw:emulator_threads_policy`,
    /// `hw:locked_memory`, `resources:VCPU`, `resources:PCPU` and
    /// `trait:HW_CPU_HYPERTHREADING` (of several traits the first key counts); most have a property of the image for their kind. An image
    /// may not take more than the flavor gives.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    ///
    /// use nova_core::model::ImageProperties;
    /// use nova_core::units::Mebibytes;
    /// use nova_sched::numa::{NumaRequest, PageSize};
    ///
    /// let specs = BTreeMap::from([
    ///     ("hw:numa_nodes".to_owned(), "2".to_owned()),
    ///     ("hw:mem_page_size".to_owned(), "2MB".to_owned()),
    /// ]);
    /// let image = ImageProperties::default();
    /// let request = NumaRequest::from_flavor(&specs, 4, Mebibytes::new(4096), &image)?
    ///     .expect("cells are asked for");
    /// assert_eq!(request.cells().len(), 2);
    /// assert_eq!(request.cells()[1].cpuset.to_string(), "2-3");
    /// assert_eq!(request.cells()[1].memory, 2048);
    /// assert_eq!(request.cells()[1].pagesize, Some(PageSize::Kib(2048)));
    /// # Ok::<(), nova_sched::numa::NumaFlavorError>(())
    /// ```
    ///
    /// # Errors
    /// [`NumaFlavorError`], where Nova refuses to build the server: if a value cannot be read, or
    /// if two of them contradict each other.
    pub fn from_flavor(
        extra_specs: &BTreeMap<String, String>,
        vcpus: u32,
        memory: Mebibytes,
        image: &ImageProperties,
    ) -> Result<Option<Self>, NumaFlavorError> {
        let source = &Source {
            extra_specs,
            vcpus: u16::try_from(vcpus).map_err(|_| NumaFlavorError::TooManyCpus { vcpus })?,
            memory: memory.get(),
            image,
        };
        let policies = Policies::read(source)?;
        let pcpus = masks::dedicated(source, &policies)?;
        let nodes = policies::nodes(source)?;
        let page_size = pages::page_size(source)?;
        policies::check_locked_memory(source)?;
        let pmem = source.spec("hw:pmem").unwrap_or_default();
        let pmem = pmem.split(',').any(|label| !label.trim().is_empty());
        if nodes.is_none() && page_size.is_none() && !pmem && !policies.is_pinned() {
            return Ok(None);
        }
        let cells = split(source, nodes.unwrap_or(1))?;
        let cells = (0..).zip(cells).map(|(id, (cpus, memory))| RequestCell {
            cpuset: cpus.difference(&pcpus),
            pcpuset: cpus.intersection(&pcpus),
            pagesize: page_size,
            cpu_policy: policies.cpu,
            cpu_thread_policy: policies.threads,
            ..RequestCell::new(id, memory)
        });
        Ok(Some(Self::new(cells, policies.emulator)?))
    }
}

type Cell = (CpuSet, u64);

/// Deals out processors and memory: as the flavor or the image says, or else evenly.
fn split(source: &Source<'_>, nodes: u64) -> Result<Vec<Cell>, NumaFlavorError> {
    let cpu_lists = cpu_lists(source)?;
    let memory_sizes = memory_sizes(source)?;
    if cpu_lists.is_empty() && memory_sizes.is_empty() {
        return split_evenly(source, nodes);
    }
    let complete = |count: usize| u64::try_from(count) == Ok(nodes);
    if !complete(cpu_lists.len()) || !complete(memory_sizes.len()) {
        return Err(NumaFlavorError::Incomplete {
            nodes,
            cpu_lists: cpu_lists.len(),
            memory_sizes: memory_sizes.len(),
        });
    }
    let vcpus = u32::from(source.vcpus);
    let mut left = CpuSet::below(source.vcpus);
    for cpus in &cpu_lists {
        let foreign = cpus.difference(&left).iter().next();
        match foreign {
            Some(cpu) if cpu >= source.vcpus => {
                return Err(NumaFlavorError::CpuOutOfRange { cpu, vcpus });
            }
            Some(cpu) => return Err(NumaFlavorError::CpuTwice { cpu }),
            None => left = left.difference(cpus),
        }
    }
    if !left.is_empty() {
        return Err(NumaFlavorError::CpusUnassigned { cpus: left });
    }
    let sum = memory_sizes
        .iter()
        .fold(0, |sum: u64, size| sum.saturating_add(*size));
    if sum != source.memory {
        return Err(NumaFlavorError::MemorySum {
            sum,
            memory: source.memory,
        });
    }
    Ok(cpu_lists.into_iter().zip(memory_sizes).collect())
}

fn split_evenly(source: &Source<'_>, nodes: u64) -> Result<Vec<Cell>, NumaFlavorError> {
    let asymmetric = || NumaFlavorError::Asymmetric {
        nodes,
        vcpus: source.vcpus.into(),
        memory: source.memory,
    };
    // More cells than processors are not even.
    let count = u16::try_from(nodes).map_err(|_| asymmetric())?;
    if !source.vcpus.is_multiple_of(count) || !source.memory.is_multiple_of(nodes) {
        return Err(asymmetric());
    }
    let (share, memory) = (source.vcpus / count, source.memory / nodes);
    Ok((0..count)
        .map(|node| ((node * share..(node + 1) * share).collect(), memory))
        .collect())
}

fn cpu_lists(source: &Source<'_>) -> Result<Vec<CpuSet>, NumaFlavorError> {
    let read = |(key, value): (String, &str)| {
        let invalid = |_| malformed(&key, value, "is no set of processors");
        value.parse::<CpuSet>().map_err(invalid)
    };
    let flavor: Vec<CpuSet> = source
        .numbered("hw:numa_cpus")
        .map(read)
        .collect::<Result<_, _>>()?;
    let image: Vec<CpuSet> = (0..)
        .map_while(|node| source.image.numa_cpus(node))
        .map(|cpus| {
            cpus.into_iter()
                .filter_map(|cpu| u16::try_from(cpu).ok())
                .collect()
        })
        .collect();
    either(flavor, image, "hw_numa_cpus")
}

fn memory_sizes(source: &Source<'_>) -> Result<Vec<u64>, NumaFlavorError> {
    let read = |(key, value): (String, &str)| {
        let invalid = |_| malformed(&key, value, "is no size in MiB");
        value.trim().parse::<u64>().map_err(invalid)
    };
    let flavor: Vec<u64> = source
        .numbered("hw:numa_mem")
        .map(read)
        .collect::<Result<_, _>>()?;
    let image: Vec<u64> = (0..)
        .map_while(|node| source.image.numa_memory(node))
        .map(Mebibytes::get)
        .collect();
    either(flavor, image, "hw_numa_mem")
}

/// What the flavor says, or else the image; but not both.
fn either<T>(
    flavor: Vec<T>,
    image: Vec<T>,
    property: &'static str,
) -> Result<Vec<T>, NumaFlavorError> {
    match (flavor.is_empty(), image.is_empty()) {
        (true, _) => Ok(image),
        (false, true) => Ok(flavor),
        (false, false) => Err(NumaFlavorError::ImageForbidden { property }),
    }
}

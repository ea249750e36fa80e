//! Which files make a trace and a fleet.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use flate2::bufread::MultiGzDecoder;
use nova_core::model::{Inventory, ResourceClass};
use nova_sched::replay::{
    AzurePacking, AzureV1, FaultDomainFilter, HuaweiNuma, Trace, read_csv, sample,
};
use nova_sched::{Fleet, HostState};

use crate::options::{Format, Options};
use crate::packing;

/// What is replayed.
pub struct Input {
    pub trace: Trace,
    pub fleet: Fleet,
    /// Servers that the trace has and the replay does not.
    pub left_out: u64,
}

pub fn read(options: &Options) -> anyhow::Result<Input> {
    let mut left_out = 0;
    let mut hosts = None;
    let mut host: Box<dyn Fn(u32) -> anyhow::Result<HostState>> =
        Box::new(|number| plain_host(options, number));
    let trace = match &options.trace {
        None => sample()?,
        Some(path) => {
            let name = name_of(path);
            match format_of(options, path)? {
                Format::Csv => read_csv(name, open(path)?)?,
                Format::AzureV1 => azure_v1(options, path)?,
                Format::HuaweiNuma => {
                    hosts = Some(huawei_hosts(path)?);
                    HuaweiNuma::trace(name, open(path)?)?
                }
                Format::AzurePacking => {
                    host = Box::new(|number| {
                        Ok(AzurePacking::host(host_name(number)?, "az1".parse()?)?)
                    });
                    let read = packing::read(&name, path, options.machine)?;
                    left_out = read.1;
                    read.0
                }
            }
        }
    };
    let trace = match options.batches {
        Some(policy) => trace.with_batches_grouped(policy.into()),
        None => trace,
    };
    let trace = if options.without_groups {
        trace.without_groups()
    } else {
        trace
    };
    let trace = match options.servers {
        Some(servers) => trace.truncated(servers),
        None => trace,
    };
    let fleet = match hosts {
        Some(hosts) => {
            let count = options.hosts.map_or(Ok(usize::MAX), usize::try_from)?;
            Fleet::builder()
                .hosts(hosts.into_iter().take(count))
                .build()
        }
        None => {
            let count = match options.hosts {
                Some(count) => count,
                None => enough(&trace, &host(1)?),
            };
            let hosts = (1..=count).map(host).collect::<anyhow::Result<Vec<_>>>()?;
            Fleet::builder().hosts(hosts).build()
        }
    };
    Ok(Input {
        trace,
        fleet,
        left_out,
    })
}

/// One in a hundred more than the fewest hosts that could hold the trace at its peak.
fn enough(trace: &Trace, host: &HostState) -> u32 {
    let peak = trace.peak();
    let fewest = peak.iter().map(|(class, amount)| {
        let capacity = host.inventories.get(class).map_or(0, Inventory::capacity);
        amount.div_ceil(capacity.max(1))
    });
    let fewest = fewest.max().unwrap_or(1);
    u32::try_from(fewest.saturating_add(fewest.div_ceil(100)))
        .unwrap_or(1_000_000)
        .clamp(1, 1_000_000)
}

fn plain_host(options: &Options, number: u32) -> anyhow::Result<HostState> {
    let inventory = Inventory::new;
    let memory = options.host_memory.saturating_mul(1024);
    Ok(HostState::new(host_name(number)?, "az1".parse()?)
        .with_inventory(
            ResourceClass::Vcpu,
            inventory(options.host_vcpus, 0, options.cpu_ratio)?,
        )
        .with_inventory(ResourceClass::MemoryMb, inventory(memory, 0, 1.0)?)
        .with_inventory(ResourceClass::DiskGb, inventory(options.host_disk, 0, 1.0)?))
}

fn host_name(number: u32) -> anyhow::Result<nova_core::id::HostName> {
    Ok(format!("host-{number:05}").parse()?)
}

fn azure_v1(options: &Options, path: &Path) -> anyhow::Result<Trace> {
    let flavors = open(&beside(path, &["flav_map.txt"])?)?;
    let intervals = open(&beside(path, &["v1.interval_map.txt", "interval_map.txt"])?)?;
    let format = AzureV1::new(flavors, intervals)?;
    let durations = match &options.durations {
        Some(durations) => durations.clone(),
        None => durations_of(path)?,
    };
    Ok(format.read(name_of(path), open(path)?, open(&durations)?)?)
}

/// `v1.test.txt.gz` goes with `v1.test.c2591400.txt.gz`.
fn durations_of(path: &Path) -> anyhow::Result<PathBuf> {
    let stem = format!("{}.c", name_of(path));
    let mut found: Vec<PathBuf> = folder_of(path)
        .read_dir()
        .with_context(|| format!("cannot list {}", folder_of(path).display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| {
            let name = file.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| name.starts_with(&stem) || name == "durations.txt")
        })
        .collect();
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!(
            "no durations beside {}: name them with --durations",
            path.display()
        ),
        _ => bail!(
            "several durations beside {}: name one with --durations",
            path.display()
        ),
    }
}

/// The hosts of the files beside a trace.
fn huawei_hosts(path: &Path) -> anyhow::Result<Vec<HostState>> {
    let servers = HuaweiNuma::hosts(open(&beside(path, &["PM_res.csv"])?)?)?;
    let topology = [
        "topology_provider_topology_provider.csv",
        "topology_provider.csv",
    ];
    let racks = HuaweiNuma::racks(open(&beside(path, &topology)?)?)?;
    let mut hosts = Vec::new();
    for ((server, rack), number) in servers.iter().zip(racks).zip(1..) {
        let host = server.to_host(host_name(number)?, "az1".parse()?)?;
        hosts.push(host.with_capability(FaultDomainFilter::CAPABILITY, rack));
    }
    Ok(hosts)
}

fn format_of(options: &Options, path: &Path) -> anyhow::Result<Format> {
    if let Some(format) = options.format {
        return Ok(format);
    }
    let mut begin = String::new();
    let mut first = Vec::new();
    // Of an SQLite file this is not text.
    open(path)?.take(64).read_to_end(&mut first)?;
    begin.push_str(&String::from_utf8_lossy(&first));
    let header = |name: &str| {
        let line = begin.lines().next().unwrap_or_default();
        line.split(',').any(|column| column.trim() == name)
    };
    Ok(if begin.starts_with("SQLite format 3") {
        Format::AzurePacking
    } else if header("flavor_vcpus") {
        Format::HuaweiNuma
    } else if header("arrives") || header("vcpus") || header("memory_mib") {
        Format::Csv
    } else {
        Format::AzureV1
    })
}

/// A file, unpacked if it is packed.
fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut file = BufReader::new(file);
    let packed = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if packed {
        Box::new(BufReader::new(MultiGzDecoder::new(file)))
    } else {
        Box::new(file)
    })
}

/// The first of these files that is beside a trace, packed or not.
fn beside(path: &Path, names: &[&str]) -> anyhow::Result<PathBuf> {
    for name in names {
        for name in [(*name).to_owned(), format!("{name}.gz")] {
            let file = folder_of(path).join(name);
            if file.exists() {
                return Ok(file);
            }
        }
    }
    bail!("{} is not beside {}", names.join(" or "), path.display())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The name of a file without its extensions of packing and text.
fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let end = [".txt", ".csv", ".sqlite", ".db"];
    let name = end
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name);
    name.to_owned()
}

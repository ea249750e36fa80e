//! Policies of CPUs, threads and emulator threads.

use nova_core::model::{CpuPolicy, CpuThreadPolicy};

use super::super::EmulatorThreadsPolicy;
use super::NumaFlavorError;
use super::source::{Source, malformed};

const UNKNOWN: &str = "is none of the known policies";

/// What a flavor and an image say of CPUs, without contradictions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policies {
    pub(super) cpu: Option<CpuPolicy>,
    pub(super) threads: Option<CpuThreadPolicy>,
    pub(super) emulator: Option<EmulatorThreadsPolicy>,
}

impl Policies {
    pub(super) fn read(source: &Source<'_>) -> Result<Self, NumaFlavorError> {
        let explicit = cpu_policy(source)?;
        let explicit_threads = thread_policy(source)?;
        let emulator = emulator_policy(source)?;
        let resources = resource_policy(source, emulator)?;
        if explicit.is_some() && resources.is_some() {
            return Err(NumaFlavorError::Exclusive {
                key: "hw:cpu_policy",
                other: "resources:VCPU or resources:PCPU",
            });
        }
        let by_trait = trait_policy(source);
        if explicit_threads.is_some() && by_trait.is_some() {
            return Err(NumaFlavorError::Exclusive {
                key: "hw:cpu_thread_policy",
                other: "trait:HW_CPU_HYPERTHREADING",
            });
        }
        Ok(Self {
            cpu: resources.or(explicit),
            threads: by_trait.flatten().or(explicit_threads),
            emulator,
        })
    }

    /// Whether any CPU is the server's alone.
    pub(super) fn is_pinned(&self) -> bool {
        matches!(self.cpu, Some(CpuPolicy::Dedicated | CpuPolicy::Mixed))
    }
}

/// The flavor's policy, which may take back what an image asks for but no more.
fn cpu_policy(source: &Source<'_>) -> Result<Option<CpuPolicy>, NumaFlavorError> {
    let image = source.image.cpu_policy();
    let flavor = source.parsed("hw:cpu_policy", UNKNOWN)?;
    let forbidden = match flavor {
        Some(CpuPolicy::Mixed) => image == Some(CpuPolicy::Dedicated),
        Some(CpuPolicy::Shared) => {
            matches!(image, Some(CpuPolicy::Mixed | CpuPolicy::Dedicated))
        }
        Some(CpuPolicy::Dedicated) | None => false,
    };
    match forbidden {
        true => Err(NumaFlavorError::ImageForbidden {
            property: "hw_cpu_policy",
        }),
        false => Ok(flavor.or(image)),
    }
}

fn thread_policy(source: &Source<'_>) -> Result<Option<CpuThreadPolicy>, NumaFlavorError> {
    let image = source.image.cpu_thread_policy();
    let flavor = source.parsed("hw:cpu_thread_policy", UNKNOWN)?;
    match flavor {
        None => Ok(image),
        Some(CpuThreadPolicy::Isolate | CpuThreadPolicy::Require)
            if image.is_some() && image != flavor =>
        {
            Err(NumaFlavorError::ImageForbidden {
                property: "hw_cpu_thread_policy",
            })
        }
        Some(_) => Ok(flavor),
    }
}

/// Where the flavor wants the threads of the hypervisor.
pub(super) fn emulator_policy(
    source: &Source<'_>,
) -> Result<Option<EmulatorThreadsPolicy>, NumaFlavorError> {
    source.parsed("hw:emulator_threads_policy", UNKNOWN)
}

/// The policy that resources stand for which the flavor asks for by their class.
fn resource_policy(
    source: &Source<'_>,
    emulator: Option<EmulatorThreadsPolicy>,
) -> Result<Option<CpuPolicy>, NumaFlavorError> {
    let sum = |class: &str| {
        let specs = source.extra_specs.iter();
        specs
            .filter(|(key, _)| is_of_group(key, "resources", class))
            .filter_map(|(_, value)| value.trim().parse::<u64>().ok())
            .fold(0, u64::saturating_add)
    };
    match (sum("VCPU"), sum("PCPU")) {
        (0, 0) => Ok(None),
        (_, 0) => Ok(Some(CpuPolicy::Shared)),
        (0, requested) => {
            let own = emulator == Some(EmulatorThreadsPolicy::Isolate);
            let expected = u64::from(source.vcpus) + u64::from(own);
            match requested == expected {
                true => Ok(Some(CpuPolicy::Dedicated)),
                false => Err(NumaFlavorError::PcpuCount {
                    requested,
                    expected,
                }),
            }
        }
        _ => Err(NumaFlavorError::Exclusive {
            key: "resources:VCPU",
            other: "resources:PCPU",
        }),
    }
}

/// The policy that a trait stands for which the host must have or not. The outer `None`: nothing is
/// said of it.
fn trait_policy(source: &Source<'_>) -> Option<Option<CpuThreadPolicy>> {
    const NAME: &str = "HW_CPU_HYPERTHREADING";
    let mut specs = source.extra_specs.iter();
    let flavor = specs.find(|(key, _)| is_of_group(key, "trait", NAME));
    let image = || {
        let required = source.image.required_traits();
        required.contains(NAME).then_some("required")
    };
    let value = flavor.map(|(_, value)| &**value).or_else(image)?;
    (!value.is_empty()).then_some(match value {
        "forbidden" => Some(CpuThreadPolicy::Isolate),
        "required" => Some(CpuThreadPolicy::Require),
        _ => None,
    })
}

/// Whether a key is `prefix`, perhaps the number of a group, a colon, and text that begins with a
/// name.
fn is_of_group(key: &str, prefix: &str, name: &str) -> bool {
    let Some((group, rest)) = key.strip_prefix(prefix).and_then(|key| key.split_once(':')) else {
        return false;
    };
    let digits = group.bytes().all(|byte| byte.is_ascii_digit());
    digits && !group.starts_with('0') && rest.starts_with(name)
}

/// Checks what Nova checks besides.
pub(super) fn check_locked_memory(source: &Source<'_>) -> Result<(), NumaFlavorError> {
    let image = source.image.locked_memory();
    let flavor = source.flag("hw:locked_memory");
    if flavor.is_some() && image.is_some() && flavor != image {
        return Err(NumaFlavorError::ImageForbidden {
            property: "hw_locked_memory",
        });
    }
    let sized =
        source.spec("hw:mem_page_size").is_some() || source.image.memory_page_size().is_some();
    match flavor.or(image) {
        Some(true) if !sized => Err(NumaFlavorError::Needs {
            key: "hw:locked_memory",
            needs: "hw:mem_page_size",
        }),
        _ => Ok(()),
    }
}

/// The number of cells.
pub(super) fn nodes(source: &Source<'_>) -> Result<Option<u64>, NumaFlavorError> {
    const KEY: &str = "hw:numa_nodes";
    let image = source.image.numa_nodes().map(u64::from);
    let Some(value) = source.spec(KEY) else {
        return Ok(image);
    };
    if image.is_some() {
        return Err(NumaFlavorError::ImageForbidden {
            property: "hw_numa_nodes",
        });
    }
    match value.parse::<u64>() {
        Ok(count) if count > 0 && count.to_string() == value => Ok(Some(count)),
        _ => Err(malformed(KEY, value, "is no number of cells")),
    }
}

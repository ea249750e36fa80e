//! The attributes of Nova's `HostState`, and how a path is followed into it.

use nova_core::model::ResourceClass;

use super::value::Value;
use crate::fleet::{HostView, Liveness, Measure, Profile};

/// The names of Nova's `HostState`. A key of such a name without a scope is a wish that counts,
/// even where there is no value to meet it.
const NAMES: &[&str] = &[
    "aggregates",
    "allocation_candidates",
    "cell_uuid",
    "consume_from_request",
    "cpu_allocation_ratio",
    "cpu_info",
    "disk_allocation_ratio",
    "disk_mb_used",
    "failed_builds",
    "free_disk_mb",
    "free_ram_mb",
    "host",
    "host_ip",
    "hypervisor_hostname",
    "hypervisor_type",
    "hypervisor_version",
    "instances",
    "limits",
    "metrics",
    "nodename",
    "num_instances",
    "num_io_ops",
    "numa_topology",
    "pci_stats",
    "ram_allocation_ratio",
    "service",
    "stats",
    "supported_instances",
    "total_usable_disk_gb",
    "total_usable_ram_mb",
    "update",
    "updated",
    "uuid",
    "vcpus_total",
    "vcpus_used",
];

/// Those of them that hosts of one profile have in common.
const OF_PROFILE: &[&str] = &[
    "cpu_info",
    "hypervisor_type",
    "hypervisor_version",
    "supported_instances",
];

/// Whether Nova's host state has an attribute of this name, null or not.
pub(in crate::filters) fn is_name(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Whether an attribute differs from host to host.
pub(in crate::filters) fn is_of_row(name: &str) -> bool {
    is_name(name) && !OF_PROFILE.contains(&name)
}

/// Whether the host state has an attribute, a capability or a counter of this name.
pub(in crate::filters) fn has(host: &HostView<'_>, name: &str) -> bool {
    is_name(name) || host.capability(name).is_some() || host.stats().contains(name)
}

/// What is found at the beginning of a path.
pub(in crate::filters) enum Lookup {
    /// A whole number.
    Integer(i128),
    /// Anything else.
    Other(Value),
}

impl From<Lookup> for Value {
    fn from(found: Lookup) -> Self {
        match found {
            Lookup::Integer(number) => Self::Integer(number),
            Lookup::Other(value) => value,
        }
    }
}

/// Follows a scope, as in `cpu_info`, `topology`, `cores`: the first part is an attribute, or else
/// a capability or counter; text is read as JSON on the way down.
pub(in crate::filters) fn look_up(host: &HostView<'_>, scope: &[&str]) -> Option<Value> {
    let (first, rest) = scope.split_first()?;
    match (*first, rest) {
        ("stats", [name, rest @ ..]) => {
            let text = stat(host, name)?;
            descend(Value::Text(text.to_owned()), rest)
        }
        _ => {
            let start = attribute(host, first).or_else(|| {
                let text = stat(host, first)?;
                Some(Value::Text(text.to_owned()))
            })?;
            descend(start, rest)
        }
    }
}

/// The same of what all hosts of a profile have in common; `None` if the profile has nothing of
/// the name, so that the host's counters decide.
pub(in crate::filters) fn profile_value(
    profile: &Profile,
    scope: &[&str],
) -> Option<Option<Value>> {
    let (first, rest) = scope.split_first()?;
    let start = of_profile(profile, first).or_else(|| {
        let text = profile.capabilities.get(*first)?;
        Some(Value::Text(text.clone()))
    })?;
    Some(descend(start, rest))
}

/// The same of the text of a host's counter, which is what the first part of the scope names.
pub(in crate::filters) fn counter(text: &str, scope: &[&str]) -> Option<Value> {
    descend(Value::Text(text.to_owned()), scope.get(1..)?)
}

/// Follows the rest of a scope into a value.
fn descend(mut value: Value, rest: &[&str]) -> Option<Value> {
    for name in rest {
        if let Value::Text(text) = &value {
            value = Value::from_json(text)?;
        }
        value = match (&value, *name) {
            (Value::Map(_), name) => value.entry(name)?.clone(),
            // Numbers have parts in Python.
            (Value::Integer(_) | Value::Bool(_), "real" | "numerator") => value.to_integer()?,
            (Value::Integer(_) | Value::Bool(_), "imag") => Value::Integer(0),
            (Value::Integer(_) | Value::Bool(_), "denominator") => Value::Integer(1),
            (Value::Float(_), "real") => value,
            (Value::Float(_), "imag") => Value::Float(0.0),
            _ => return None,
        };
    }
    (value != Value::Null).then_some(value)
}

/// A counter or a capability: Nova has both in `stats`.
fn stat<'a>(host: &HostView<'a>, name: &str) -> Option<&'a str> {
    host.capability(name)
        .filter(|_| name != "cpu_info")
        .or_else(|| host.stats().get(name))
}

/// An attribute of Nova's `HostState`; `None` where Nova has none or null.
pub(in crate::filters) fn attribute(host: &HostView<'_>, name: &str) -> Option<Value> {
    if OF_PROFILE.contains(&name) {
        return of_profile(host.profile()?, name);
    }
    of_row(host, name).map(Value::from)
}

fn of_profile(profile: &Profile, name: &str) -> Option<Value> {
    Some(match name {
        "cpu_info" => Value::Text(profile.capabilities.get(name)?.clone()),
        "hypervisor_type" => Value::Text(profile.hypervisor.as_ref()?.kind.clone()),
        "hypervisor_version" => {
            let version = profile.hypervisor.as_ref()?.version;
            (version > 0).then(|| Value::Integer(i128::from(version)))?
        }
        "supported_instances" => {
            let kinds = profile.supported_instances.iter().map(|kind| {
                let words = [&kind.architecture, &kind.hypervisor_type, &kind.vm_mode];
                Value::List(words.map(|word| Value::Text(word.clone())).to_vec())
            });
            Value::List(kinds.collect())
        }
        _ => return None,
    })
}

/// An attribute that differs from host to host. Free memory and disk are counted without the
/// ratio, and reserved units as used, as Nova's resource tracker does.
pub(in crate::filters) fn of_row(host: &HostView<'_>, name: &str) -> Option<Lookup> {
    let amounts = |class| host.amounts(&class);
    let ratio = |class| {
        let ratio = host.amounts(&class).ratio;
        (ratio > 0.0).then_some(Value::Float(ratio))
    };
    let count = |measure| i128::from(host.count(measure));
    let number = match name {
        "vcpus_total" => i128::from(amounts(ResourceClass::Vcpu).total),
        "vcpus_used" => i128::from(host.vcpus_used()),
        "total_usable_ram_mb" => i128::from(amounts(ResourceClass::MemoryMb).total),
        "free_ram_mb" => count(Measure::FreeRam),
        "total_usable_disk_gb" => i128::from(amounts(ResourceClass::DiskGb).total),
        "free_disk_mb" => count(Measure::FreeDisk),
        "disk_mb_used" => {
            let disk = amounts(ResourceClass::DiskGb);
            (i128::from(disk.reserved) + i128::from(disk.used)) * 1024
        }
        "num_instances" => count(Measure::Servers),
        "num_io_ops" => count(Measure::IoOperations),
        "failed_builds" => count(Measure::FailedBuilds),
        _ => {
            return Some(Lookup::Other(match name {
                "host" => Value::Text(host.service_host().to_string()),
                "nodename" | "hypervisor_hostname" => Value::Text(host.name().to_string()),
                "host_ip" => Value::Text(host.host_ip()?.to_string()),
                "cell_uuid" => Value::Text(host.cell()?.to_string()),
                "cpu_allocation_ratio" => ratio(ResourceClass::Vcpu)?,
                "ram_allocation_ratio" => ratio(ResourceClass::MemoryMb)?,
                "disk_allocation_ratio" => ratio(ResourceClass::DiskGb)?,
                "limits" => Value::Map(Vec::new()),
                "stats" => stats(host),
                "instances" => {
                    let servers = host.placed().iter();
                    let entry = |id: String| (id, Value::Object(true));
                    Value::Map(servers.map(|server| entry(server.id.to_string())).collect())
                }
                "aggregates" => {
                    Value::List(host.aggregates().map(|_| Value::Object(true)).collect())
                }
                "numa_topology" => host.numa_topology().map(|_| Value::Object(true))?,
                "pci_stats" => host.has_reported().then_some(Value::Object(true))?,
                "metrics" => Value::Object(!host.metrics().is_empty()),
                "allocation_candidates" | "consume_from_request" | "service" | "update" => {
                    Value::Object(true)
                }
                _ => return None,
            }));
        }
    };
    Some(Lookup::Integer(number))
}

fn stats(host: &HostView<'_>) -> Value {
    let capabilities = host.capabilities().iter();
    let mut entries: Vec<_> = capabilities
        .filter(|(name, _)| *name != "cpu_info")
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .chain(host.stats().iter())
        .map(|(name, text)| (name.to_owned(), Value::Text(text.to_owned())))
        .collect();
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    entries.dedup_by(|(later, _), (earlier, _)| later == earlier);
    Value::Map(entries)
}

/// What Nova's host state holds of the compute service, which queries can ask for.
pub(in crate::filters) fn service(host: &HostView<'_>) -> Value {
    let disabled = host.disabled_reason();
    let forced_down = host.liveness() == Liveness::ForcedDown;
    let reason = disabled.filter(|reason| !reason.is_empty());
    let entry = |name: &str, value| (name.to_owned(), value);
    Value::Map(vec![
        entry("host", Value::Text(host.service_host().to_string())),
        entry("disabled", Value::Bool(disabled.is_some())),
        entry(
            "disabled_reason",
            reason.map_or(Value::Null, |reason| Value::Text(reason.to_owned())),
        ),
        entry("forced_down", Value::Bool(forced_down)),
    ])
}

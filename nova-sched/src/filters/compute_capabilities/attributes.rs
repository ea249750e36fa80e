//! What Nova's host state is called and holds, and how a scope is followed into it.

use nova_core::model::ResourceClass;

use super::value::Value;
use crate::fleet::HostView;

/// The attributes of Nova's `HostState` that may be null here. A key of this name without a scope
/// is a wish that counts, even where there is no value to meet it.
const NULLABLE: &[&str] = &[
    "aggregates",
    "allocation_candidates",
    "cell_uuid",
    "cpu_allocation_ratio",
    "cpu_info",
    "disk_allocation_ratio",
    "host_ip",
    "hypervisor_type",
    "hypervisor_version",
    "instances",
    "limits",
    "metrics",
    "numa_topology",
    "pci_stats",
    "ram_allocation_ratio",
    "service",
    "supported_instances",
    "updated",
    "uuid",
];

/// Whether the host state has an attribute or a capability of this name.
pub(super) fn has(host: &HostView<'_>, name: &str) -> bool {
    NULLABLE.contains(&name) || host.capability(name).is_some() || attribute(host, name).is_some()
}

/// Follows a scope, as in `cpu_info`, `topology`, `cores`: the first part is an attribute or else
/// a capability; text is read as JSON on the way down.
pub(super) fn look_up(host: &HostView<'_>, scope: &[&str]) -> Option<Value> {
    let (first, rest) = scope.split_first()?;
    let mut value = attribute(host, first).or_else(|| {
        host.capability(first)
            .map(|text| Value::Text(text.to_owned()))
    })?;
    for name in rest {
        if let Value::Text(text) = &value {
            value = Value::from_json(text)?;
        }
        value = value.entry(name)?.clone();
    }
    (value != Value::Null).then_some(value)
}

/// An attribute of Nova's `HostState`, from what we know of the host. Free memory and disk are
/// counted without the ratio, and reserved units as used, as Nova's resource tracker does.
fn attribute(host: &HostView<'_>, name: &str) -> Option<Value> {
    let amounts = |class| host.amounts(&class);
    let ratio = |class| {
        let ratio = host.amounts(&class).ratio;
        (ratio > 0.0).then_some(Value::Float(ratio))
    };
    let free = |class| {
        let amounts = host.amounts(&class);
        i128::from(amounts.total) - i128::from(amounts.reserved) - i128::from(amounts.used)
    };
    let counter = |name| {
        let text: Option<&str> = host.capability(name);
        i128::from(
            text.and_then(|text| text.trim().parse::<i64>().ok())
                .unwrap_or(0),
        )
    };
    Some(match name {
        "host" | "nodename" | "hypervisor_hostname" => Value::Text(host.name().to_string()),
        "hypervisor_type" => Value::Text(host.hypervisor()?.kind.clone()),
        "hypervisor_version" => Value::Integer(i128::from(host.hypervisor()?.version)),
        "vcpus_total" => Value::Integer(i128::from(amounts(ResourceClass::Vcpu).total)),
        "vcpus_used" => {
            let vcpu = amounts(ResourceClass::Vcpu);
            Value::Integer(i128::from(vcpu.reserved) + i128::from(vcpu.used))
        }
        "total_usable_ram_mb" => Value::Integer(i128::from(amounts(ResourceClass::MemoryMb).total)),
        "free_ram_mb" => Value::Integer(free(ResourceClass::MemoryMb)),
        "total_usable_disk_gb" => Value::Integer(i128::from(amounts(ResourceClass::DiskGb).total)),
        "free_disk_mb" => Value::Integer(free(ResourceClass::DiskGb) * 1024),
        "disk_mb_used" => {
            let disk = amounts(ResourceClass::DiskGb);
            Value::Integer((i128::from(disk.reserved) + i128::from(disk.used)) * 1024)
        }
        "cpu_allocation_ratio" => ratio(ResourceClass::Vcpu)?,
        "ram_allocation_ratio" => ratio(ResourceClass::MemoryMb)?,
        "disk_allocation_ratio" => ratio(ResourceClass::DiskGb)?,
        "num_instances" => Value::Integer(i128::from(host.servers())),
        "num_io_ops" => Value::Integer(counter("io_workload")),
        "failed_builds" => Value::Integer(counter("failed_builds")),
        "supported_instances" => match Value::from_json(host.capability(name)?)? {
            list @ Value::List(_) => list,
            _ => return None,
        },
        "stats" => Value::Map(
            host.capabilities()
                .iter()
                .map(|(name, text)| (name.clone(), Value::Text(text.clone())))
                .collect(),
        ),
        _ => return None,
    })
}

//! From what Nova was given to a fleet, a request and a configuration. What is odd about the
//! recordings is dealt with here, not in the library.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use nova_core::Timestamp;
use nova_core::id::HostName;
use nova_core::model::{
    HypervisorInfo, ImageProperties, Inventory, ResourceClass, Resources, ServerGroupPolicy,
    ServerGroupRules,
};
use nova_core::units::Mebibytes;
use nova_sched::{
    Destination, Fleet, GroupRequest, HostAggregate, HostState, Liveness, PlacedServer,
    PlacementRequest, RequestImage, ServerShape, ServerSize, SupportedInstance,
};
use serde_json::Value;

use super::input::{
    AggregateRow, ComputeNode, FlavorRow, GroupRow, HostRow, Instance, RequestRow, Service,
};

type Result<T, E = String> = std::result::Result<T, E>;

/// What the recordings were made with, besides the options that a scheduler has.
pub struct World<'a> {
    pub now: Timestamp,
    pub down_after: Duration,
    pub default_zone: &'a str,
    /// The cells that image properties are looked up in.
    pub known_cells: &'a [String],
}

pub fn fleet(world: &World<'_>, aggregates: &[AggregateRow], hosts: &[HostRow]) -> Result<Fleet> {
    let mut builder = Fleet::builder();
    for row in aggregates {
        let mut aggregate = HostAggregate::new(parse("aggregate", &row.uuid)?, &row.name);
        aggregate.metadata.clone_from(&row.metadata);
        for host in &row.hosts {
            aggregate.hosts.insert(parse("host", host)?);
        }
        builder = builder.aggregate(aggregate);
    }
    for row in hosts {
        builder = builder.host(host(world, aggregates, row)?);
    }
    Ok(builder.build())
}

fn host(world: &World<'_>, aggregates: &[AggregateRow], row: &HostRow) -> Result<HostState> {
    let zone = aggregates
        .iter()
        .filter(|aggregate| aggregate.hosts.contains(&row.host))
        .find_map(|aggregate| aggregate.metadata.get("availability_zone"));
    let zone = zone.and_then(|zones| zones.split(',').map(str::trim).next());
    let zone = zone.filter(|zone| !zone.is_empty());
    let zone = zone.unwrap_or(world.default_zone);
    let mut state = HostState::new(parse("node", &row.nodename)?, parse("zone", zone)?)
        .with_service_host(parse("host", &row.host)?)
        .with_liveness(liveness(world, &row.service)?);
    if row.service.disabled {
        state = state.with_disabled(row.service.disabled_reason.clone().unwrap_or_default());
    }
    if let Some(cell) = &row.cell_uuid {
        state = state.with_cell(parse("cell", cell)?);
    }
    let looked_up = row
        .cell_uuid
        .as_ref()
        .is_some_and(|cell| world.known_cells.contains(cell));
    for server in &row.instances {
        state.placed.push(placed(server, looked_up)?);
    }
    // Whatever the record says, such a host never reported, and Nova looks at nothing of it.
    if row.compute_node.free_disk_gb.is_some() {
        report(&mut state, &row.compute_node)?;
    }
    // Nova counts servers by what the host reported, not by those that it knows one by one.
    let counted = state.stats.get("num_instances");
    let counted = counted.and_then(|count| count.trim().parse().ok());
    state.reported.servers = Some(counted.unwrap_or(0));
    Ok(state)
}

fn report(state: &mut HostState, node: &ComputeNode) -> Result<()> {
    let classes = [
        (
            ResourceClass::Vcpu,
            node.vcpus,
            node.vcpus_used,
            node.cpu_allocation_ratio,
        ),
        (
            ResourceClass::MemoryMb,
            node.memory_mb,
            node.memory_mb_used,
            node.ram_allocation_ratio,
        ),
        (
            ResourceClass::DiskGb,
            node.local_gb,
            node.local_gb_used,
            node.disk_allocation_ratio,
        ),
    ];
    for (class, total, used, ratio) in classes {
        let inventory = Inventory::new(total, 0, ratio).map_err(wrong("inventory"))?;
        state.inventories.insert(class.clone(), inventory);
        state.used.set(class, used);
    }
    let free_disk = node.free_disk_gb.unwrap_or(0);
    let free_disk = node
        .disk_available_least
        .map_or(free_disk, |least| least.min(free_disk));
    state.reported.vcpus_used = Some(node.vcpus_used);
    state.reported.free_ram_mb = Some(node.free_ram_mb);
    state.reported.free_disk_mb = Some(free_disk * 1024);
    let kind = node.hypervisor_type.clone().unwrap_or_default();
    state.hypervisor = Some(HypervisorInfo::new(
        kind,
        node.hypervisor_version.unwrap_or(0),
        "",
    ));
    // What is no address is as unusable as none.
    state.host_ip = node.host_ip.as_ref().and_then(|text| text.parse().ok());
    if let Some(info) = &node.cpu_info {
        state
            .capabilities
            .insert("cpu_info".to_owned(), info.clone());
    }
    for [architecture, hypervisor, mode] in &node.supported_instances {
        let kind = SupportedInstance::new(architecture, hypervisor, mode);
        state.supported_instances.push(kind);
    }
    state.numa_topology.clone_from(&node.numa_topology);
    state.pci_pools = node.pci_device_pools.clone().unwrap_or_default();
    for metric in node.metrics.iter().flatten() {
        let value = metric_value(&metric.name, metric.value);
        state.metrics.insert(metric.name.clone(), value);
    }
    let stats = node.stats.iter().flatten();
    let stats = stats.filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
    *state = state.clone().with_stats(stats.collect());
    Ok(())
}

/// Nova keeps metrics as whole numbers: a share of one becomes percent before it is cut.
fn metric_value(name: &str, value: f64) -> f64 {
    match name.starts_with("cpu.") && name.ends_with("percent") {
        true => (value * 100.0).trunc(),
        false => value.trunc(),
    }
}

fn liveness(world: &World<'_>, service: &Service) -> Result<Liveness> {
    if service.forced_down {
        return Ok(Liveness::ForcedDown);
    }
    let seen = service.last_seen_up.as_ref().unwrap_or(&service.created_at);
    let seen = timestamp(seen)?;
    let now = world.now;
    let silence = now.duration_since(seen).max(seen.duration_since(now));
    Ok(match silence > world.down_after {
        true => Liveness::Silent(silence),
        false => Liveness::Up,
    })
}

fn placed(server: &Instance, looked_up: bool) -> Result<PlacedServer> {
    let mut shape = ServerShape::new(Resources::new());
    if looked_up {
        let properties = ImageProperties::new(server.image_properties.clone());
        let properties = properties.map_err(wrong("image properties"))?;
        shape = shape.with_image_properties(RequestImage::new(None, &properties).properties);
    }
    Ok(PlacedServer::new(parse("server", &server.uuid)?, shape))
}

pub fn request(row: &RequestRow) -> Result<PlacementRequest> {
    let count = u32::try_from(row.instance_uuids.len()).map_err(wrong("instance_uuids"))?;
    let mut request = flavor(&row.flavor).with_count(count);
    // No policy is held for an empty project, and none can be named.
    if let Some(project) = row
        .project_id
        .as_ref()
        .filter(|project| !project.is_empty())
    {
        request = request.with_project(parse("project", project)?);
    }
    if let Some(zone) = &row.availability_zone {
        request = request.with_zone(parse("zone", zone)?);
    }
    if let Some(image) = &row.image {
        let mut seen = RequestImage::default();
        seen.id = image.id.as_ref().and_then(|id| id.parse().ok());
        let properties = image.properties_seen.as_ref().unwrap_or(&image.properties);
        let properties = properties.iter().filter(|(_, value)| !value.is_null());
        seen.properties = properties
            .map(|(name, value)| (name.clone(), python_text(value)))
            .collect();
        request = request.with_image(seen);
    }
    for host in row.ignore_hosts.iter().flatten() {
        request = request.with_ignored_host(named(host)?);
    }
    for host in row.force_hosts.iter().flatten() {
        request = request.with_forced_host(named(host)?);
    }
    for node in row.force_nodes.iter().flatten() {
        request = request.with_forced_node(named(node)?);
    }
    if let Some(asked) = &row.requested_destination {
        let mut destination =
            Destination::default().with_cross_cell_move(asked.allow_cross_cell_move);
        destination.host = asked.host.as_deref().map(named).transpose()?;
        destination.node = asked.node.as_deref().map(named).transpose()?;
        destination.cell = asked
            .cell
            .as_ref()
            .map(|cell| parse("cell", cell))
            .transpose()?;
        request = request.with_destination(destination);
    }
    if let Some(group) = &row.instance_group {
        // Nova notes a server on its host only where that may matter to its group.
        let mut servers = Vec::new();
        for server in &row.instance_uuids {
            servers.push(parse("server", server)?);
        }
        request = request.with_servers(servers);
        if let Some(group) = group_request(group)? {
            request = request.with_group(group);
        }
    }
    if let Some(cells) = &row.numa_topology {
        request = request.with_numa(cells.clone());
    }
    if let Some(networks) = &row.network_metadata {
        request = request.with_network_metadata(networks.clone());
    }
    request = request.with_pci(row.pci_requests.iter().flatten().cloned());
    for (name, values) in &row.scheduler_hints {
        if name == "_nova_check_type" {
            let rebuild = values.iter().any(|value| value == "rebuild");
            request = request
                .with_filtered_forced_hosts(true)
                .with_rebuild(rebuild);
        } else {
            request = request.with_hint(name, values);
        }
    }
    Ok(request)
}

fn flavor(row: &FlavorRow) -> PlacementRequest {
    let disk = row.root_gb + row.ephemeral_gb;
    let resources = Resources::new()
        .with(ResourceClass::Vcpu, row.vcpus)
        .with(ResourceClass::MemoryMb, row.memory_mb)
        .with(ResourceClass::DiskGb, disk);
    let size = ServerSize::new(
        row.vcpus,
        Mebibytes::new(row.memory_mb),
        Mebibytes::new(disk * 1024),
    );
    let mut request = PlacementRequest::new(resources)
        .with_size(size)
        .with_flavor(&row.name);
    for (key, value) in &row.extra_specs {
        request = request.with_extra_spec(key, value);
    }
    request
}

/// Nothing for a group without a policy, or with one that no filter and no weigher knows, as Nova's
/// former one of the name legacy: it asks for nothing.
fn group_request(row: &GroupRow) -> Result<Option<GroupRequest>> {
    let policy = row.policy.as_ref();
    let Some(policy): Option<ServerGroupPolicy> = policy.and_then(|policy| policy.parse().ok())
    else {
        return Ok(None);
    };
    let most = row
        .rules
        .as_ref()
        .and_then(|rules| rules.get("max_server_per_host"));
    let most = most.filter(|_| policy == ServerGroupPolicy::AntiAffinity);
    let most: Option<NonZeroU32> = most
        .map(|most| parse("max_server_per_host", &python_text(most)))
        .transpose()?;
    let rules = ServerGroupRules::new(policy, most).map_err(wrong("rules"))?;
    let mut group = GroupRequest::new(rules);
    // What is no id is on no host.
    for member in row.members.iter().filter_map(|member| member.parse().ok()) {
        group = group.with_member(member);
    }
    for host in &row.hosts {
        group = group.with_host(named(host)?);
    }
    Ok(Some(group))
}

/// A value as Python's `str()` writes it.
fn python_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(list) => {
            let quoted = |value: &Value| match value {
                Value::String(text) => format!("'{text}'"),
                other => python_text(other),
            };
            format!(
                "[{}]",
                list.iter().map(quoted).collect::<Vec<_>>().join(", ")
            )
        }
        other => other.to_string(),
    }
}

/// `2026-01-01T12:00:00Z`, perhaps with a fraction.
pub fn timestamp(text: &str) -> Result<Timestamp> {
    let fail = || format!("{text:?} is no time");
    let (date, time) = text
        .trim_end_matches('Z')
        .split_once('T')
        .ok_or_else(fail)?;
    let mut date = date.split('-').map(str::parse::<i64>);
    let mut next = || date.next().and_then(Result::ok).ok_or_else(fail);
    let (year, month, day) = (next()?, next()?, next()?);
    let mut time = time.split(':');
    let mut next = || {
        time.next()
            .and_then(|part| part.parse::<f64>().ok())
            .ok_or_else(fail)
    };
    let (hour, minute, second) = (next()?, next()?, next()?);
    // Days since 1970, with years that begin in March.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 719_469;
    #[expect(clippy::cast_possible_truncation, reason = "microseconds of one day")]
    let of_day = ((hour * 60.0 + minute) * 60.0 * 1e6 + second * 1e6).round() as i64;
    Ok(Timestamp::from_micros(days * 86_400_000_000 + of_day))
}

/// A host that a request names. What can be no host's name names none that there is.
fn named(text: &str) -> Result<HostName> {
    let text: String = text
        .chars()
        .map(|c| match c.is_whitespace() || c.is_control() {
            true => char::REPLACEMENT_CHARACTER,
            false => c,
        })
        .collect();
    match text.is_empty() {
        true => parse("host", "\u{fffd}"),
        false => parse("host", &text),
    }
}

fn parse<T: FromStr<Err: Display>>(what: &str, text: &str) -> Result<T> {
    text.parse()
        .map_err(|error| format!("{what} {text:?}: {error}"))
}

fn wrong<E: Display>(what: &str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error}")
}

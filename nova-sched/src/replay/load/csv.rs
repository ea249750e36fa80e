//! Our own format: one line per server.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::num::NonZeroU32;
use std::time::Duration;

use nova_core::model::{ResourceClass, Resources, ServerGroupRules};

use super::lines::{Field, Line, Lines};
use super::{Problem, TraceError};
use crate::replay::{FlavorId, GroupId, Trace, TraceBuilder, TraceServer};

const FILE: &str = "the trace";

/// The columns that a file may have; the first three it must.
const COLUMNS: [&str; 12] = [
    "arrives",
    "vcpus",
    "memory_mib",
    "disk_gib",
    "lifetime",
    "flavor",
    "batch",
    "group",
    "policy",
    "max_per_host",
    "fault_domain",
    "zone",
];
const NUMA_CELLS: &str = "numa_cells";
const REQUIRED: usize = 3;

/// Reads a trace of one line per server, with commas between the fields and no quotes.
///
/// The first line names the columns, in any order:
///
/// | column | what it holds |
/// | --- | --- |
/// | `arrives` | seconds from the beginning, with a fraction or without; required |
/// | `vcpus`, `memory_mib` | the size; required |
/// | `disk_gib` | the disk; nothing is 0 |
/// | `lifetime` | seconds; nothing for a server that stays |
/// | `flavor` | a name for the size; nothing for `<vcpus>x<memory>x<disk>` |
/// | `numa_cells` | over how many cells the server is spread |
/// | `batch` | a number that servers asked for together share |
/// | `group` | a name that servers of one group share |
/// | `policy` | the group's policy, by Nova's name, the same in each of its lines |
/// | `max_per_host` | how many servers of the group one host may have |
/// | `fault_domain` | a number: the server's fault domain in its group |
/// | `zone` | the availability zone |
///
/// ```
/// use nova_sched::replay::read_csv;
///
/// let text = "arrives,lifetime,vcpus,memory_mib,group,policy\n\
///     0,3600,4,8192,web,anti-affinity\n\
///     2.5,,4,8192,web,anti-affinity\n";
/// let trace = read_csv("mine", text.as_bytes())?;
/// assert_eq!((trace.len(), trace.groups().len(), trace.flavors().len()), (2, 1, 1));
///
/// let error = read_csv("mine", "arrives,vcpus,memory_mib\n0,four,1\n".as_bytes()).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     r#"the trace, line 2, column 3: expected a number of processors, found "four""#
/// );
/// # Ok::<(), nova_sched::replay::TraceError>(())
/// ```
///
/// # Errors
/// [`TraceError`] where the text is not so.
pub fn read_csv(name: impl Into<String>, reader: impl BufRead) -> Result<Trace, TraceError> {
    let mut lines = Lines::new(reader, FILE);
    let Some(header) = lines.next()? else {
        return Err(lines.ended("the line that names the columns"));
    };
    let columns = columns(header)?;
    let mut table = Table {
        builder: Trace::builder(name),
        flavors: BTreeMap::new(),
        groups: BTreeMap::new(),
    };
    while let Some(line) = lines.next()? {
        let mut row = BTreeMap::new();
        let mut fields = line.split(',');
        for column in &columns {
            let field = fields
                .next()
                .ok_or_else(|| line.end(Problem::Missing(column)))?
                .trim();
            if !field.text.is_empty() {
                row.insert(*column, field);
            }
        }
        if let Some(field) = fields.next() {
            return Err(field.error(Problem::Surplus));
        }
        table.row(line, &row)?;
    }
    Ok(table.builder.build())
}

/// Writes a trace as [`read_csv`] reads it. Of the resources it writes processors, memory and
/// disk; a comma or a line break in a name becomes a blank.
///
/// # Errors
/// [`TraceError::Write`].
pub fn write_csv(trace: &Trace, mut writer: impl Write) -> Result<(), TraceError> {
    let mut write = |text: String| writeln!(writer, "{text}").map_err(TraceError::Write);
    write(format!("{},{NUMA_CELLS}", COLUMNS.join(",")))?;
    for server in trace.servers() {
        let flavor = trace.flavor(server.flavor);
        let group = server.group.and_then(|group| trace.group(group));
        let rules = group.and_then(|group| group.rules);
        let amount = |class| flavor.map_or(0, |flavor| flavor.resources.get(&class));
        let fields = [
            seconds(server.arrives),
            amount(ResourceClass::Vcpu).to_string(),
            amount(ResourceClass::MemoryMb).to_string(),
            amount(ResourceClass::DiskGb).to_string(),
            server.lifetime.map(seconds).unwrap_or_default(),
            flavor.map_or_else(String::new, |flavor| plain(&flavor.name)),
            text(server.batch),
            group.map_or_else(String::new, |group| plain(&group.name)),
            text(rules.map(|rules| rules.policy())),
            text(rules.and_then(|rules| rules.max_server_per_host())),
            text(server.fault_domain),
            text(server.zone.as_ref()),
            text(flavor.and_then(|flavor| flavor.numa_cells)),
        ];
        write(fields.join(","))?;
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    match time.subsec_nanos() {
        0 => time.as_secs().to_string(),
        nanos => {
            let text = format!("{}.{nanos:09}", time.as_secs());
            text.trim_end_matches('0').to_owned()
        }
    }
}

fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn plain(name: &str) -> String {
    name.replace([',', '\n', '\r'], " ")
}

fn columns(header: Line<'_>) -> Result<Vec<&'static str>, TraceError> {
    let mut columns = Vec::new();
    for field in header.split(',') {
        let field = field.trim();
        let known = COLUMNS
            .iter()
            .chain([&NUMA_CELLS])
            .find(|name| **name == field.text && !columns.contains(*name));
        let name = super::lines::excerpt(field.text);
        columns.push(*known.ok_or_else(|| field.error(Problem::UnknownColumn(name)))?);
    }
    for required in COLUMNS.iter().take(REQUIRED) {
        if !columns.contains(required) {
            return Err(header.end(Problem::Missing(required)));
        }
    }
    Ok(columns)
}

/// What has been read so far.
struct Table {
    builder: TraceBuilder,
    flavors: BTreeMap<(String, Size, Option<NonZeroU32>), FlavorId>,
    groups: BTreeMap<String, (GroupId, Option<ServerGroupRules>)>,
}

/// Processors, memory and disk: a key that can be ordered.
type Size = (u64, u64, u64);

impl Table {
    fn row(&mut self, line: Line<'_>, row: &BTreeMap<&str, Field<'_>>) -> Result<(), TraceError> {
        let required = |name: &'static str| {
            row.get(name)
                .copied()
                .ok_or_else(|| line.end(Problem::Missing(name)))
        };
        let flavor = self.flavor(
            line,
            (
                required("vcpus")?.parse("a number of processors")?,
                required("memory_mib")?.parse("an amount of memory in MiB")?,
                match row.get("disk_gib") {
                    Some(field) => field.parse("an amount of disk in GiB")?,
                    None => 0,
                },
            ),
            row.get("flavor").map(|field| field.text),
            optional(row, NUMA_CELLS, "a number of cells above 0")?,
        )?;
        let mut server = TraceServer::new(time(required("arrives")?)?, flavor);
        server.lifetime = row.get("lifetime").map(|field| time(*field)).transpose()?;
        server.batch = optional(row, "batch", "the number of a batch")?;
        server.fault_domain = optional(row, "fault_domain", "the number of a fault domain")?;
        server.zone = row.get("zone").map(|field| field.value()).transpose()?;
        server.group = self.group(row)?;
        for column in ["policy", "fault_domain"] {
            if let (None, Some(field)) = (server.group, row.get(column)) {
                return Err(field.error(Problem::Missing("its group")));
            }
        }
        self.builder.server(server)
    }

    fn flavor(
        &mut self,
        line: Line<'_>,
        size: Size,
        name: Option<&str>,
        cells: Option<NonZeroU32>,
    ) -> Result<FlavorId, TraceError> {
        let (vcpus, memory, disk) = size;
        let name = name.map_or_else(|| format!("{vcpus}x{memory}x{disk}"), str::to_owned);
        let key = (name, size, cells);
        if let Some(id) = self.flavors.get(&key) {
            return Ok(*id);
        }
        let resources = Resources::new()
            .with(ResourceClass::Vcpu, vcpus)
            .with(ResourceClass::MemoryMb, memory)
            .with(ResourceClass::DiskGb, disk);
        let flavor = self.builder.flavor(key.0.clone(), resources, cells);
        let id = flavor.map_err(|error| line.whole().because(error))?;
        self.flavors.insert(key, id);
        Ok(id)
    }

    fn group(&mut self, row: &BTreeMap<&str, Field<'_>>) -> Result<Option<GroupId>, TraceError> {
        let most = optional::<NonZeroU32>(row, "max_per_host", "a number above 0")?;
        let rules = match row.get("policy") {
            Some(field) => {
                let invalid =
                    |why: nova_core::Error| field.error(Problem::Invalid(why.to_string()));
                Some(ServerGroupRules::new(field.value()?, most).map_err(invalid)?)
            }
            None => None,
        };
        if let (None, Some(field)) = (rules, row.get("max_per_host")) {
            return Err(field.error(Problem::Missing("the policy of its group")));
        }
        let Some(field) = row.get("group") else {
            return Ok(None);
        };
        if let Some((id, former)) = self.groups.get(field.text) {
            if *former != rules {
                let problem = Problem::Mismatch("the group has another policy before");
                return Err(field.error(problem));
            }
            return Ok(Some(*id));
        }
        let id = self.builder.group(field.text, rules)?;
        self.groups.insert(field.text.to_owned(), (id, rules));
        Ok(Some(id))
    }
}

fn optional<T: std::str::FromStr>(
    row: &BTreeMap<&str, Field<'_>>,
    column: &str,
    expected: &'static str,
) -> Result<Option<T>, TraceError> {
    row.get(column)
        .map(|field| field.parse(expected))
        .transpose()
}

fn time(field: Field<'_>) -> Result<Duration, TraceError> {
    let expected = "a time in seconds";
    let seconds: f64 = field.parse(expected)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| field.expected(expected))
}

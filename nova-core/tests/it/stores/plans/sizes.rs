//! How many rows each table has, and what is in their columns: expressions of the row's number `n`.
//!
//! `{id: e}` stands for the UUID of the number `e`, `{hex: e}` for its eight hexadecimal digits.
//! Columns that are not named are as in the row that is there.

/// A table, the number of its rows, their columns, and which of them there are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) rows: u64,
    pub(super) columns: &'static [(&'static str, &'static str)],
    pub(super) condition: &'static str,
}

const fn table(
    name: &'static str,
    rows: u64,
    columns: &'static [(&'static str, &'static str)],
) -> Table {
    Table {
        name,
        rows,
        columns,
        condition: "0 = 0",
    }
}

const fn some(table: Table, condition: &'static str) -> Table {
    Table { condition, ..table }
}

/// 200 projects, 1,000 users and hosts with servers; each rare state every 500th has.
pub(super) const TABLES: &[Table] = &[
    table(
        "nova_servers",
        100_000,
        &[
            ("id", "{id: n}"),
            ("project_id", "CONCAT('project-', n % 200)"),
            ("user_id", "CONCAT('user-', n % 1000)"),
            ("name", "CONCAT('server-', 100000 + n)"),
            ("image_id", "{id: n % 50}"),
            ("availability_zone", "CONCAT('zone-', n % 5)"),
            ("host", "CONCAT('host-', n % 1000)"),
            (
                "vm_state",
                "CASE n % 500 WHEN 1 THEN 'error' WHEN 2 THEN 'building' WHEN 3 THEN 'deleted' \
                 ELSE 'active' END",
            ),
            ("task_state", "CASE n % 500 WHEN 4 THEN 'deleting' END"),
            (
                "power_state",
                "CASE n % 500 WHEN 5 THEN 'crashed' ELSE 'running' END",
            ),
            ("locked", "n % 500 = 6"),
            ("created_at", "n * 1000"),
            ("updated_at", "n * 7919 % 100000 * 1000"),
            ("deleted_at", "CASE n % 500 WHEN 3 THEN n * 1000 END"),
            ("flavor_id", "CONCAT('flavor-', n % 50)"),
        ],
    ),
    table(
        "nova_server_tags",
        100_000,
        &[
            ("server_id", "{id: n}"),
            ("tag", "CONCAT('tag-', n % 1000)"),
        ],
    ),
    table(
        "nova_server_tags",
        100_000,
        &[("server_id", "{id: n}"), ("tag", "'all'")],
    ),
    // Half of those that are deleted hold nothing.
    some(
        table(
            "nova_consumers",
            100_000,
            &[("id", "{id: n}"), ("request_id", "CONCAT('req-', n)")],
        ),
        "n % 1000 <> 3",
    ),
    some(
        table(
            "nova_allocations",
            300_000,
            &[
                ("consumer", "{id: n % 100000}"),
                ("host", "CONCAT('host-', n % 1000)"),
                (
                    "class",
                    "CASE WHEN n < 100000 THEN 'VCPU' WHEN n < 200000 THEN 'MEMORY_MB' \
                     ELSE 'DISK_GB' END",
                ),
            ],
        ),
        "n % 1000 <> 3",
    ),
    table(
        "nova_hosts",
        3_000,
        &[
            ("name", "CONCAT('host-', n)"),
            ("zone", "CONCAT('zone-', n % 20)"),
            ("last_seen", "n * 1000"),
            ("disabled", "n % 50 = 1"),
            ("forced_down", "n % 50 = 2"),
        ],
    ),
    table(
        "nova_inventories",
        12_000,
        &[
            ("host", "CONCAT('host-', n % 3000)"),
            (
                "class",
                "CASE WHEN n < 3000 THEN 'VCPU' WHEN n < 6000 THEN 'MEMORY_MB' \
                 WHEN n < 9000 THEN 'DISK_GB' ELSE 'consumers' END",
            ),
            ("offered", "n < 9000"),
            ("total", "1000000"),
            ("reserved", "0"),
            ("allocation_ratio", "1.0"),
            ("capacity", "1000000"),
            ("used", "1000"),
        ],
    ),
    table(
        "nova_faults",
        100_000,
        &[
            ("id", "n + 1000"),
            ("server_id", "{id: n}"),
            ("created_at", "n"),
        ],
    ),
    table(
        "nova_server_migrations",
        50_000,
        &[
            ("id", "{id: n}"),
            ("server_id", "{id: n}"),
            ("open_server", "CASE n % 500 WHEN 1 THEN {id: n} END"),
            ("in_progress", "n % 500 = 1"),
            (
                "kind",
                "CASE n % 500 WHEN 2 THEN 'evacuation' ELSE 'live-migration' END",
            ),
            (
                "status",
                "CASE n % 500 WHEN 1 THEN 'running' WHEN 3 THEN 'error' ELSE 'completed' END",
            ),
            ("source_host", "CONCAT('host-', n % 1000)"),
            ("dest_host", "CONCAT('host-', (n + 1) % 1000)"),
            ("project_id", "CONCAT('project-', n % 200)"),
            ("created_at", "n * 1000"),
            ("updated_at", "n * 1000"),
        ],
    ),
    table(
        "nova_actions",
        200_000,
        &[
            ("server_id", "{id: n % 100000}"),
            ("request_id", "CONCAT('req-', n)"),
            ("started_at", "n"),
        ],
    ),
    table(
        "nova_action_events",
        200_000,
        &[
            ("server_id", "{id: n % 100000}"),
            ("request_id", "CONCAT('req-', n)"),
            ("started_at", "n"),
        ],
    ),
    table(
        "nova_operations",
        50_000,
        &[
            ("id", "{id: n}"),
            ("kind", "CONCAT('kind-', n % 200)"),
            ("server_id", "{id: n}"),
            (
                "state",
                "CASE n % 500 WHEN 1 THEN 'running' WHEN 2 THEN 'unwinding' WHEN 3 THEN 'stuck' \
                 ELSE 'done' END",
            ),
            ("unfinished", "n % 500 IN (1, 2, 3)"),
            (
                "owner",
                "CASE WHEN n % 1000 IN (1, 2) THEN CONCAT('owner-', n % 7) END",
            ),
            (
                "lease_until",
                "CASE WHEN n % 1000 IN (1, 2) THEN 9000000000000000 \
                 ELSE -9223372036854775807 - 1 END",
            ),
            ("created_at", "n * 1000"),
            ("updated_at", "n * 1000"),
            (
                "finished_at",
                "CASE WHEN n % 500 IN (1, 2, 3) THEN NULL ELSE n * 1000 END",
            ),
        ],
    ),
    table(
        "nova_block_devices",
        100_000,
        &[
            ("id", "{id: n}"),
            ("server_id", "{id: n}"),
            ("device_name", "'/dev/vda'"),
            ("boot_index", "0"),
            ("volume_id", "{id: n}"),
        ],
    ),
    table(
        "nova_ports",
        100_000,
        &[
            ("id", "{id: n}"),
            ("server_id", "{id: n}"),
            ("network_id", "{id: n % 1000}"),
            (
                "mac",
                "CONCAT('fa:16:3e:', SUBSTR(CONCAT('', 100000 + n), 1, 2), ':', \
                 SUBSTR(CONCAT('', 100000 + n), 3, 2), ':', SUBSTR(CONCAT('', 100000 + n), 5, 2))",
            ),
        ],
    ),
    table(
        "nova_console_tokens",
        50_000,
        &[
            (
                "hash",
                "CONCAT('00000000000000000000000000000000000000000000000000000000', {hex: n})",
            ),
            ("server_id", "{id: n}"),
            ("expires_at", "n * 1000"),
        ],
    ),
    table(
        "nova_key_pair_owners",
        1_000,
        &[("user_id", "CONCAT('user-', n)")],
    ),
    table(
        "nova_key_pairs",
        50_000,
        &[
            ("user_id", "CONCAT('user-', n % 1000)"),
            ("name", "CONCAT('key-', n)"),
        ],
    ),
    table(
        "nova_server_groups",
        20_000,
        &[
            ("id", "{id: n}"),
            ("project_id", "CONCAT('project-', n % 200)"),
        ],
    ),
    table(
        "nova_server_group_members",
        60_000,
        &[("server_id", "{id: n}"), ("group_id", "{id: n % 20000}")],
    ),
    table(
        "nova_aggregates",
        1_000,
        &[
            ("id", "{id: n}"),
            ("name", "CONCAT('aggregate-', n)"),
            (
                "availability_zone",
                "CASE n % 50 WHEN 1 THEN CONCAT('zone-', n % 20) END",
            ),
            ("in_zone", "n % 50 = 1"),
        ],
    ),
    table(
        "nova_aggregate_hosts",
        2_000,
        &[
            ("aggregate_id", "{id: n % 1000}"),
            ("host", "CONCAT('host-', n)"),
        ],
    ),
    table(
        "nova_aggregate_metadata",
        3_000,
        &[
            ("aggregate_id", "{id: n % 1000}"),
            ("meta_key", "CONCAT('key-', n % 40 + n % 3)"),
            ("meta_value", "CONCAT('value-', n % 10)"),
        ],
    ),
    table("nova_cells", 200, &[("name", "CONCAT('cell-', n)")]),
    table(
        "nova_cell_members",
        100_000,
        &[
            ("kind", "'server'"),
            (
                "member",
                "CONCAT('00000000-0000-0000-0000-0000', {hex: n * 7919})",
            ),
            ("cell", "CONCAT('cell-', n % 200)"),
        ],
    ),
    table(
        "nova_cell_members",
        2_000,
        &[
            ("kind", "'host'"),
            ("member", "CONCAT('host-', n)"),
            ("cell", "CONCAT('cell-', n % 200)"),
        ],
    ),
    table(
        "nova_flavors",
        2_000,
        &[
            ("id", "CONCAT('flavor-', n)"),
            ("vcpus", "n % 64 + 1"),
            ("is_public", "n % 10 <> 0"),
        ],
    ),
    table(
        "nova_flavor_access",
        2_000,
        &[
            ("flavor_id", "CONCAT('flavor-', n % 200 * 10)"),
            ("project_id", "CONCAT('project-', n % 199)"),
        ],
    ),
    table(
        "nova_quota_limits",
        2_000,
        &[
            ("project_id", "CONCAT('project-', n)"),
            ("resource", "'cores'"),
            ("hard_limit", "1000000"),
        ],
    ),
    // Those of one project are there already.
    some(
        table(
            "nova_quota_usages",
            8_000,
            &[
                ("project_id", "CONCAT('project-', n % 2000)"),
                (
                    "resource",
                    "CASE WHEN n < 2000 THEN 'instances' WHEN n < 4000 THEN 'cores' \
                     WHEN n < 6000 THEN 'ram' ELSE 'server_groups' END",
                ),
                ("used", "100000"),
            ],
        ),
        "n % 2000 <> 7",
    ),
    table(
        "nova_archived_servers",
        20_000,
        &[
            ("id", "{id: n + 500000}"),
            ("project_id", "CONCAT('project-', n % 200)"),
            ("name", "CONCAT('server-', 100000 + n)"),
            ("deleted_at", "n * 1000"),
        ],
    ),
];

/// Whether a table has so few rows that a database may well read them all.
pub(super) fn is_small(name: &str) -> bool {
    let rows: u64 = TABLES
        .iter()
        .filter(|table| table.name == name)
        .map(|table| table.rows)
        .sum();
    (1..=2_000).contains(&rows)
}

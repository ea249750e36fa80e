//! What the databases answer to EXPLAIN.

use std::collections::BTreeMap;

use sea_orm::DbBackend;
use serde_json::Value;

use super::sizes::is_small;

/// What a plan does that takes longer the more rows there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cost {
    /// It reads a whole table, row by row.
    pub(super) scans: bool,
    /// It goes through an index from one end, until it has enough.
    pub(super) walks: bool,
    /// It goes through a range of an index: from a marker to the end, it may be, until it has
    /// enough.
    pub(super) ranges: bool,
    /// It sorts what it found.
    pub(super) sorts: bool,
}

/// The first column of each index, which PostgreSQL's plans do not tell.
pub(super) type Leading = BTreeMap<String, String>;

/// Reads a plan.
pub(super) fn cost(backend: DbBackend, plan: &str, leading: &Leading) -> Cost {
    match backend {
        DbBackend::Sqlite => sqlite(plan),
        DbBackend::Postgres => postgres(plan, leading),
        _ => mysql(plan),
    }
}

fn sqlite(plan: &str) -> Cost {
    let mut cost = Cost::default();
    for line in plan.lines() {
        let table = line.split("SCAN ").nth(1);
        // Not of a subquery's result, which is named in brackets.
        if table.is_some_and(|table| !table.starts_with('(') && !table.starts_with("CONSTANT")) {
            if line.contains(" USING ") {
                cost.walks = true;
            } else {
                cost.scans = true;
            }
        }
        // An index that is made for this once, of the whole table.
        cost.scans |= line.contains("AUTOMATIC");
        // A search for each value of the first column.
        cost.walks |= line.contains("(ANY(");
        cost.sorts |= line.contains("TEMP B-TREE");
        // The condition on the first column, as in `INDEX i (a=? AND b>?)`.
        let condition = line.rsplit_once('(').map(|(_, condition)| condition);
        let first = condition.and_then(|condition| condition.split(" AND ").next());
        cost.ranges |= first.is_some_and(|first| first.contains(['<', '>']));
    }
    cost
}

fn postgres(plan: &str, leading: &Leading) -> Cost {
    let mut cost = Cost {
        sorts: plan.contains("Sort Key"),
        ..Cost::default()
    };
    // A node and its properties.
    for node in plan.split("->") {
        let head = node.trim_start().lines().next().unwrap_or_default();
        let after = |words| {
            head.split_once(words)
                .and_then(|(_, rest)| first_word(rest))
        };
        let of_small = after(" on ").is_some_and(is_small);
        cost.scans |= head.starts_with("Seq Scan") && !of_small;
        let index = match head.contains("Bitmap Index Scan") {
            true => after(" on "),
            false => after(" using "),
        };
        let Some(index) = index else {
            continue;
        };
        let condition = node.lines().find_map(|line| line.split_once("Index Cond:"));
        let first = leading.get(index).map_or("?", String::as_str);
        match condition.and_then(|(_, condition)| operator(condition, first)) {
            None => cost.walks |= !of_small,
            Some(operator) => cost.ranges |= operator.starts_with(['<', '>']) && !of_small,
        }
    }
    cost
}

fn first_word(text: &str) -> Option<&str> {
    text.split_whitespace().next()
}

/// How the condition compares the column: `=` or `IS`, if it does so too.
fn operator<'a>(condition: &'a str, column: &str) -> Option<&'a str> {
    let operators = condition
        .split('(')
        .filter_map(|part| part.strip_prefix(column))
        .filter_map(|rest| first_word(rest.trim_start_matches(")::text")));
    let all: Vec<&str> = operators.collect();
    let equal = all.iter().find(|operator| matches!(**operator, "=" | "IS"));
    equal.or(all.first()).copied()
}

fn mysql(plan: &str) -> Cost {
    let mut cost = Cost {
        sorts: plan.contains("filesort"),
        ..Cost::default()
    };
    visit(&serde_json::from_str(plan).unwrap(), &mut cost);
    cost
}

fn visit(node: &Value, cost: &mut Cost) {
    match node {
        Value::Object(fields) => {
            let text = |name| fields.get(name).and_then(Value::as_str);
            // Not of a subquery's result, which is named in brackets.
            if text("table_name").is_some_and(|table| !table.starts_with('<')) {
                match text("access_type") {
                    Some("ALL") => cost.scans = true,
                    Some("index") => cost.walks = true,
                    // It does not tell a list of values from a range.
                    Some("range") => cost.ranges |= is_order(text("key").unwrap_or_default()),
                    _ => {}
                }
            }
            for field in fields.values() {
                visit(field, cost);
            }
        }
        Value::Array(items) => {
            for item in items {
                visit(item, cost);
            }
        }
        _ => {}
    }
}

/// Whether the index is there for the order of a list without conditions.
fn is_order(index: &str) -> bool {
    index.ends_with("_by_age")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Cost = Cost {
        scans: false,
        walks: false,
        ranges: false,
        sorts: false,
    };

    #[test]
    fn sqlite_is_read() {
        let none = Leading::new();
        let cost = |plan| cost(DbBackend::Sqlite, plan, &none);
        assert_eq!(
            cost("SCAN nova_servers\nUSE TEMP B-TREE FOR ORDER BY"),
            Cost {
                scans: true,
                sorts: true,
                ..NOTHING
            }
        );
        let walk = Cost {
            walks: true,
            ..NOTHING
        };
        assert_eq!(
            cost("SCAN nova_servers USING INDEX nova_servers_by_age"),
            walk
        );
        assert_eq!(cost("SEARCH t USING INDEX i (ANY(a) AND b=?)"), walk);
        assert!(cost("SEARCH t USING AUTOMATIC COVERING INDEX (a=?)").scans);
        assert_eq!(
            cost("SEARCH t USING INDEX i (a=?)\nSCAN (subquery-1)"),
            NOTHING
        );
    }

    #[test]
    fn postgres_is_read() {
        let leading = Leading::from([("i".to_owned(), "a".to_owned())]);
        let cost = |plan| cost(DbBackend::Postgres, plan, &leading);
        let scan = "Limit\n  ->  Sort\n  Sort Key: id\n  ->  Seq Scan on nova_servers";
        assert!(cost(scan).scans && cost(scan).sorts);
        assert_eq!(cost("Seq Scan on nova_cells  (cost=0.00)"), NOTHING);
        let search = "Limit\n  ->  Index Scan using i on t\n   Index Cond: ((a)::text = 'x')";
        assert_eq!(cost(search), NOTHING);
        let walk = Cost {
            walks: true,
            ..NOTHING
        };
        assert_eq!(cost("Index Only Scan using i on t\n  Filter: b"), walk);
        assert_eq!(cost("Index Scan using i on t\n  Index Cond: (b = 1)"), walk);
        let range = "Index Scan using i on t\n  Index Cond: ((b = 1) AND ((a)::text > 'x'))";
        assert!(cost(range).ranges && !cost(range).walks);
        let bitmap = "Bitmap Heap Scan on t\n  ->  Bitmap Index Scan on i\n  Index Cond: (a = 1)";
        assert_eq!(cost(bitmap), NOTHING);
    }

    #[test]
    fn mysql_is_read() {
        let none = Leading::new();
        let cost = |access: &str| {
            let table = format!(r#"{{"table_name": "nova_servers", "access_type": "{access}"}}"#);
            let plan = format!(r#"{{"query_block": {{"filesort": [{{"table": {table}}}]}}}}"#);
            cost(DbBackend::MySql, &plan, &none)
        };
        assert!(cost("ALL").scans && cost("ALL").sorts && !cost("ALL").walks);
        assert!(cost("index").walks && !cost("index").scans);
        assert!(!cost("range").walks && !cost("range").scans);
    }
}

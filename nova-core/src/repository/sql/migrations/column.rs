//! Columns as each database needs them.

use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration::sea_orm::sea_query::{ColumnDef, Table, TableCreateStatement};

/// A new table, if it is not there: where changes of the schema are not part of a transaction, a
/// migration that was cut off must be able to run again.
pub(super) fn table(backend: DbBackend, name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(name).if_not_exists();
    if backend == DbBackend::MySql {
        // Text is compared by its characters: case and accents count.
        table
            .engine("InnoDB")
            .character_set("utf8mb4")
            .collate("utf8mb4_bin");
    }
    table
}

/// Text of at most 255 characters, compared and ordered by its bytes.
pub(super) fn text(backend: DbBackend, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.string_len(255);
    if backend == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}

/// Text of any length that is never compared.
pub(super) fn long_text(backend: DbBackend, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    if backend == DbBackend::MySql {
        // Its TEXT ends at 64 KiB.
        column.custom("longtext");
    } else {
        column.text();
    }
    column
}

/// A UUID.
pub(super) fn uuid(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.uuid();
    column
}

/// A signed number of 64 bits.
pub(super) fn number(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.big_integer();
    column
}

/// Yes or no.
pub(super) fn flag(name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    column.boolean();
    column
}

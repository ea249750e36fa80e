//! Rows of cells.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::model::{Cell, CellUrl, Generation};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_cells")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub store_url: String,
    pub transport_url: String,
    pub disabled_reason: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub generation: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a cell.
pub(in crate::repository::sql) fn row(cell: &Cell) -> Result<ActiveModel> {
    Ok(ActiveModel {
        name: Set(cell.name.to_string()),
        store_url: Set(cell.store_url.expose().to_owned()),
        transport_url: Set(cell.transport_url.expose().to_owned()),
        disabled_reason: Set(json::write("disabled reason", &cell.disabled_reason)?),
        created_at: Set(cell.created_at.as_micros()),
        updated_at: Set(cell.updated_at.as_micros()),
        generation: Set(cell.generation.get().cast_signed()),
    })
}

impl Model {
    /// The cell of the row.
    pub(in crate::repository::sql) fn into_cell(self) -> Result<Cell, BoxError> {
        let mut cell = Cell::new(
            self.name.parse()?,
            CellUrl::new(self.store_url)?,
            CellUrl::new(self.transport_url)?,
            Timestamp::from_micros(self.created_at),
        );
        cell.disabled_reason = json::read(&self.disabled_reason)?;
        cell.updated_at = Timestamp::from_micros(self.updated_at);
        cell.generation = Generation::new(self.generation.cast_unsigned());
        Ok(cell)
    }
}

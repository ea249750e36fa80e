//! The repository of cells.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::{CellName, HostName, ServerId};
use crate::model::{Cell, CellMember};

/// Keeps cells, and which servers and hosts are in them.
///
/// The rows of those servers and hosts may be in the cell's store: what is mapped need not be in
/// this one, and nothing is unmapped but by [`cell_unmap`](Self::cell_unmap).
#[async_trait]
pub trait CellRepository: Debug + Send + Sync {
    /// Adds a cell. Its generation is kept as it is given.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if its name is taken.
    async fn cell_create(&self, cell: &Cell) -> Result<()>;

    /// The cell with this name.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn cell_get(&self, name: &CellName) -> Result<Cell>;

    /// A page of the cells, by name.
    async fn cell_list(&self, page: &PageRequest<CellName>) -> Result<Page<Cell, CellName>>;

    /// Writes the whole cell if the store still holds `cell.generation`, and returns it with the
    /// generation after that. `created_at` never changes: a difference in it is ignored.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound); [`Stale`](crate::Error::Stale) if it
    /// was written since.
    async fn cell_update(&self, cell: &Cell) -> Result<Cell>;

    /// Removes a cell. Returns whether it was there.
    ///
    /// # Errors
    /// [`InUse`](crate::Error::InUse) while a server or a host is mapped to it.
    async fn cell_delete(&self, name: &CellName) -> Result<bool>;

    /// Says which cell a server or host is in. Saying the same again is no error. To move it, unmap
    /// it first.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound) of the cell;
    /// [`InUse`](crate::Error::InUse) of the server or host if it is in another cell.
    async fn cell_map(&self, member: &CellMember, cell: &CellName) -> Result<()>;

    /// The cell that a server or host is in.
    async fn cell_of(&self, member: &CellMember) -> Result<Option<CellName>>;

    /// Forgets which cell a server or host is in. Returns whether it was in one.
    async fn cell_unmap(&self, member: &CellMember) -> Result<bool>;

    /// A page of the servers in a cell, by id; none if there is no such cell.
    async fn cell_servers(
        &self,
        cell: &CellName,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<ServerId, ServerId>>;

    /// A page of the hosts in a cell, by name; none if there is no such cell.
    async fn cell_hosts(
        &self,
        cell: &CellName,
        page: &PageRequest<HostName>,
    ) -> Result<Page<HostName, HostName>>;
}

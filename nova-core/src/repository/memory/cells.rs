//! Cells in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;

use super::page::cut;
use super::store::MemoryStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{CellName, HostName, ServerId};
use crate::model::{Cell, CellMember};
use crate::repository::{CellRepository, Page, PageRequest};

/// The table of cells.
#[derive(Default)]
pub(super) struct Cells {
    by_name: BTreeMap<CellName, Cell>,
    of_member: BTreeMap<CellMember, CellName>,
    members: BTreeMap<CellName, Members>,
}

/// What is in a cell.
#[derive(Default)]
struct Members {
    servers: BTreeSet<ServerId>,
    hosts: BTreeSet<HostName>,
}

impl Members {
    fn is_empty(&self) -> bool {
        self.servers.is_empty() && self.hosts.is_empty()
    }

    fn insert(&mut self, member: &CellMember) {
        match member {
            CellMember::Server(id) => self.servers.insert(*id),
            CellMember::Host(name) => self.hosts.insert(name.clone()),
        };
    }

    fn remove(&mut self, member: &CellMember) {
        match member {
            CellMember::Server(id) => self.servers.remove(id),
            CellMember::Host(name) => self.hosts.remove(name),
        };
    }
}

impl Cells {
    fn get(&self, name: &CellName) -> Result<&Cell> {
        self.by_name
            .get(name)
            .ok_or_else(|| Error::not_found(ObjectKind::Cell, name))
    }
}

#[async_trait]
impl CellRepository for MemoryStore {
    async fn cell_create(&self, cell: &Cell) -> Result<()> {
        let cells = &mut self.tables().cells;
        if cells.by_name.contains_key(&cell.name) {
            return Err(Error::already_exists(ObjectKind::Cell, &cell.name));
        }
        cells.by_name.insert(cell.name.clone(), cell.clone());
        Ok(())
    }

    async fn cell_get(&self, name: &CellName) -> Result<Cell> {
        self.tables().cells.get(name).cloned()
    }

    async fn cell_list(&self, page: &PageRequest<CellName>) -> Result<Page<Cell, CellName>> {
        let cells = &self.tables().cells;
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let after = cells
            .by_name
            .range::<CellName, _>((start, Bound::Unbounded))
            .map(|(_, cell)| cell);
        Ok(cut(after, page.limit(), |cell| cell.name.clone()))
    }

    async fn cell_update(&self, cell: &Cell) -> Result<Cell> {
        let cells = &mut self.tables().cells;
        let held = cells.get(&cell.name)?;
        if held.generation != cell.generation {
            let (kind, name) = (ObjectKind::Cell, &cell.name);
            return Err(Error::stale(kind, name, cell.generation));
        }
        let written = Cell {
            created_at: held.created_at,
            generation: cell.generation.next(),
            ..cell.clone()
        };
        cells.by_name.insert(cell.name.clone(), written.clone());
        Ok(written)
    }

    async fn cell_delete(&self, name: &CellName) -> Result<bool> {
        let cells = &mut self.tables().cells;
        if cells.members.contains_key(name) {
            let by = "servers or hosts are mapped to it";
            return Err(Error::in_use(ObjectKind::Cell, name, by));
        }
        Ok(cells.by_name.remove(name).is_some())
    }

    async fn cell_map(&self, member: &CellMember, cell: &CellName) -> Result<()> {
        let cells = &mut self.tables().cells;
        cells.get(cell)?;
        match cells.of_member.get(member) {
            Some(held) if held == cell => return Ok(()),
            Some(held) => return Err(elsewhere(member, held.as_str())),
            None => {}
        }
        cells
            .members
            .entry(cell.clone())
            .or_default()
            .insert(member);
        cells.of_member.insert(member.clone(), cell.clone());
        Ok(())
    }

    async fn cell_of(&self, member: &CellMember) -> Result<Option<CellName>> {
        Ok(self.tables().cells.of_member.get(member).cloned())
    }

    async fn cell_unmap(&self, member: &CellMember) -> Result<bool> {
        let cells = &mut self.tables().cells;
        let Some(cell) = cells.of_member.remove(member) else {
            return Ok(false);
        };
        if let Some(members) = cells.members.get_mut(&cell) {
            members.remove(member);
            if members.is_empty() {
                cells.members.remove(&cell);
            }
        }
        Ok(true)
    }

    async fn cell_servers(
        &self,
        cell: &CellName,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<ServerId, ServerId>> {
        let cells = &self.tables().cells;
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let ids = cells
            .members
            .get(cell)
            .into_iter()
            .flat_map(|members| members.servers.range((start, Bound::Unbounded)));
        Ok(cut(ids, page.limit(), |id| *id))
    }

    async fn cell_hosts(
        &self,
        cell: &CellName,
        page: &PageRequest<HostName>,
    ) -> Result<Page<HostName, HostName>> {
        let cells = &self.tables().cells;
        let start = page.marker().map_or(Bound::Unbounded, Bound::Excluded);
        let names = cells.members.get(cell).into_iter().flat_map(|members| {
            members
                .hosts
                .range::<HostName, _>((start, Bound::Unbounded))
        });
        Ok(cut(names, page.limit(), Clone::clone))
    }
}

/// The error for what is in another cell.
fn elsewhere(member: &CellMember, cell: &str) -> Error {
    let by = format!("it is in cell {cell}");
    match member {
        CellMember::Server(id) => Error::in_use(ObjectKind::Server, id, by),
        CellMember::Host(name) => Error::in_use(ObjectKind::Host, name, by),
    }
}

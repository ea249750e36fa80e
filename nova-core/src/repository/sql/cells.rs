//! Cells in SQL.

use async_trait::async_trait;
use sea_orm::{
    ActiveValue, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};

use super::entity::cell::{ActiveModel, Column, Entity, row};
use super::entity::cell_member as member;
use super::op::{Op, is_orphan, is_taken};
use super::server_list::cut;
use super::store::SqlStore;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{CellName, HostName, ServerId};
use crate::model::{Cell, CellMember, CellMemberKind};
use crate::repository::{CellRepository, Page, PageRequest};

#[async_trait]
impl CellRepository for SqlStore {
    async fn cell_create(&self, cell: &Cell) -> Result<()> {
        let op = self.op("create a cell");
        let row = row(cell)?;
        self.retried(|| async {
            let _turn = self.turn().await;
            let insert = Entity::insert(row.clone());
            match insert.exec_without_returning(&self.db).await {
                Ok(_) => Ok(()),
                Err(error) if is_taken(&error) => {
                    Err(Error::already_exists(ObjectKind::Cell, &cell.name))
                }
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
    }

    async fn cell_get(&self, name: &CellName) -> Result<Cell> {
        self.cell_row(name, self.op("read a cell")).await
    }

    async fn cell_list(&self, page: &PageRequest<CellName>) -> Result<Page<Cell, CellName>> {
        let op = self.op("list cells");
        let mut select = Entity::find();
        if let Some(marker) = page.marker() {
            select = select.filter(Column::Name.gt(marker.as_str()));
        }
        let rows = select
            .order_by_asc(Column::Name)
            .limit(u64::from(page.limit()) + 1)
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))?;
        let cells = rows
            .into_iter()
            .map(|row| row.into_cell().map_err(|e| op.corrupt(e)));
        cut(cells, page.limit(), |cell| cell.name.clone())
    }

    async fn cell_update(&self, cell: &Cell) -> Result<Cell> {
        let op = self.op("write a cell");
        let stale = || Error::stale(ObjectKind::Cell, &cell.name, cell.generation);
        let held = self.cell_row(&cell.name, op).await?;
        if held.generation != cell.generation {
            return Err(stale());
        }
        let written = Cell {
            created_at: held.created_at,
            generation: cell.generation.next(),
            ..cell.clone()
        };
        let row = ActiveModel {
            name: ActiveValue::NotSet,
            created_at: ActiveValue::NotSet,
            ..row(&written)?
        };
        let update = Entity::update_many()
            .set(row)
            .filter(Column::Name.eq(cell.name.as_str()))
            .filter(Column::Generation.eq(cell.generation.get().cast_signed()));
        let done = self
            .retried(|| async {
                let _turn = self.turn().await;
                let update = update.clone().exec(&self.db).await;
                update.map_err(|error| op.failed(error))
            })
            .await?;
        if done.rows_affected == 0 {
            // Written or deleted since it was read above.
            self.cell_row(&cell.name, op).await?;
            return Err(stale());
        }
        Ok(written)
    }

    async fn cell_delete(&self, name: &CellName) -> Result<bool> {
        let op = self.op("delete a cell");
        self.retried(|| async {
            let _turn = self.turn().await;
            match Entity::delete_by_id(name.as_str()).exec(&self.db).await {
                Ok(deleted) => Ok(deleted.rows_affected > 0),
                Err(error) if is_orphan(&error) => {
                    let by = "servers or hosts are mapped to it";
                    Err(Error::in_use(ObjectKind::Cell, name, by))
                }
                Err(error) => Err(op.failed(error)),
            }
        })
        .await
    }

    async fn cell_map(&self, member: &CellMember, cell: &CellName) -> Result<()> {
        let op = self.op("map to a cell");
        self.retried(|| self.map_once(member, cell, op)).await
    }

    async fn cell_of(&self, member: &CellMember) -> Result<Option<CellName>> {
        self.cell_of_member(member, self.op("read which cell it is"))
            .await
    }

    async fn cell_unmap(&self, member: &CellMember) -> Result<bool> {
        let op = self.op("unmap from a cell");
        self.retried(|| async {
            let _turn = self.turn().await;
            let delete = member::Entity::delete_by_id(member::key(member));
            let deleted = delete.exec(&self.db).await;
            Ok(deleted.map_err(|error| op.failed(error))?.rows_affected > 0)
        })
        .await
    }

    async fn cell_servers(
        &self,
        cell: &CellName,
        page: &PageRequest<ServerId>,
    ) -> Result<Page<ServerId, ServerId>> {
        let op = self.op("list the servers of a cell");
        let marker = page.marker().map(ToString::to_string);
        let kind = CellMemberKind::Server;
        let texts = self.members(cell, kind, marker, page.limit(), op).await?;
        let ids = texts
            .into_iter()
            .map(|text| text.parse::<ServerId>().map_err(|e| op.corrupt(e)));
        cut(ids, page.limit(), |id| *id)
    }

    async fn cell_hosts(
        &self,
        cell: &CellName,
        page: &PageRequest<HostName>,
    ) -> Result<Page<HostName, HostName>> {
        let op = self.op("list the hosts of a cell");
        let marker = page.marker().map(ToString::to_string);
        let kind = CellMemberKind::Host;
        let texts = self.members(cell, kind, marker, page.limit(), op).await?;
        let names = texts
            .into_iter()
            .map(|text| HostName::new(text).map_err(|e| op.corrupt(e)));
        cut(names, page.limit(), Clone::clone)
    }
}

impl SqlStore {
    async fn cell_row(&self, name: &CellName, op: Op) -> Result<Cell> {
        let found = Entity::find_by_id(name.as_str()).one(&self.db).await;
        match found.map_err(|error| op.failed(error))? {
            Some(row) => row.into_cell().map_err(|error| op.corrupt(error)),
            None => Err(Error::not_found(ObjectKind::Cell, name)),
        }
    }

    async fn cell_of_member(&self, of: &CellMember, op: Op) -> Result<Option<CellName>> {
        let found = member::Entity::find_by_id(member::key(of))
            .one(&self.db)
            .await;
        let row = found.map_err(|error| op.failed(error))?;
        row.map(|row| CellName::new(row.cell).map_err(|error| op.corrupt(error)))
            .transpose()
    }

    async fn map_once(&self, member: &CellMember, cell: &CellName, op: Op) -> Result<()> {
        let missing = || Error::not_found(ObjectKind::Cell, cell);
        let there = Entity::find_by_id(cell.as_str()).count(&self.db).await;
        if there.map_err(|error| op.failed(error))? == 0 {
            return Err(missing());
        }
        let inserted = {
            let _turn = self.turn().await;
            let insert = member::Entity::insert(member::row(member, cell));
            insert.exec_without_returning(&self.db).await
        };
        match inserted {
            Ok(_) => Ok(()),
            Err(error) if is_taken(&error) => match self.cell_of_member(member, op).await? {
                Some(held) if held == *cell => Ok(()),
                Some(held) => Err(elsewhere(member, &held)),
                // Unmapped in between.
                None => Err(op.interrupted()),
            },
            Err(error) if is_orphan(&error) => Err(missing()),
            Err(error) => Err(op.failed(error)),
        }
    }

    /// One more than a page of the texts of a kind of member.
    async fn members(
        &self,
        cell: &CellName,
        kind: CellMemberKind,
        marker: Option<String>,
        limit: u32,
        op: Op,
    ) -> Result<Vec<String>> {
        let mut select = member::Entity::find()
            .select_only()
            .column(member::Column::Member)
            .filter(member::Column::Cell.eq(cell.as_str()))
            .filter(member::Column::Kind.eq(kind.as_str()));
        if let Some(marker) = marker {
            select = select.filter(member::Column::Member.gt(marker));
        }
        select
            .order_by_asc(member::Column::Member)
            .limit(u64::from(limit) + 1)
            .into_tuple()
            .all(&self.db)
            .await
            .map_err(|error| op.failed(error))
    }
}

/// The error for what is in another cell.
fn elsewhere(member: &CellMember, cell: &CellName) -> Error {
    let by = format!("it is in cell {cell}");
    match member {
        CellMember::Server(id) => Error::in_use(ObjectKind::Server, id, by),
        CellMember::Host(name) => Error::in_use(ObjectKind::Host, name, by),
    }
}

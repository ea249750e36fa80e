//! Rows of servers.

use std::collections::BTreeMap;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use sea_orm::{FromQueryResult, QueryResult};

use super::json;
use super::server_details::Details;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::{ImageId, ServerId};
use crate::model::{Flavor, Generation, Hostname, Server, UserData};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_servers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: String,
    pub user_id: String,
    pub name: String,
    pub flavor: String,
    pub image_id: Uuid,
    pub availability_zone: Option<String>,
    pub host: Option<String>,
    pub vm_state: String,
    pub task_state: Option<String>,
    pub power_state: String,
    pub locked: bool,
    pub created_at: i64,
    pub updated_at: i64,
    pub launched_at: Option<i64>,
    pub deleted_at: Option<i64>,
    pub generation: i64,
    pub flavor_id: Option<String>,
    pub details: Option<String>,
    pub user_data: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a server.
pub(in crate::repository::sql) fn row(server: &Server) -> Result<ActiveModel> {
    Ok(ActiveModel {
        id: Set(*server.id.as_uuid()),
        project_id: Set(server.project_id.to_string()),
        user_id: Set(server.user_id.to_string()),
        name: Set(server.name.to_string()),
        flavor: Set(json::write("flavor", &server.flavor)?),
        image_id: Set(*server.image_id.as_uuid()),
        availability_zone: Set(server.availability_zone.as_ref().map(ToString::to_string)),
        host: Set(server.host.as_ref().map(ToString::to_string)),
        vm_state: Set(server.vm_state.to_string()),
        task_state: Set(server.task_state.as_ref().map(ToString::to_string)),
        power_state: Set(server.power_state.to_string()),
        locked: Set(server.locked()),
        created_at: Set(server.created_at.as_micros()),
        updated_at: Set(server.updated_at.as_micros()),
        launched_at: Set(server.launched_at.map(Timestamp::as_micros)),
        deleted_at: Set(server.deleted_at.map(Timestamp::as_micros)),
        generation: Set(server.generation.get().cast_signed()),
        flavor_id: Set(Some(server.flavor.id().to_string())),
        details: Set(Details::of(server)
            .map(|details| json::write("server", &details))
            .transpose()?),
        user_data: Set(server
            .user_data
            .as_ref()
            .map(|data| data.expose().to_owned())),
    })
}

/// Flavors that were read already, by their texts.
#[derive(Default)]
pub(in crate::repository::sql) struct Flavors(BTreeMap<String, Flavor>);

impl Flavors {
    fn read(&mut self, text: String) -> Result<Flavor, BoxError> {
        if let Some(flavor) = self.0.get(&text) {
            return Ok(flavor.clone());
        }
        let flavor: Flavor = json::read(&text)?;
        self.0.insert(text, flavor.clone());
        Ok(flavor)
    }
}

/// A row whose columns are found by their places, which are those of the entity, and not by their
/// names: half the work, where there are many.
pub(in crate::repository::sql) struct Placed(pub(in crate::repository::sql) Model);

impl FromQueryResult for Placed {
    fn from_query_result(row: &QueryResult, _prefix: &str) -> Result<Self, DbErr> {
        Ok(Self(Model {
            id: row.try_get_by_index(0)?,
            project_id: row.try_get_by_index(1)?,
            user_id: row.try_get_by_index(2)?,
            name: row.try_get_by_index(3)?,
            flavor: row.try_get_by_index(4)?,
            image_id: row.try_get_by_index(5)?,
            availability_zone: row.try_get_by_index(6)?,
            host: row.try_get_by_index(7)?,
            vm_state: row.try_get_by_index(8)?,
            task_state: row.try_get_by_index(9)?,
            power_state: row.try_get_by_index(10)?,
            locked: row.try_get_by_index(11)?,
            created_at: row.try_get_by_index(12)?,
            updated_at: row.try_get_by_index(13)?,
            launched_at: row.try_get_by_index(14)?,
            deleted_at: row.try_get_by_index(15)?,
            generation: row.try_get_by_index(16)?,
            flavor_id: row.try_get_by_index(17)?,
            details: row.try_get_by_index(18)?,
            user_data: row.try_get_by_index(19)?,
        }))
    }
}

impl Model {
    /// The server of the row. A row of a version that knew no details has none.
    pub(in crate::repository::sql) fn into_server(self) -> Result<Server, BoxError> {
        self.into_server_of(&mut Flavors::default())
    }

    /// The same for one of many rows, of which few have flavors of their own.
    pub(in crate::repository::sql) fn into_server_of(
        self,
        flavors: &mut Flavors,
    ) -> Result<Server, BoxError> {
        let id = ServerId::from_uuid(self.id);
        let name = self.name.parse()?;
        let details = match &self.details {
            Some(text) => json::read(text)?,
            None => Details::default(),
        };
        Ok(Server {
            lock: details.lock_of(self.locked),
            metadata: details.metadata,
            tags: details.tags,
            description: details.description,
            user_data: self.user_data.map(UserData::new).transpose()?,
            key: details.key,
            config_drive: details.config_drive,
            hostname: details.hostname.unwrap_or_else(|| Hostname::of(&name, id)),
            access_ip_v4: details.access_ip_v4,
            access_ip_v6: details.access_ip_v6,
            old_flavor: details.old_flavor,
            new_flavor: details.new_flavor,
            progress: details.progress,
            hidden: details.hidden,
            id,
            name,
            project_id: self.project_id.parse()?,
            user_id: self.user_id.parse()?,
            flavor: flavors.read(self.flavor)?,
            image_id: ImageId::from_uuid(self.image_id),
            availability_zone: self.availability_zone.map(TryInto::try_into).transpose()?,
            host: self.host.map(TryInto::try_into).transpose()?,
            vm_state: self.vm_state.parse()?,
            task_state: self.task_state.map(|state| state.parse()).transpose()?,
            power_state: self.power_state.parse()?,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
            launched_at: self.launched_at.map(Timestamp::from_micros),
            deleted_at: self.deleted_at.map(Timestamp::from_micros),
            generation: Generation::new(self.generation.cast_unsigned()),
        })
    }
}

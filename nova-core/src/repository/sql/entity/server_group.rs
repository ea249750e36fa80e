//! Rows of server groups. Their members are in rows of their own.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use crate::env::Timestamp;
use crate::error::BoxError;
use crate::id::{ServerGroupId, ServerId};
use crate::model::{ServerGroup, ServerGroupRules};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_server_groups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: String,
    pub user_id: String,
    pub name: String,
    pub policy: String,
    pub max_server_per_host: Option<i64>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a server group.
pub(in crate::repository::sql) fn row(group: &ServerGroup) -> ActiveModel {
    let most = group.rules.max_server_per_host();
    ActiveModel {
        id: Set(*group.id.as_uuid()),
        project_id: Set(group.project_id.to_string()),
        user_id: Set(group.user_id.to_string()),
        name: Set(group.name.to_string()),
        policy: Set(group.rules.policy().to_string()),
        max_server_per_host: Set(most.map(|most| i64::from(most.get()))),
        created_at: Set(group.created_at.as_micros()),
    }
}

impl Model {
    /// The server group of the row, with its members.
    pub(in crate::repository::sql) fn into_server_group(
        self,
        members: BTreeSet<ServerId>,
    ) -> Result<ServerGroup, BoxError> {
        let most = self.max_server_per_host.map(u32::try_from).transpose()?;
        let most = most.map(NonZeroU32::try_from).transpose()?;
        let mut group = ServerGroup::new(
            ServerGroupId::from_uuid(self.id),
            self.project_id.parse()?,
            self.user_id.parse()?,
            self.name.parse()?,
            ServerGroupRules::new(self.policy.parse()?, most)?,
            Timestamp::from_micros(self.created_at),
        );
        group.members = members;
        Ok(group)
    }
}

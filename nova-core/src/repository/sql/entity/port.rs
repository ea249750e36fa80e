//! Rows of ports.

use std::collections::BTreeSet;
use std::net::IpAddr;

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::json;
use crate::error::{BoxError, Result};
use crate::id::{NetworkId, PortId, ServerId};
use crate::model::{DeviceTag, FixedIp, Generation, ServerPort};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_ports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub server_id: Uuid,
    pub network_id: Uuid,
    pub mac: String,
    pub vif_type: String,
    pub active: bool,
    pub mtu: Option<i64>,
    pub tag: Option<String>,
    pub position: i64,
    pub lists: String,
    pub generation: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What a port has several of.
#[derive(Serialize, Deserialize)]
struct Lists {
    fixed_ips: Vec<FixedIp>,
    floating_ips: BTreeSet<IpAddr>,
    security_groups: BTreeSet<String>,
}

/// The row of a port.
pub(in crate::repository::sql) fn row(port: &ServerPort) -> Result<ActiveModel> {
    let lists = Lists {
        fixed_ips: port.fixed_ips().to_vec(),
        floating_ips: port.floating_ips().clone(),
        security_groups: port.security_groups().clone(),
    };
    Ok(ActiveModel {
        id: Set(*port.id().as_uuid()),
        server_id: Set(*port.server_id().as_uuid()),
        network_id: Set(*port.network_id().as_uuid()),
        mac: Set(port.mac().to_string()),
        vif_type: Set(port.vif_type().to_string()),
        active: Set(port.active()),
        mtu: Set(port.mtu().map(i64::from)),
        tag: Set(port.tag().map(ToString::to_string)),
        position: Set(i64::from(port.order())),
        lists: Set(json::write("port", &lists)?),
        generation: Set(port.generation().get().cast_signed()),
    })
}

impl Model {
    /// The port of the row.
    pub(in crate::repository::sql) fn into_port(self) -> Result<ServerPort, BoxError> {
        let lists: Lists = json::read(&self.lists)?;
        let port = ServerPort::builder(
            PortId::from_uuid(self.id),
            ServerId::from_uuid(self.server_id),
            NetworkId::from_uuid(self.network_id),
            self.mac.parse()?,
        )
        .fixed_ips(lists.fixed_ips)
        .floating_ips(lists.floating_ips)
        .security_groups(lists.security_groups)
        .vif_type(self.vif_type.parse()?)
        .active(self.active)
        .mtu(self.mtu.map(u32::try_from).transpose()?)
        .tag(self.tag.map(DeviceTag::new).transpose()?)
        .order(u32::try_from(self.position)?)
        .generation(Generation::new(self.generation.cast_unsigned()));
        Ok(port.build()?)
    }
}

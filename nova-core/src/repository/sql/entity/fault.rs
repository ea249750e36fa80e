//! Rows of faults.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::json;
use crate::env::Timestamp;
use crate::error::{BoxError, Result};
use crate::id::ServerId;
use crate::model::Fault;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_faults")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub server_id: Uuid,
    pub request_id: String,
    pub code: i32,
    pub texts: String,
    pub host: Option<String>,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What a fault says, which may have any character in it.
#[derive(Serialize, Deserialize)]
struct Texts {
    message: String,
    details: Option<String>,
}

/// The row of a fault, which gets its number from the table.
pub(in crate::repository::sql) fn row(fault: &Fault) -> Result<ActiveModel> {
    let texts = Texts {
        message: fault.message.clone(),
        details: fault.details.clone(),
    };
    Ok(ActiveModel {
        id: NotSet,
        server_id: Set(*fault.server_id.as_uuid()),
        request_id: Set(fault.request_id.to_string()),
        code: Set(i32::from(fault.code)),
        texts: Set(json::write("fault", &texts)?),
        host: Set(fault.host.as_ref().map(ToString::to_string)),
        created_at: Set(fault.created_at.as_micros()),
    })
}

impl Model {
    /// The fault of the row.
    pub(in crate::repository::sql) fn into_fault(self) -> Result<Fault, BoxError> {
        let Texts { message, details } = json::read(&self.texts)?;
        Ok(Fault {
            server_id: ServerId::from_uuid(self.server_id),
            request_id: self.request_id.parse()?,
            code: u16::try_from(self.code)?,
            message,
            details,
            host: self.host.map(TryInto::try_into).transpose()?,
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}

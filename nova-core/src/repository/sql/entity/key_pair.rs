//! Rows of key pairs.

use sea_orm::ActiveValue::Set;
use sea_orm::entity::prelude::*;

use crate::env::Timestamp;
use crate::error::BoxError;
use crate::model::{KeyFingerprints, KeyPair, PublicKey};

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "nova_key_pairs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub user_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    pub key_type: String,
    pub public_key: String,
    pub md5: String,
    pub sha256: String,
    pub created_at: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The row of a key pair.
pub(in crate::repository::sql) fn row(pair: &KeyPair) -> ActiveModel {
    ActiveModel {
        user_id: Set(pair.user_id.to_string()),
        name: Set(pair.name.to_string()),
        key_type: Set(pair.key_type.to_string()),
        public_key: Set(pair.public_key.as_str().to_owned()),
        md5: Set(pair.fingerprints.md5().to_owned()),
        sha256: Set(pair.fingerprints.sha256().to_owned()),
        created_at: Set(pair.created_at.as_micros()),
    }
}

impl Model {
    /// The key pair of the row.
    pub(in crate::repository::sql) fn into_key_pair(self) -> Result<KeyPair, BoxError> {
        let mut pair = KeyPair::new(
            self.user_id.parse()?,
            self.name.parse()?,
            PublicKey::new(&self.public_key)?,
            KeyFingerprints::new(self.md5, self.sha256)?,
            Timestamp::from_micros(self.created_at),
        );
        pair.key_type = self.key_type.parse()?;
        Ok(pair)
    }
}

//! The key pair as it is kept.

use serde::{Deserialize, Serialize};

use super::{KeyFingerprints, KeyPairName, PublicKey};
use crate::env::Timestamp;
use crate::id::UserId;
use crate::text_enum::text_enum;

text_enum! {
    /// What a key pair is for, by Nova's names. Certificates (`x509`) are not kept.
    #[non_exhaustive]
    pub enum KeyPairType: "key pair type" {
        /// To log in by SSH.
        Ssh = "ssh",
    }
}

/// A user's public key under a name. It is created and deleted, never changed; its private half is
/// never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct KeyPair {
    /// Whose it is.
    pub user_id: UserId,
    /// Its name, among the user's.
    pub name: KeyPairName,
    /// What it is for.
    pub key_type: KeyPairType,
    /// The public key.
    pub public_key: PublicKey,
    /// The public key's fingerprints.
    pub fingerprints: KeyFingerprints,
    /// When it was created.
    pub created_at: Timestamp,
}

impl KeyPair {
    /// A key pair to log in by SSH. That the fingerprints are the key's, the caller vouches for;
    /// the feature `keys` adds an import that finds them out.
    pub fn new(
        user_id: UserId,
        name: KeyPairName,
        public_key: PublicKey,
        fingerprints: KeyFingerprints,
        now: Timestamp,
    ) -> Self {
        Self {
            user_id,
            name,
            key_type: KeyPairType::Ssh,
            public_key,
            fingerprints,
            created_at: now,
        }
    }
}

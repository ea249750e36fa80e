//! Guests as a hypervisor knows them.

use std::fmt;
use std::str::FromStr;

use nova_core::state::PowerState;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};

/// A guest's id: the same on every host that it ever runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GuestId(Uuid);

impl GuestId {
    /// The id with this UUID.
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID behind the id.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl From<nova_core::id::ServerId> for GuestId {
    fn from(server: nova_core::id::ServerId) -> Self {
        Self(*server.as_uuid())
    }
}

impl From<GuestId> for nova_core::id::ServerId {
    fn from(guest: GuestId) -> Self {
        Self::from_uuid(guest.0)
    }
}

impl fmt::Display for GuestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for GuestId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| Error::invalid("guest id", "it is not a UUID"))
    }
}

/// A guest, as the hypervisor finds it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guest {
    /// Its id.
    pub id: GuestId,
    /// Its name, for people.
    pub name: String,
    /// Its power state.
    pub power_state: PowerState,
}

//! Resources that servers and migrations hold on hosts.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Resources;
use crate::id::{HostName, MigrationId, RequestId, ServerId};

/// Who holds resources.
///
/// A server holds what it runs with. While it moves, its [migration](Self::Migration) holds what
/// it leaves: the source stays held until the move is confirmed, as in Nova. No migration has the
/// UUID of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Consumer {
    /// A server.
    Server(ServerId),
    /// A migration of a server.
    Migration(MigrationId),
}

impl Consumer {
    /// The UUID of the server or migration.
    pub const fn as_uuid(&self) -> &Uuid {
        match self {
            Self::Server(id) => id.as_uuid(),
            Self::Migration(id) => id.as_uuid(),
        }
    }

    /// The server, if it is one.
    pub const fn server(&self) -> Option<ServerId> {
        match self {
            Self::Server(id) => Some(*id),
            Self::Migration(_) => None,
        }
    }
}

impl From<ServerId> for Consumer {
    fn from(id: ServerId) -> Self {
        Self::Server(id)
    }
}

impl From<MigrationId> for Consumer {
    fn from(id: MigrationId) -> Self {
        Self::Migration(id)
    }
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_uuid().fmt(f)
    }
}

/// A request to hold resources, all of them or none.
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::{RequestId, ServerId};
/// use nova_core::model::{Claim, ResourceClass, Resources};
///
/// let env = Env::system();
/// let two = Resources::new().with(ResourceClass::Vcpu, 2);
/// let claim = Claim::on(ServerId::generate(&env), RequestId::generate(&env), "node-1".parse()?, two);
/// assert_eq!(claim.resources.len(), 1);
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Claim {
    /// Who will hold them.
    pub consumer: Consumer,
    /// The request for which they are claimed. The same claim of the same request may be made
    /// again, after a lost answer; one of another request may not.
    pub request: RequestId,
    /// What, on which host.
    pub resources: BTreeMap<HostName, Resources>,
}

impl Claim {
    /// A claim on one host.
    pub fn on(
        consumer: impl Into<Consumer>,
        request: RequestId,
        host: HostName,
        resources: Resources,
    ) -> Self {
        Self::over(consumer, request, BTreeMap::from([(host, resources)]))
    }

    /// A claim on several hosts.
    pub fn over(
        consumer: impl Into<Consumer>,
        request: RequestId,
        resources: BTreeMap<HostName, Resources>,
    ) -> Self {
        Self {
            consumer: consumer.into(),
            request,
            resources,
        }
    }
}

/// A request to hold resources elsewhere, while those that the server leaves stay held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClaimMove {
    /// The server that moves. It will hold [`resources`](Self::resources).
    pub server: ServerId,
    /// The migration, which will hold what the server holds now.
    pub migration: MigrationId,
    /// The request for which it is moved.
    pub request: RequestId,
    /// What the server is to hold, on which host: another one, or the same with other amounts.
    pub resources: BTreeMap<HostName, Resources>,
}

impl ClaimMove {
    /// A move of what the server holds to the destination.
    pub fn to(
        server: ServerId,
        migration: MigrationId,
        request: RequestId,
        destination: HostName,
        resources: Resources,
    ) -> Self {
        Self {
            server,
            migration,
            request,
            resources: BTreeMap::from([(destination, resources)]),
        }
    }
}

/// What a consumer holds on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// Who holds it.
    pub consumer: Consumer,
    /// On which host.
    pub host: HostName,
    /// How much.
    pub resources: Resources,
}

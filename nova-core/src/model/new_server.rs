//! What is needed to begin a server.

use std::net::{Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use super::{Description, Flavor, Hostname, Metadata, ServerKey, ServerName, Tags, UserData};
use crate::id::{ImageId, ProjectId, ServerId, UserId, ZoneName};

/// What is needed to begin a server.
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::{ImageId, ServerId};
/// use nova_core::model::{Flavor, NewServer, Server};
/// use nova_core::units::{Gibibytes, Mebibytes};
///
/// let env = Env::system();
/// let tiny = Flavor::builder("tiny".parse()?, 1, Mebibytes::new(512), Gibibytes::new(1)).build()?;
/// let new = NewServer::new(
///     ServerId::generate(&env),
///     "web 1".parse()?,
///     "shop".parse()?,
///     "alice".parse()?,
///     tiny,
///     ImageId::generate(&env),
/// )
/// .zone("north".parse()?)
/// .config_drive(true);
/// assert_eq!(Server::begin(new, env.now()).hostname.as_str(), "web-1");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewServer {
    /// Its id, chosen by whoever creates it.
    pub id: ServerId,
    /// Its name.
    pub name: ServerName,
    /// Its owner's project.
    pub project_id: ProjectId,
    /// Its owner.
    pub user_id: UserId,
    /// Its size, copied: a later change of the flavor does not touch the server.
    pub flavor: Flavor,
    /// What it boots from.
    pub image_id: ImageId,
    /// The zone that was asked for; `None` for any.
    #[serde(default)]
    pub availability_zone: Option<ZoneName>,
    /// What its owner keeps with it.
    #[serde(default)]
    pub metadata: Metadata,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
    /// What its owner wrote about it.
    #[serde(default)]
    pub description: Option<Description>,
    /// What its guest is given.
    #[serde(default)]
    pub user_data: Option<UserData>,
    /// The key that its guest is to accept.
    #[serde(default)]
    pub key: Option<ServerKey>,
    /// Whether its guest gets a config drive.
    #[serde(default)]
    pub config_drive: bool,
    /// What its guest calls itself; `None` for what [`Hostname::of`] makes of its name.
    #[serde(default)]
    pub hostname: Option<Hostname>,
    /// The address at which its owner reaches it.
    #[serde(default)]
    pub access_ip_v4: Option<Ipv4Addr>,
    /// The address at which its owner reaches it.
    #[serde(default)]
    pub access_ip_v6: Option<Ipv6Addr>,
}

impl NewServer {
    /// A server with no more than it needs.
    pub fn new(
        id: ServerId,
        name: ServerName,
        project_id: ProjectId,
        user_id: UserId,
        flavor: Flavor,
        image_id: ImageId,
    ) -> Self {
        Self {
            id,
            name,
            project_id,
            user_id,
            flavor,
            image_id,
            availability_zone: None,
            metadata: Metadata::default(),
            tags: Tags::default(),
            description: None,
            user_data: None,
            key: None,
            config_drive: false,
            hostname: None,
            access_ip_v4: None,
            access_ip_v6: None,
        }
    }

    /// In this zone only.
    #[must_use]
    pub fn zone(mut self, zone: ZoneName) -> Self {
        self.availability_zone = Some(zone);
        self
    }

    /// With this metadata.
    #[must_use]
    pub fn metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = metadata;
        self
    }

    /// With these tags.
    #[must_use]
    pub fn tags(mut self, tags: Tags) -> Self {
        self.tags = tags;
        self
    }

    /// With this description.
    #[must_use]
    pub fn description(mut self, description: Description) -> Self {
        self.description = Some(description);
        self
    }

    /// With this user data.
    #[must_use]
    pub fn user_data(mut self, user_data: UserData) -> Self {
        self.user_data = Some(user_data);
        self
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: ServerKey) -> Self {
        self.key = Some(key);
        self
    }

    /// With a config drive or without.
    #[must_use]
    pub fn config_drive(mut self, wanted: bool) -> Self {
        self.config_drive = wanted;
        self
    }

    /// With this host name.
    #[must_use]
    pub fn hostname(mut self, hostname: Hostname) -> Self {
        self.hostname = Some(hostname);
        self
    }

    /// Reached at this address.
    #[must_use]
    pub fn access_ip_v4(mut self, address: Ipv4Addr) -> Self {
        self.access_ip_v4 = Some(address);
        self
    }

    /// Reached at this address.
    #[must_use]
    pub fn access_ip_v6(mut self, address: Ipv6Addr) -> Self {
        self.access_ip_v6 = Some(address);
        self
    }
}

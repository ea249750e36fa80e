//! Typed identifiers: a flavor's id cannot be passed where a server's is meant.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::env::Env;
use crate::error::{Error, Result};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id from the environment's source.
            pub fn generate(env: &Env) -> Self {
                Self(env.uuid())
            }

            /// The id with this UUID.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID behind the id.
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Uuid::try_parse(text)
                    .map(Self)
                    .map_err(|_| Error::invalid($field, "it is not a UUID"))
            }
        }
    };
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        ///
        /// One to 255 characters, none of them a control character or white space. Clones share
        /// the text.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks and wraps the text.
            ///
            /// # Errors
            /// [`Error::Invalid`] if it is empty, too long, or holds a control character or
            /// white space.
            pub fn new(text: impl Into<String>) -> Result<Self> {
                let text = text.into();
                check_token($field, &text)?;
                Ok(Self(text.into()))
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                (*id.0).to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

/// The longest text identifier, in characters. Nova's database columns hold as many.
pub const MAX_ID_CHARS: usize = 255;

const NOT_IN_IDS: &str = "it has a control character or white space in it";

fn check_token(field: &'static str, text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid(field, "it is empty"));
    }
    if text.is_ascii() && text.len() <= MAX_ID_CHARS {
        // Most are: one look at each byte.
        return match text.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            true => Err(Error::invalid(field, NOT_IN_IDS)),
            false => Ok(()),
        };
    }
    if text.chars().count() > MAX_ID_CHARS {
        return Err(Error::invalid(
            field,
            format!("it is longer than {MAX_ID_CHARS} characters"),
        ));
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(field, NOT_IN_IDS));
    }
    Ok(())
}

uuid_id!(
    /// A server (Nova's instance).
    ServerId, "server id"
);
uuid_id!(
    /// An image.
    ImageId, "image id"
);
uuid_id!(
    /// A migration of a server.
    MigrationId, "migration id"
);
uuid_id!(
    /// A host aggregate.
    AggregateId, "aggregate id"
);
uuid_id!(
    /// A server group.
    ServerGroupId, "server group id"
);
uuid_id!(
    /// A block device mapping.
    BlockDeviceId, "block device id"
);
uuid_id!(
    /// A volume of the block storage service.
    VolumeId, "volume id"
);
uuid_id!(
    /// A snapshot of a volume.
    SnapshotId, "snapshot id"
);
uuid_id!(
    /// An attachment of a volume to a server, as the block storage service counts them.
    VolumeAttachmentId, "volume attachment id"
);
uuid_id!(
    /// A network port.
    PortId, "port id"
);
uuid_id!(
    /// A network.
    NetworkId, "network id"
);
uuid_id!(
    /// A long operation.
    OperationId, "operation id"
);
text_id!(
    /// A cell.
    CellName, "cell name"
);
text_id!(
    /// One running role of the control plane, as in `conductor-1`: who holds a lease.
    RoleName, "role name"
);
text_id!(
    /// A flavor, as users name it in requests (Nova's `flavorid`).
    FlavorId, "flavor id"
);
text_id!(
    /// A project (tenant).
    ProjectId, "project id"
);
text_id!(
    /// A user.
    UserId, "user id"
);
text_id!(
    /// A compute host, by the name of its compute service.
    HostName, "host name"
);
text_id!(
    /// An availability zone.
    ZoneName, "availability zone"
);
text_id!(
    /// A request, as it is followed through every role: `req-` and a UUID.
    RequestId, "request id"
);

impl RequestId {
    /// A new request id from the environment's source.
    pub fn generate(env: &Env) -> Self {
        Self(format!("req-{}", env.uuid().hyphenated()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ids_refuse_what_cannot_be_an_id() {
        for bad in [
            "",
            " ",
            "a b",
            "a\nb",
            "a\0",
            "\u{202e}\u{7f}",
            &"x".repeat(256),
        ] {
            assert!(HostName::new(bad).is_err(), "{bad:?} passed");
        }
        assert_eq!(
            HostName::new("node-1.example").unwrap().as_str(),
            "node-1.example"
        );
        assert!(serde_json::from_str::<HostName>("\"a b\"").is_err());
    }

    #[test]
    fn uuid_ids_parse_and_print() {
        let text = "6f70656e-7374-6163-6b2d-342e302e3000";
        assert_eq!(text.parse::<ServerId>().unwrap().to_string(), text);
        assert!("6f70656e".parse::<ServerId>().is_err());
    }
}

//! Cells: parts of a control plane with a store and a transport of their own.

use serde::{Deserialize, Serialize};

use super::Generation;
use crate::env::Timestamp;
use crate::error::{Error, Result};
use crate::id::{CellName, HostName, ServerId};
use crate::secret::Secret;
use crate::text_enum::text_enum;

/// Where a cell's store or transport is: a URL that may hold a password.
///
/// Nothing but [`expose`](Self::expose) and `serde` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Secret", into = "Secret")]
pub struct CellUrl(Secret);

impl CellUrl {
    /// The longest URL, in bytes.
    pub const MAX_BYTES: usize = 4096;

    /// Checks and wraps the URL. Whether anything answers there, its users find out.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is too long, has no scheme, or has white space or a control
    /// character in it. The error does not repeat it.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        Self::try_from(Secret::new(text))
    }

    /// The URL. Do not log it.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl TryFrom<Secret> for CellUrl {
    type Error = Error;

    fn try_from(secret: Secret) -> Result<Self> {
        let text = secret.expose();
        let refuse = |reason: &str| Err(Error::invalid("cell URL", reason));
        if text.len() > Self::MAX_BYTES {
            return refuse("it is longer than 4096 bytes");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return refuse("it has a control character or white space in it");
        }
        match text.split_once(':') {
            Some((scheme, _)) if is_scheme(scheme) => Ok(Self(secret)),
            _ => refuse("it has no scheme"),
        }
    }
}

impl From<CellUrl> for Secret {
    fn from(url: CellUrl) -> Self {
        url.0
    }
}

/// Whether it is a scheme by RFC 3986, section 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

/// A part of a control plane with a store and a transport of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Cell {
    /// Its name.
    pub name: CellName,
    /// Where its store is.
    pub store_url: CellUrl,
    /// Where its transport is.
    pub transport_url: CellUrl,
    /// Why no new servers go there; `None` while they do.
    pub disabled_reason: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// How often it was written.
    pub generation: Generation,
}

impl Cell {
    /// A new cell, enabled.
    pub fn new(name: CellName, store_url: CellUrl, transport_url: CellUrl, now: Timestamp) -> Self {
        Self {
            name,
            store_url,
            transport_url,
            disabled_reason: None,
            created_at: now,
            updated_at: now,
            generation: Generation::FIRST,
        }
    }

    /// Whether new servers go there.
    pub fn is_enabled(&self) -> bool {
        self.disabled_reason.is_none()
    }
}

text_enum! {
    /// What is mapped to cells.
    pub enum CellMemberKind: "cell member kind" {
        /// Servers.
        Server = "server",
        /// Compute hosts.
        Host = "host",
    }
}

/// What is in a cell: its row is in the cell's store, not in the one that keeps the cells.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellMember {
    /// A server.
    Server(ServerId),
    /// A compute host.
    Host(HostName),
}

impl CellMember {
    /// What it is.
    pub fn kind(&self) -> CellMemberKind {
        match self {
            Self::Server(_) => CellMemberKind::Server,
            Self::Host(_) => CellMemberKind::Host,
        }
    }
}

impl From<ServerId> for CellMember {
    fn from(id: ServerId) -> Self {
        Self::Server(id)
    }
}

impl From<HostName> for CellMember {
    fn from(name: HostName) -> Self {
        Self::Host(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_urls_are_refused_and_not_repeated() {
        let long = format!("mysql://{}", "x".repeat(4096));
        for bad in [
            "",
            "s3cret",
            "://s3cret",
            "1a://s3cret",
            "a b://s3cret",
            "mysql://s3cret host",
            "mysql://s3cret\0",
            &long,
        ] {
            let error = CellUrl::new(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        }
        assert!(CellUrl::new("sqlite::memory:").is_ok());
        assert!(serde_json::from_str::<CellUrl>("\"s3cret\"").is_err());
    }

    #[test]
    fn debug_shows_no_password() {
        let url = |text: &str| CellUrl::new(text).unwrap();
        let cell = Cell::new(
            "cell1".parse().unwrap(),
            url("mysql://nova:s3cret@db/nova"),
            url("amqp://nova:s3cret@mq/"),
            Timestamp::EPOCH,
        );
        assert!(!format!("{cell:?} {cell:#?}").contains("s3cret"));
        assert!(cell.is_enabled());
        let json = serde_json::to_string(&cell).unwrap();
        assert_eq!(serde_json::from_str::<Cell>(&json).unwrap(), cell);
    }
}

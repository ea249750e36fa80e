//! Tokens that open consoles.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Secret;
use crate::env::{Env, Timestamp};
use crate::error::{Error, Result};
use crate::id::ServerId;
use crate::text_enum::text_enum;

text_enum! {
    /// A kind of console, by the name that Nova's API has for it.
    pub enum ConsoleKind: "console kind" {
        /// VNC in a browser.
        NoVnc = "novnc",
        /// SPICE in a browser.
        SpiceHtml5 = "spice-html5",
        /// SPICE, for a client of its own.
        SpiceDirect = "spice-direct",
        /// RDP in a browser.
        RdpHtml5 = "rdp-html5",
        /// A serial port.
        Serial = "serial",
        /// Mouse, keyboard and screen, as `VMware` has them.
        WebMks = "webmks",
    }
}

/// Where a console listens, for the proxy that connects to it. Its users never see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "RawEndpoint", into = "RawEndpoint")]
pub struct ConsoleEndpoint {
    host: String,
    port: u16,
    path: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEndpoint {
    host: String,
    port: u16,
    #[serde(default)]
    path: Option<String>,
}

impl ConsoleEndpoint {
    /// The longest path, in characters: as in Nova's database.
    pub const MAX_PATH_CHARS: usize = 255;

    /// An address or a name, and a TCP port.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the host is not an IP address (without brackets) or a name of 1 to
    /// 253 letters, digits, `.`, `-` and `_`, or the port is zero.
    pub fn new(host: impl Into<String>, port: u16) -> Result<Self> {
        let host = host.into();
        let is_name = host.len() <= 253
            && host.starts_with(|c: char| c.is_ascii_alphanumeric())
            && host
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
        if !is_name && host.parse::<std::net::IpAddr>().is_err() {
            return Err(Error::invalid(
                "console host",
                "it is neither an IP address nor a host's name",
            ));
        }
        if port == 0 {
            return Err(Error::invalid("console port", "it is zero"));
        }
        Ok(Self {
            host,
            port,
            path: None,
        })
    }

    /// With what the proxy asks that place for, as in the path of a URL.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is empty, longer than [`MAX_PATH_CHARS`](Self::MAX_PATH_CHARS), or
    /// has a control character in it.
    pub fn with_path(mut self, path: impl Into<String>) -> Result<Self> {
        let path = path.into();
        let chars = path.chars().count();
        if chars == 0 || chars > Self::MAX_PATH_CHARS || path.chars().any(char::is_control) {
            return Err(Error::invalid(
                "console path",
                "it is not 1 to 255 characters, or has a control character in it",
            ));
        }
        self.path = Some(path);
        Ok(self)
    }

    /// The address or name.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the proxy asks that place for: Nova's `internal_access_path`.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }
}

impl TryFrom<RawEndpoint> for ConsoleEndpoint {
    type Error = Error;

    fn try_from(raw: RawEndpoint) -> Result<Self> {
        let endpoint = Self::new(raw.host, raw.port)?;
        match raw.path {
            Some(path) => endpoint.with_path(path),
            None => Ok(endpoint),
        }
    }
}

impl From<ConsoleEndpoint> for RawEndpoint {
    fn from(endpoint: ConsoleEndpoint) -> Self {
        Self {
            host: endpoint.host,
            port: endpoint.port,
            path: endpoint.path,
        }
    }
}

/// The SHA-256 of a token: what is kept of it. Whoever reads the store cannot open a console with
/// that.
///
/// Written as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ConsoleTokenHash([u8; 32]);

impl ConsoleTokenHash {
    /// The hash of a token, or of whatever somebody claims to be one.
    pub fn of(token: &Secret) -> Self {
        Self(Sha256::digest(token.expose().as_bytes()).into())
    }
}

impl fmt::Display for ConsoleTokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ConsoleTokenHash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || Error::invalid("console token hash", "it is not 64 hexadecimal digits");
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(refused());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = text.get(2 * index..2 * index + 2).ok_or_else(refused)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| refused())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for ConsoleTokenHash {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ConsoleTokenHash> for String {
    fn from(hash: ConsoleTokenHash) -> Self {
        hash.to_string()
    }
}

/// What a token opens, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ConsoleAccess {
    /// The hash of the token.
    pub token_hash: ConsoleTokenHash,
    /// The server whose console it is.
    pub server_id: ServerId,
    /// The kind of console.
    pub kind: ConsoleKind,
    /// Where it listens.
    pub endpoint: ConsoleEndpoint,
    /// From when on the token opens nothing.
    pub expires_at: Timestamp,
    /// When the token was issued.
    pub created_at: Timestamp,
}

impl ConsoleAccess {
    /// What is known of a token that was issued before, for whoever reads it from where it is
    /// kept. New ones are [issued](ConsoleToken::issue).
    pub fn new(
        token_hash: ConsoleTokenHash,
        server_id: ServerId,
        kind: ConsoleKind,
        endpoint: ConsoleEndpoint,
        created_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            token_hash,
            server_id,
            kind,
            endpoint,
            expires_at,
            created_at,
        }
    }

    /// Whether the token opens nothing any more.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

/// The issuing of tokens.
///
/// ```
/// use std::time::Duration;
/// use nova_core::Env;
/// use nova_core::id::ServerId;
/// use nova_core::model::{ConsoleEndpoint, ConsoleKind, ConsoleToken, ConsoleTokenHash};
///
/// let env = Env::system();
/// let endpoint = ConsoleEndpoint::new("10.0.0.7", 5901)?;
/// let (access, token) = ConsoleToken::issue(
///     &env,
///     ServerId::generate(&env),
///     ConsoleKind::NoVnc,
///     endpoint,
///     Duration::from_secs(600),
/// )?;
/// assert_eq!(access.token_hash, ConsoleTokenHash::of(&token));
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ConsoleToken;

impl ConsoleToken {
    /// How many random bits a token has.
    pub const BITS: u32 = 256;
    /// How long a token lives unless told otherwise: Nova's `token_ttl`.
    pub const DEFAULT_TTL: Duration = Duration::from_secs(600);
    /// The longest that a token may live.
    pub const MAX_TTL: Duration = Duration::from_secs(24 * 60 * 60);

    /// Issues a token: what a store [keeps](crate::repository::ConsoleTokenRepository), and the
    /// token itself, which nobody can tell again: [`BITS`](Self::BITS) bits of the environment's
    /// randomness as hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `ttl` is zero or above [`MAX_TTL`](Self::MAX_TTL).
    pub fn issue(
        env: &Env,
        server_id: ServerId,
        kind: ConsoleKind,
        endpoint: ConsoleEndpoint,
        ttl: Duration,
    ) -> Result<(ConsoleAccess, Secret)> {
        if ttl.is_zero() || ttl > Self::MAX_TTL {
            return Err(Error::invalid(
                "console token ttl",
                format!("it is not between 1 µs and {:?}", Self::MAX_TTL),
            ));
        }
        let words: String = (0..Self::BITS / 64)
            .map(|_| format!("{:016x}", env.random_u64()))
            .collect();
        let token = Secret::new(words);
        let now = env.now();
        let access = ConsoleAccess {
            token_hash: ConsoleTokenHash::of(&token),
            server_id,
            kind,
            endpoint,
            expires_at: now.saturating_add(ttl),
            created_at: now,
        };
        Ok((access, token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_only_its_hash_is_kept() {
        let env = Env::system();
        let server = ServerId::generate(&env);
        let issue = |ttl| {
            let endpoint = ConsoleEndpoint::new("node-1", 5900).unwrap();
            ConsoleToken::issue(&env, server, ConsoleKind::Serial, endpoint, ttl)
        };
        let (access, token) = issue(ConsoleToken::DEFAULT_TTL).unwrap();
        let (_, other) = issue(ConsoleToken::MAX_TTL).unwrap();
        assert_eq!(token.expose().len(), 64);
        assert_ne!(token, other);
        let kept = format!("{access:?}{}", serde_json::to_string(&access).unwrap());
        assert!(!kept.contains(token.expose()));
        assert!(!access.is_expired(access.created_at));
        assert!(access.is_expired(access.expires_at));
        assert!(issue(Duration::ZERO).is_err());
        assert!(issue(ConsoleToken::MAX_TTL + Duration::from_micros(1)).is_err());
    }

    /// The hash of "abc" is in FIPS 180-4's examples.
    #[test]
    fn the_hash_is_sha_256() {
        let hash = ConsoleTokenHash::of(&Secret::new("abc"));
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(hash.to_string(), text);
        assert_eq!(text.parse::<ConsoleTokenHash>().unwrap(), hash);
        for bad in [
            "",
            &text[1..],
            &format!("{text}0"),
            &"g".repeat(64),
            &"\u{e4}".repeat(32),
        ] {
            assert!(bad.parse::<ConsoleTokenHash>().is_err(), "{bad:?} passed");
        }
    }

    #[test]
    fn endpoints_that_make_no_sense_are_refused() {
        for host in [
            "",
            "a b",
            "-a",
            "a/b",
            "[::1]",
            "a\0",
            "user@host",
            "h:1",
            &"x".repeat(254),
        ] {
            assert!(ConsoleEndpoint::new(host, 1).is_err(), "{host:?} passed");
        }
        for host in ["10.0.0.1", "::1", "node-1.example", "node_1"] {
            assert!(
                ConsoleEndpoint::new(host, 1).is_ok(),
                "{host:?} was refused"
            );
        }
        assert!(ConsoleEndpoint::new("a", 0).is_err());
        let endpoint = ConsoleEndpoint::new("a", 1).unwrap();
        for path in ["", "a\r\nb", &"x".repeat(256)] {
            assert!(endpoint.clone().with_path(path).is_err(), "{path:?} passed");
        }
        let json = r#"{"host": "a b", "port": 1}"#;
        assert!(serde_json::from_str::<ConsoleEndpoint>(json).is_err());
    }
}

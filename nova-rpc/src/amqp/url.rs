//! Where the broker is.

use std::fmt;
use std::str::FromStr;

use lapin::uri::{AMQPScheme, AMQPUri};

use super::error::AmqpConfigError;

/// The parameters that a URL may have; others are mistakes.
const PARAMETERS: [&str; 4] = ["auth_mechanism", "channel_max", "frame_max", "heartbeat"];

/// The URL of a broker: `amqp://user:password@host:port/vhost`.
///
/// The virtual host `/` is written `%2f`, or left out with the slash before it. `Debug` and
/// `Display` show neither user nor password.
///
/// ```
/// use nova_rpc::amqp::{AmqpConfigError, AmqpUrl};
///
/// let url: AmqpUrl = "amqp://nova:secret@broker:5672/%2f".parse()?;
/// assert_eq!(url.to_string(), "amqp://broker:5672/%2F");
///
/// // Without TLS compiled in, encryption that was asked for is never left away.
/// let refused = "amqps://nova:secret@broker/%2f".parse::<AmqpUrl>();
/// assert_eq!(refused.unwrap_err(), AmqpConfigError::TlsUnavailable);
/// # Ok::<(), AmqpConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct AmqpUrl(AMQPUri);

impl AmqpUrl {
    pub(super) fn uri(&self) -> &AMQPUri {
        &self.0
    }
}

impl FromStr for AmqpUrl {
    type Err = AmqpConfigError;

    fn from_str(text: &str) -> Result<Self, AmqpConfigError> {
        let invalid = |reason| AmqpConfigError::InvalidUrl { reason };
        // The parser's own words may quote the password.
        let mut uri: AMQPUri = text
            .parse()
            .map_err(|_| invalid("it is not of the form amqp://user:password@host:port/vhost"))?;
        if uri.scheme == AMQPScheme::AMQPS {
            return Err(AmqpConfigError::TlsUnavailable);
        }
        let (before, query) = text.split_once('?').unwrap_or((text, ""));
        let unknown = |pair: &str| {
            let name = pair.split('=').next().unwrap_or_default();
            !PARAMETERS.contains(&name)
        };
        if query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .any(unknown)
        {
            return Err(invalid("it has an unknown parameter"));
        }
        // The parser takes an IPv6 address for no host at all, and goes to localhost.
        let authority = before.split_once("://").map_or("", |(_, rest)| rest);
        let authority = authority.split('/').next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        if let Some(address) = host.strip_prefix('[') {
            let address = address.split(']').next().unwrap_or_default();
            uri.authority.host = address.to_owned();
        } else if host.is_empty() || host.starts_with(':') {
            return Err(invalid("it names no host"));
        }
        let userinfo = &uri.authority.userinfo;
        if userinfo.username.len() > 255 || uri.vhost.len() > 255 {
            return Err(invalid("a part of it is longer than 255 bytes"));
        }
        Ok(Self(uri))
    }
}

impl fmt::Display for AmqpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri {
            scheme,
            authority,
            vhost,
            ..
        } = &self.0;
        let vhost = vhost.replace('/', "%2F");
        match authority.host.contains(':') {
            true => write!(
                f,
                "{scheme}://[{}]:{}/{vhost}",
                authority.host, authority.port
            ),
            false => write!(
                f,
                "{scheme}://{}:{}/{vhost}",
                authority.host, authority.port
            ),
        }
    }
}

impl fmt::Debug for AmqpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AmqpUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        let url: AmqpUrl = "amqp://user-x:pass-y@broker/v".parse().unwrap();
        for shown in [format!("{url}"), format!("{url:?}")] {
            assert!(
                !shown.contains("user-x") && !shown.contains("pass-y"),
                "{shown}"
            );
        }
        let error = "amqp:user-x:pass-y@broker".parse::<AmqpUrl>().unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("user-x") && !shown.contains("pass-y"),
            "{shown}"
        );
    }

    #[test]
    fn an_ipv6_address_is_not_localhost() {
        let url: AmqpUrl = "amqp://u:p@[::1]:5673/%2f".parse().unwrap();
        assert_eq!(url.to_string(), "amqp://[::1]:5673/%2F");
        assert_eq!(url.uri().authority.host, "::1");
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for bad in [
            "",
            "broker",
            "http://broker/",
            "amqp://",
            "amqp:///v",
            "amqp://u:p@:5672/v",
            "amqp://broker/%2f?connection_timeout=10",
            "amqp://broker/%2f?heartbeet=10",
            "amqp://broker:port/",
        ] {
            let error = bad.parse::<AmqpUrl>().unwrap_err();
            assert!(
                matches!(error, AmqpConfigError::InvalidUrl { .. }),
                "{bad}: {error:?}"
            );
        }
        assert!("amqp://broker/%2f?heartbeat=10".parse::<AmqpUrl>().is_ok());
    }
}

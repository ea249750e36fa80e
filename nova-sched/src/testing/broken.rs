//! What is shown of a law that is broken.

use std::fmt;

use nova_core::id::HostName;
use nova_core::model::Resources;
use serde::Serialize;
use serde_json::Value;

use crate::fleet::{Fleet, HostAggregate, HostState};
use crate::request::PlacementRequest;

/// What every filter and weigher must keep to, so that plans can be repeated and explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Law {
    /// Asked twice, it says the same twice.
    Pure,
    /// What it says of a host does not depend on where in the fleet the host is.
    HostOrder,
    /// All at once, from any hosts to start with, comes to the same as one by one.
    Batch,
    /// A filter that refuses a host says why: a text that is not empty, and for
    /// [`Reason::Malformed`](crate::Reason::Malformed) the key that is.
    Reasons,
    /// A filter that is [run once per request](crate::Filter::run_once_per_request) would say the
    /// same of a host that it passed after a server of the request was put there.
    RunOnce,
    /// What is [local](crate::Filter::is_local) is said of a host again after another host took a
    /// server of the request.
    Local,
    /// [`Weigher::scores`](crate::Weigher::scores) agree with
    /// [`weigh`](crate::Weigher::weigh).
    Scores,
    /// [`Weigher::multipliers`](crate::Weigher::multipliers) agree with
    /// [`multiplier`](crate::Weigher::multiplier).
    Multipliers,
    /// Weights, multipliers and the lower bound are finite numbers.
    Finite,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pure => "the same twice",
            Self::HostOrder => "independent of the order of hosts",
            Self::Batch => "all at once as one by one",
            Self::Reasons => "reasons for refusals",
            Self::RunOnce => "once for all servers of a request",
            Self::Local => "local answers stand",
            Self::Scores => "scores as weights",
            Self::Multipliers => "all multipliers as each",
            Self::Finite => "finite numbers",
        })
    }
}

/// A filter or weigher breaks a [`Law`].
///
/// It holds a case on which the law is broken, made small: hosts, aggregates and parts of the
/// request that it takes no part of are left out. `Display` shows all of it as JSON, without the
/// fields that are what they would be if nothing was said of them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{breach}")]
pub struct Broken {
    breach: Box<Breach>,
}

/// What there is to say of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Breach {
    pub(super) name: String,
    pub(super) found: Found,
    pub(super) request: PlacementRequest,
    pub(super) hosts: Vec<HostState>,
    pub(super) aggregates: Vec<HostAggregate>,
}

/// How a law is broken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) law: Law,
    pub(super) host: Option<HostName>,
    pub(super) problem: String,
}

impl Broken {
    pub(super) fn new(breach: Breach) -> Self {
        Self {
            breach: Box::new(breach),
        }
    }

    /// The law.
    pub fn law(&self) -> Law {
        self.breach.found.law
    }

    /// The name of the filter or weigher.
    pub fn name(&self) -> &str {
        &self.breach.name
    }

    /// What it did.
    pub fn problem(&self) -> &str {
        &self.breach.found.problem
    }

    /// The host of which it said so, if it was about one.
    pub fn host(&self) -> Option<&HostName> {
        self.breach.found.host.as_ref()
    }

    /// The request.
    pub fn request(&self) -> &PlacementRequest {
        &self.breach.request
    }

    /// The hosts and aggregates.
    pub fn fleet(&self) -> Fleet {
        Fleet::builder()
            .hosts(self.breach.hosts.iter().cloned())
            .aggregates(self.breach.aggregates.iter().cloned())
            .build()
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found { law, host, problem } = &self.found;
        write!(f, "{} breaks the law \"{law}\"", self.name)?;
        if let Some(host) = host {
            write!(f, " at the host {host}")?;
        }
        write!(f, ": {problem}")?;
        let plain = PlacementRequest::new(Resources::new());
        let request = without_defaults(&self.request, &plain, &["resources"]);
        write!(f, "\nrequest: {}", json(request))?;
        for host in &self.hosts {
            let plain = HostState::new(host.name.clone(), host.zone.clone());
            let host = without_defaults(host, &plain, &["name", "zone"]);
            write!(f, "\nhost: {}", json(host))?;
        }
        for aggregate in &self.aggregates {
            write!(f, "\naggregate: {}", json(serde_json::to_value(aggregate)))?;
        }
        Ok(())
    }
}

fn json(value: serde_json::Result<Value>) -> String {
    value.map_or_else(|no| no.to_string(), |value| value.to_string())
}

/// The value without the fields that a plain one has as well. Some are written in any case, since
/// they must be there to be read.
fn without_defaults<T: Serialize>(
    value: &T,
    plain: &T,
    needed: &[&str],
) -> serde_json::Result<Value> {
    let (mut value, plain) = (serde_json::to_value(value)?, serde_json::to_value(plain)?);
    if let Value::Object(fields) = &mut value {
        fields.retain(|name, field| {
            needed.contains(&name.as_str()) || plain.get(name.as_str()) != Some(&*field)
        });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn what_is_shown_is_short_and_can_be_read_again() {
        let fleets = (0..20).map(|seed| testing::fleet(3, seed));
        for fleet in fleets.chain([Fleet::builder()
            .host(testing::host("node-1").build())
            .build()])
        {
            let mut requests = testing::requests(&fleet, 5, 1);
            requests.push(PlacementRequest::new(Resources::new()));
            for request in requests {
                let breach = Breach {
                    name: "Silent".to_owned(),
                    found: Found {
                        law: Law::Reasons,
                        host: None,
                        problem: "none".to_owned(),
                    },
                    request,
                    hosts: fleet.hosts().map(|host| host.to_state()).collect(),
                    aggregates: Vec::new(),
                };
                let text = breach.to_string();
                let lines = |kind| text.lines().filter_map(move |line| line.strip_prefix(kind));
                let requests = lines("request: ").map(|text| serde_json::from_str(text).unwrap());
                assert_eq!(
                    requests.collect::<Vec<PlacementRequest>>(),
                    [breach.request]
                );
                let hosts = lines("host: ").map(|text| serde_json::from_str(text).unwrap());
                assert_eq!(hosts.collect::<Vec<HostState>>(), breach.hosts);
            }
        }

        let breach = Breach {
            name: "Silent".to_owned(),
            found: Found {
                law: Law::Reasons,
                host: None,
                problem: "none".to_owned(),
            },
            request: testing::request().count(2).build(),
            hosts: vec![HostState::new(
                "node-1".parse().unwrap(),
                "az1".parse().unwrap(),
            )],
            aggregates: Vec::new(),
        };
        let text = breach.to_string();
        assert!(
            text.ends_with("\nhost: {\"name\":\"node-1\",\"zone\":\"az1\"}"),
            "{text}"
        );
        assert!(
            text.contains("\"count\":2") && !text.contains("hints"),
            "{text}"
        );
    }
}

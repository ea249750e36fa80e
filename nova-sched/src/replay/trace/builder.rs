//! How a trace is put together.

use std::num::NonZeroU32;

use nova_core::model::{Resources, ServerGroupRules};

use super::{FlavorId, GroupId, Trace, TraceFlavor, TraceGroup, TraceServer};
use crate::replay::load::TraceError;

/// Collects the servers of a [`Trace`], in any order.
#[derive(Debug, Clone)]
pub struct TraceBuilder {
    trace: Trace,
}

impl TraceBuilder {
    pub(super) fn new(name: String) -> Self {
        Self {
            trace: Trace {
                name,
                flavors: Vec::new(),
                groups: Vec::new(),
                servers: Vec::new(),
            },
        }
    }

    /// Adds a size, spread over so many NUMA cells.
    ///
    /// # Errors
    /// [`TraceError::TooMany`] beyond 2^32 of them; [`TraceError::Numa`] if a server of this size
    /// cannot be spread so ([`TraceFlavor::numa`]).
    pub fn flavor(
        &mut self,
        name: impl Into<String>,
        resources: Resources,
        numa_cells: Option<NonZeroU32>,
    ) -> Result<FlavorId, TraceError> {
        let id = number(self.trace.flavors.len(), "flavors")?;
        let flavor = TraceFlavor {
            name: name.into(),
            resources,
            numa_cells,
        };
        if let Err(source) = flavor.numa() {
            let flavor = flavor.name;
            return Err(TraceError::Numa { flavor, source });
        }
        self.trace.flavors.push(flavor);
        Ok(FlavorId(id))
    }

    /// Adds a group, with its rules if it has any.
    ///
    /// # Errors
    /// [`TraceError::TooMany`] beyond 2^32 of them.
    pub fn group(
        &mut self,
        name: impl Into<String>,
        rules: Option<ServerGroupRules>,
    ) -> Result<GroupId, TraceError> {
        let id = number(self.trace.groups.len(), "groups")?;
        self.trace.groups.push(TraceGroup {
            name: name.into(),
            rules,
        });
        Ok(GroupId(id))
    }

    /// Adds a server.
    ///
    /// # Errors
    /// [`TraceError::UnknownId`] if its flavor or its group is not of this builder,
    /// [`TraceError::TooMany`] beyond 2^32 servers. Then nothing changed.
    pub fn server(&mut self, server: TraceServer) -> Result<(), TraceError> {
        if self.trace.flavor(server.flavor).is_none() {
            return Err(TraceError::UnknownId { what: "flavor" });
        }
        if server
            .group
            .is_some_and(|group| self.trace.group(group).is_none())
        {
            return Err(TraceError::UnknownId { what: "group" });
        }
        number(self.trace.servers.len(), "servers")?;
        self.trace.servers.push(server);
        Ok(())
    }

    /// The trace: the servers in the order of arrival, those of one instant in the order in which
    /// they were added.
    pub fn build(mut self) -> Trace {
        self.trace.servers.sort_by_key(|server| server.arrives);
        self.trace
    }
}

fn number(len: usize, what: &'static str) -> Result<u32, TraceError> {
    u32::try_from(len).map_err(|_| TraceError::TooMany { what })
}

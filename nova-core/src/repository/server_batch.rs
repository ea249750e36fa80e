//! Servers that are created together.

use std::collections::{BTreeMap, BTreeSet};

use super::allocations::check_wanted;
use crate::error::{Error, Result};
use crate::id::ProjectId;
use crate::model::{Claim, QuotaCharge, Server};

/// Servers to create in one call, and what is claimed for them in the same transaction: all of it
/// happens or none.
///
/// ```
/// use nova_core::Env;
/// use nova_core::id::{ImageId, ServerId};
/// use nova_core::model::{Flavor, NewServer, Server};
/// use nova_core::repository::{ServerBatch, Store, memory::MemoryStore};
/// use nova_core::units::{Gibibytes, Mebibytes};
///
/// # async fn example(server: Server) -> nova_core::Result<()> {
/// let store = Store::new(MemoryStore::new());
/// store.servers().server_create_batch(&ServerBatch::of([server])).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ServerBatch {
    /// The servers, at most [`MAX`](Self::MAX). Their generations are kept as they are given.
    pub servers: Vec<Server>,
    /// What is claimed for them: at most one claim for each, none for those that are placed later.
    pub claims: Vec<Claim>,
}

impl ServerBatch {
    /// The most servers of one batch, as many as the most items of a page.
    pub const MAX: usize = super::MAX_PAGE as usize;

    /// These servers, with nothing claimed.
    pub fn of(servers: impl IntoIterator<Item = Server>) -> Self {
        Self {
            servers: servers.into_iter().collect(),
            claims: Vec::new(),
        }
    }

    /// The same with these claims.
    #[must_use]
    pub fn with_claims(mut self, claims: impl IntoIterator<Item = Claim>) -> Self {
        self.claims.extend(claims);
        self
    }

    /// Checks what can be checked without a store.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is empty or too large, names a server twice, or has a claim that
    /// is empty, of a server that is not in it, or the second of the same.
    pub fn validate(&self) -> Result<()> {
        let refuse = |reason: &str| Err(Error::invalid("server batch", reason));
        if self.servers.is_empty() {
            return refuse("it is empty");
        }
        if self.servers.len() > Self::MAX {
            return refuse("it has more than 1000 servers");
        }
        let ids: BTreeSet<_> = self.servers.iter().map(|server| server.id).collect();
        if ids.len() < self.servers.len() {
            return refuse("it has a server twice");
        }
        let mut claimed = BTreeSet::new();
        for claim in &self.claims {
            check_wanted(&claim.resources)?;
            match claim.consumer.server() {
                Some(id) if !ids.contains(&id) => {
                    return refuse("it has a claim for another server");
                }
                Some(id) if !claimed.insert(id) => return refuse("it has two claims for a server"),
                Some(_) => {}
                None => return refuse("it has a claim that is not for a server"),
            }
        }
        Ok(())
    }

    /// What the servers are charged with, by project.
    pub(super) fn charges(&self) -> BTreeMap<&ProjectId, QuotaCharge> {
        let mut charges: BTreeMap<&ProjectId, QuotaCharge> = BTreeMap::new();
        for server in &self.servers {
            charges
                .entry(&server.project_id)
                .or_default()
                .add(&server.charge());
        }
        charges
    }
}

impl From<Server> for ServerBatch {
    fn from(server: Server) -> Self {
        Self::of([server])
    }
}

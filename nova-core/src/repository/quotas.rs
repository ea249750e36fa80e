//! The repository of quotas.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::ProjectId;
use crate::model::{Quota, QuotaLimit, QuotaResource, QuotaScope};

/// Keeps what projects may use, and what they use.
///
/// Use is charged where it begins and ends:
/// [`server_create_batch`](super::ServerRepository::server_create_batch)
/// and [`server_update`](super::ServerRepository::server_update) charge
/// [`Server::charge`](crate::model::Server::charge),
/// [`server_group_create`](super::ServerGroupRepository::server_group_create) and
/// [`server_group_delete`](super::ServerGroupRepository::server_group_delete)
/// [`ServerGroup::charge`](crate::model::ServerGroup::charge), in the same transaction, so no race
/// gets a project beyond its limit, and nothing that failed stays charged. Where nobody set a limit
/// there is none.
#[async_trait]
pub trait QuotaRepository: Debug + Send + Sync {
    /// Sets a limit; `None` takes it away, and the default holds again. Setting what is set
    /// changes nothing.
    ///
    /// A limit below what is used takes nothing away: nothing more is granted until the use has
    /// shrunk.
    async fn quota_set_limit(
        &self,
        scope: &QuotaScope,
        resource: QuotaResource,
        limit: Option<QuotaLimit>,
    ) -> Result<()>;

    /// Every resource's limit and use, in the order of [`QuotaResource`]. A project that nobody
    /// heard of uses nothing.
    async fn quotas_of(&self, project: &ProjectId) -> Result<Vec<Quota>>;

    /// Counts anew what the project uses, for an audit: what is charged becomes the sum of what
    /// its servers and server groups are charged with. Returns whether it was something else.
    async fn quota_recount(&self, project: &ProjectId) -> Result<bool>;
}

//! The repository of host aggregates.

use std::fmt::Debug;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::error::Result;
use crate::id::{AggregateId, HostName, ZoneName};
use crate::model::Aggregate;

/// Which aggregates a list is of. Every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AggregateFilter {
    /// With this host.
    pub host: Option<HostName>,
    /// That put their hosts into this zone.
    pub zone: Option<ZoneName>,
    /// With this metadata key and, if one is given, this value. The key `availability_zone` is the
    /// aggregate's zone.
    pub metadata: Option<(String, Option<String>)>,
}

/// Keeps host aggregates.
///
/// A host is in at most one availability zone: whatever would put it into a second one is
/// [`InUse`](crate::Error::InUse), which names the host, the first by name, and the aggregate that
/// has it, the first by id. Several aggregates may put it into the same zone.
#[async_trait]
pub trait AggregateRepository: Debug + Send + Sync {
    /// Adds an aggregate without hosts. Its generation is kept as it is given.
    ///
    /// # Errors
    /// In this order: [`Invalid`](crate::Error::Invalid) if it has hosts;
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if its id is taken, and with the name as the
    /// id if that is.
    async fn aggregate_create(&self, aggregate: &Aggregate) -> Result<()>;

    /// The aggregate with this id.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn aggregate_get(&self, id: AggregateId) -> Result<Aggregate>;

    /// A page of the aggregates that the filter lets through, by id.
    async fn aggregate_list(
        &self,
        filter: &AggregateFilter,
        page: &PageRequest<AggregateId>,
    ) -> Result<Page<Aggregate, AggregateId>>;

    /// Every aggregate with this host, by id; none if there is no such host.
    async fn aggregates_of_host(&self, host: &HostName) -> Result<Vec<Aggregate>>;

    /// Writes name, zone, metadata and `updated_at` if the store still holds
    /// `aggregate.generation`, and returns the aggregate with the generation after that.
    ///
    /// `hosts` and `created_at` are not written: a difference in them is ignored, and what is
    /// returned has those of the store.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound); [`Stale`](crate::Error::Stale) if it
    /// was written since; [`AlreadyExists`](crate::Error::AlreadyExists), with the name as the id,
    /// if another aggregate has its name; [`InUse`](crate::Error::InUse) if one of its hosts is in
    /// another zone by another aggregate.
    async fn aggregate_update(&self, aggregate: &Aggregate) -> Result<Aggregate>;

    /// Puts a host into the aggregate. Returns whether it was not in it before.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound) of the aggregate, then of the host;
    /// [`InUse`](crate::Error::InUse) if the host is in another zone by another aggregate.
    async fn aggregate_add_host(&self, id: AggregateId, host: &HostName) -> Result<bool>;

    /// Takes a host out of the aggregate. Returns whether it was in it. A host that is deleted
    /// leaves its aggregates by itself.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) of the aggregate.
    async fn aggregate_remove_host(&self, id: AggregateId, host: &HostName) -> Result<bool>;

    /// Removes an aggregate without hosts. Returns whether it was there.
    ///
    /// # Errors
    /// [`InUse`](crate::Error::InUse) while it has hosts.
    async fn aggregate_delete(&self, id: AggregateId) -> Result<bool>;
}

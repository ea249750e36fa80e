//! The repository of long operations.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::page::{Page, PageRequest};
use crate::env::Timestamp;
use crate::error::{Error, ObjectKind, Result};
use crate::id::{OperationId, RequestId, RoleName, ServerId};
use crate::model::{Generation, Lease, OperationKind, OperationRecord, OperationState};

/// The most records that one call acquires.
pub const MAX_ACQUIRED: u32 = 1000;

/// Which operations a list is of. Every condition that is set must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationFilter {
    /// Only those that are not [finished](OperationState::is_finished).
    pub unfinished: bool,
    /// In this state.
    pub state: Option<OperationState>,
    /// Of this kind.
    pub kind: Option<OperationKind>,
    /// About this server.
    pub server: Option<ServerId>,
    /// Leased by this role, whether or not the lease has expired.
    pub owner: Option<RoleName>,
}

/// Keeps the records of long operations. They stay when their server is purged, for the operation
/// may be the one that purges it.
///
/// A record is worked on by the owner of its lease. From the instant at which the lease ends
/// another may take the record over, which counts up `attempts` and the generation: whatever the
/// former owner still writes is refused as [`Stale`](crate::Error::Stale). Until somebody does,
/// the owner may go on and renew. One time is compared with another of the roles' clocks, so a
/// lease must be much longer than these differ; clocks that differ more cost work done twice, but
/// never a write of a former owner.
#[async_trait]
pub trait OperationRepository: Debug + Send + Sync {
    /// Adds a record, which is kept as it is given, the lease and the generation too.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::Error::AlreadyExists) if its id is taken.
    async fn operation_create(&self, record: &OperationRecord) -> Result<()>;

    /// The record with this id.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound).
    async fn operation_get(&self, id: OperationId) -> Result<OperationRecord>;

    /// Writes `state`, `step`, `step_name`, `payload`, `error` and `updated_at` if `owner` holds
    /// the lease and the store still holds `record.generation`. Returns the record with the
    /// generation after that. A record that is saved as finished or stuck gives up its lease.
    ///
    /// A difference in what is not listed is ignored, and what is returned has it as the store
    /// has it; but the end of the lease may be that before a renewal at the same time.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound); [`Stale`](crate::Error::Stale) if it
    /// was written since or the lease is not `owner`'s; [`Invalid`](crate::Error::Invalid) if its
    /// state [cannot become](OperationState::can_become) that one.
    async fn operation_save(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
    ) -> Result<OperationRecord>;

    /// Moves the end of the lease to `now` + `lease` and returns it. Saves in between do not
    /// matter, nor does this to them: the generation stays. May be repeated.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound); [`Stale`](crate::Error::Stale) if the lease is not
    /// `owner`'s, or the record was taken over since it was read, if by the same role.
    async fn operation_renew(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Timestamp>;

    /// Takes over [runnable](OperationState::is_runnable) records that nobody has a lease of at
    /// `now`, the oldest first, then by id, and returns them in this order, each leased by
    /// `owner` until `now` + `lease`. All or, on an error, none.
    ///
    /// At most `limit` and [`MAX_ACQUIRED`]; perhaps fewer where others write the records at the
    /// same time. No record goes to two.
    async fn operation_acquire(
        &self,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
        limit: u32,
    ) -> Result<Vec<OperationRecord>>;

    /// Takes over this record, which may be stuck: how an administrator's decision, or a role
    /// that was told of the record, gets hold of it.
    ///
    /// # Errors
    /// In this order: [`NotFound`](crate::Error::NotFound); [`Invalid`](crate::Error::Invalid) if
    /// it is finished; [`InUse`](crate::Error::InUse) if somebody has a lease of it at `now`.
    async fn operation_take(
        &self,
        id: OperationId,
        owner: &RoleName,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OperationRecord>;

    /// Gives up the lease, so that another can take the record over at once, and returns the
    /// record as it is then, with the next generation.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound); [`Stale`](crate::Error::Stale) if it was written
    /// since or the lease is not `owner`'s.
    async fn operation_release(
        &self,
        record: &OperationRecord,
        owner: &RoleName,
    ) -> Result<OperationRecord>;

    /// A page of the records that the filter lets through, ordered by creation time and then id,
    /// oldest first.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if the marker's record is not there. It need not pass
    /// the filter.
    async fn operation_list(
        &self,
        filter: &OperationFilter,
        page: &PageRequest<OperationId>,
    ) -> Result<Page<OperationRecord, OperationId>>;

    /// Removes at most `limit` finished records that were last saved before `before`, the
    /// longest ago first, and returns how many.
    async fn operation_purge_finished(&self, before: Timestamp, limit: u32) -> Result<u64>;
}

/// What a store must know of a record to judge what is to be written.
pub(super) struct Head {
    pub(super) kind: OperationKind,
    pub(super) server_id: Option<ServerId>,
    pub(super) request_id: RequestId,
    pub(super) state: OperationState,
    pub(super) lease: Option<Lease>,
    pub(super) attempts: u32,
    pub(super) created_at: Timestamp,
    pub(super) generation: Generation,
}

impl Head {
    /// What there is to know of this one.
    pub(super) fn of(record: &OperationRecord) -> Self {
        Self {
            kind: record.kind.clone(),
            server_id: record.server_id,
            request_id: record.request_id.clone(),
            state: record.state,
            lease: record.lease.clone(),
            attempts: record.attempts,
            created_at: record.created_at,
            generation: record.generation,
        }
    }

    /// What is written for a save of `record` by `owner`.
    pub(super) fn saved(
        self,
        record: &OperationRecord,
        owner: &RoleName,
    ) -> Result<OperationRecord> {
        self.check_owner(record, owner)?;
        if !self.state.can_become(record.state) {
            return Err(Error::invalid(
                "operation state",
                format!("it is {} and cannot become {}", self.state, record.state),
            ));
        }
        Ok(OperationRecord {
            kind: self.kind,
            server_id: self.server_id,
            request_id: self.request_id,
            lease: self.lease.filter(|_| record.state.is_runnable()),
            attempts: self.attempts,
            created_at: self.created_at,
            generation: self.generation.next(),
            ..record.clone()
        })
    }

    /// Refuses a write by anybody but the owner, and of anything but what is held.
    pub(super) fn check_owner(&self, record: &OperationRecord, owner: &RoleName) -> Result<()> {
        let leased = self
            .lease
            .as_ref()
            .is_some_and(|lease| lease.owner == *owner);
        if leased && self.generation == record.generation {
            Ok(())
        } else {
            Err(lost(record))
        }
    }
}

/// The record as it is taken over.
pub(super) fn taken(
    held: OperationRecord,
    owner: &RoleName,
    now: Timestamp,
    lease: Duration,
) -> OperationRecord {
    OperationRecord {
        lease: Some(Lease {
            owner: owner.clone(),
            until: now.saturating_add(lease),
        }),
        attempts: held.attempts.saturating_add(1),
        generation: held.generation.next(),
        ..held
    }
}

/// The record as it is given up.
pub(super) fn released(held: OperationRecord) -> OperationRecord {
    OperationRecord {
        lease: None,
        generation: held.generation.next(),
        ..held
    }
}

/// Refuses to have a record taken over that is finished or leased.
pub(super) fn check_takeable(held: &OperationRecord, now: Timestamp) -> Result<()> {
    if held.state.is_finished() {
        return Err(Error::invalid(
            "operation state",
            format!("it is {}: nothing is left to be done", held.state),
        ));
    }
    match &held.lease {
        Some(lease) if !lease.is_expired(now) => Err(Error::in_use(
            ObjectKind::Operation,
            held.id,
            format!("{} has a lease of it until {}", lease.owner, lease.until),
        )),
        _ => Ok(()),
    }
}

/// What a writer is told who may not write any more.
pub(super) fn lost(record: &OperationRecord) -> Error {
    Error::stale(ObjectKind::Operation, record.id, record.generation)
}

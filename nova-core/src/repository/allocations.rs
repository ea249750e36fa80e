//! The repository of allocations.

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::id::{HostName, MigrationId, ServerId};
use crate::model::{Allocation, Claim, ClaimMove, Consumer, Resources};

/// Keeps what is held on hosts, and never lets a host lend more than its capacity.
#[async_trait]
pub trait AllocationRepository: Debug + Send + Sync {
    /// Holds all that the claim asks for, or nothing.
    ///
    /// For each host and class, what is held then is at most
    /// [`Inventory::capacity`](crate::model::Inventory::capacity), whoever else claims at the same
    /// time. The claim that the consumer holds already, made again for the same
    /// [request](Claim::request), is granted without effect, so a lost answer may be asked for
    /// again. Capacity is the only bound: where a ratio is above one, a single claim may ask for
    /// more than the host's total.
    ///
    /// # Errors
    /// Looked for in this order; hosts are taken by name, classes in their own order, and the
    /// first that fails is reported:
    /// * [`Invalid`](crate::Error::Invalid): the claim names no host, asks for nothing on one, or is
    ///   over more than [`MAX_CLAIMED`] hosts or classes on one;
    /// * [`AlreadyExists`](crate::Error::AlreadyExists): the consumer holds something else, or the
    ///   same for another request;
    /// * [`NotFound`](crate::Error::NotFound): the host is not there;
    /// * [`NoCapacity`](crate::Error::NoCapacity): it has not enough left of the class, or does
    ///   not offer it.
    async fn claim(&self, claim: &Claim) -> Result<()>;

    /// Hands what the server holds to the migration, and lets the server hold what the move asks
    /// for besides: all of it or nothing. Source and destination are both held then, on the same
    /// host too.
    ///
    /// The move that was made already, asked for again by the same request, is granted without
    /// effect. It ends by a [`release`](Self::release) of the migration, which confirms it, or by
    /// [`claim_move_back`](Self::claim_move_back).
    ///
    /// # Errors
    /// Looked for in this order:
    /// * [`Invalid`](crate::Error::Invalid): as for [`claim`](Self::claim), or the migration has the
    ///   UUID of the server;
    /// * [`AlreadyExists`](crate::Error::AlreadyExists): the migration holds something, and this
    ///   is not the same move made again;
    /// * [`NotFound`](crate::Error::NotFound) of an allocation: the server holds nothing;
    /// * [`NotFound`](crate::Error::NotFound) of a host, [`NoCapacity`](crate::Error::NoCapacity):
    ///   as for [`claim`](Self::claim).
    async fn claim_move(&self, claim: &ClaimMove) -> Result<()>;

    /// Undoes a move: gives back what the server holds now and hands it what the migration holds,
    /// under the request of its earlier claim. Returns whether the migration held anything; if
    /// not, nothing changes.
    ///
    /// It never fails for want of capacity, as what is handed back was held all the time.
    ///
    /// # Errors
    /// [`Invalid`](crate::Error::Invalid) if the migration was made for another server, or has the
    /// UUID of this one.
    async fn claim_move_back(&self, server: ServerId, migration: MigrationId) -> Result<bool>;

    /// What the consumer holds, by host. Empty if nothing.
    async fn allocations_of(&self, consumer: Consumer) -> Result<Vec<Allocation>>;

    /// What is held on the host, by the consumers' UUIDs.
    async fn allocations_on(&self, host: &HostName) -> Result<Vec<Allocation>>;

    /// Gives back what the consumer holds on the host, or everywhere if `host` is `None`. Returns
    /// whether it held anything; giving back nothing is no error.
    async fn release(&self, consumer: Consumer, host: Option<&HostName>) -> Result<bool>;
}

/// The most hosts of one claim, and the most classes on each.
pub const MAX_CLAIMED: usize = 100;

/// Refuses a claim that names no host, asks for nothing on one, or for more than a claim may.
pub(super) fn check_wanted(wanted: &BTreeMap<HostName, Resources>) -> Result<()> {
    let refuse = |reason: String| Err(Error::invalid("claim", reason));
    if wanted.is_empty() {
        return refuse("it is empty".to_owned());
    }
    if wanted.len() > MAX_CLAIMED {
        return refuse(format!("it is over more than {MAX_CLAIMED} hosts"));
    }
    for (host, resources) in wanted {
        if resources.is_empty() {
            return refuse(format!("it asks host {host} for nothing"));
        }
        if resources.iter().count() > MAX_CLAIMED {
            return refuse(format!(
                "it asks host {host} for more than {MAX_CLAIMED} classes"
            ));
        }
    }
    Ok(())
}

/// Refuses a migration with the UUID of its server: consumers are told apart by theirs.
pub(super) fn check_move(server: ServerId, migration: MigrationId) -> Result<()> {
    if server.as_uuid() == migration.as_uuid() {
        return Err(Error::invalid("migration id", "it is that of the server"));
    }
    Ok(())
}

/// The error for a migration that was made for another server.
pub(super) fn not_its_migration(migration: MigrationId) -> Error {
    Error::invalid(
        "migration id",
        format!("{migration} was made for another server"),
    )
}

/// What the claims ask of each host altogether.
pub(super) fn sum_by_host<'a>(
    claims: impl Iterator<Item = &'a Claim>,
) -> BTreeMap<HostName, Resources> {
    let mut sum: BTreeMap<HostName, Resources> = BTreeMap::new();
    for claim in claims {
        for (host, resources) in &claim.resources {
            match sum.get_mut(host) {
                Some(wanted) => wanted.add(resources),
                None => {
                    sum.insert(host.clone(), resources.clone());
                }
            }
        }
    }
    sum
}

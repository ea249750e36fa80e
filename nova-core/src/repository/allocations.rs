//! The repository of allocations.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::{Error, Result};
use crate::id::{HostName, ServerId};
use crate::model::{Allocation, Claim};

/// Keeps what servers hold on hosts, and never lets a host lend more than its capacity.
#[async_trait]
pub trait AllocationRepository: Debug + Send + Sync {
    /// Holds all that the claim asks for, or nothing.
    ///
    /// For each host and class, what is held then is at most
    /// [`Inventory::capacity`](crate::model::Inventory::capacity), whoever else claims at the same
    /// time. A claim that the consumer holds already, to the letter, is granted again without
    /// effect, so a lost answer may be asked for again. Capacity is the only bound: where a ratio
    /// is above one, a single claim may ask for more than the host's total.
    ///
    /// # Errors
    /// Looked for in this order; hosts are taken by name, classes in their own order, and the
    /// first that fails is reported:
    /// * [`Invalid`](crate::Error::Invalid): the claim names no host, or asks for nothing on one;
    /// * [`AlreadyExists`](crate::Error::AlreadyExists): the consumer holds something else;
    /// * [`NotFound`](crate::Error::NotFound): the host is not there;
    /// * [`NoCapacity`](crate::Error::NoCapacity): it has not enough left of the class, or does
    ///   not offer it.
    async fn claim(&self, claim: &Claim) -> Result<()>;

    /// What the consumer holds, by host. Empty if nothing.
    async fn allocations_of(&self, consumer: ServerId) -> Result<Vec<Allocation>>;

    /// What is held on the host, by consumer.
    async fn allocations_on(&self, host: &HostName) -> Result<Vec<Allocation>>;

    /// Gives back what the consumer holds on the host, or everywhere if `host` is `None`. Returns
    /// whether it held anything; giving back nothing is no error.
    async fn release(&self, consumer: ServerId, host: Option<&HostName>) -> Result<bool>;
}

/// Refuses a claim that names no host, or asks for nothing on one.
pub(super) fn check_claim(claim: &Claim) -> Result<()> {
    if claim.resources.is_empty() {
        return Err(Error::invalid("claim", "it is empty"));
    }
    match claim
        .resources
        .iter()
        .find(|(_, resources)| resources.is_empty())
    {
        Some((host, _)) => Err(Error::invalid(
            "claim",
            format!("it asks host {host} for nothing"),
        )),
        None => Ok(()),
    }
}

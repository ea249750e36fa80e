//! What is asked of libvirt about one domain. Everything here blocks.

use virt::connect::Connect;
use virt::domain::Domain;
use virt::enumutil::Enum;
use virt::error::{Error, ErrorNumber};
use virt::sys;

use super::change::{Found, Reason};
use super::mark::{Mark, NAMESPACE};
use crate::guest::GuestId;

/// All that libvirt keeps of a domain beside its description.
const UNDEFINE_ALL: u32 = sys::VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | sys::VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | sys::VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
    | sys::VIR_DOMAIN_UNDEFINE_NVRAM;

/// Whose domain has a guest's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// Nobody's: there is none.
    Nobody,
    /// This driver's.
    Us,
    /// Somebody else's.
    Another,
}

/// The guest's domain, if there is one.
fn lookup(connect: &Connect, id: GuestId) -> Result<Option<Domain>, Error> {
    unless(
        ErrorNumber::NoDomain,
        connect.lookup_domain_by_uuid(*id.as_uuid()),
    )
}

/// Whose domain has the id.
pub(super) fn owner(connect: &Connect, id: GuestId, mark: &Mark<'_>) -> Result<Owner, Error> {
    match lookup(connect, id)? {
        Some(domain) if is_ours(&domain, mark)? => Ok(Owner::Us),
        Some(_) => Ok(Owner::Another),
        None => Ok(Owner::Nobody),
    }
}

fn is_ours(domain: &Domain, mark: &Mark<'_>) -> Result<bool, Error> {
    let kind = i32::try_from(sys::VIR_DOMAIN_METADATA_ELEMENT).unwrap_or(i32::MAX);
    match domain.metadata(kind, Some(NAMESPACE), 0) {
        Ok(found) => Ok(mark.is(&found)),
        Err(error) if is(&error, ErrorNumber::NoDomainMetadata) => Ok(false),
        // It went in between, and is nobody's.
        Err(error) if is(&error, ErrorNumber::NoDomain) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Defines the domain, or replaces the definition that it had.
pub(super) fn define(connect: &Connect, description: &str) -> Result<(), Error> {
    connect.define_domain_xml(description).map(drop)
}

/// Defines the domain and starts it, if it does not run already.
pub(super) fn start(connect: &Connect, description: &str) -> Result<(), Error> {
    let domain = connect.define_domain_xml(description)?;
    match domain.create() {
        Err(error) if is(&error, ErrorNumber::OperationInvalid) && domain.is_active()? => Ok(()),
        started => started,
    }
}

/// Ends the domain at once, if it runs.
pub(super) fn stop(connect: &Connect, id: GuestId) -> Result<(), Error> {
    match lookup(connect, id)? {
        Some(domain) => stop_domain(&domain),
        None => Ok(()),
    }
}

fn stop_domain(domain: &Domain) -> Result<(), Error> {
    match unless(ErrorNumber::NoDomain, domain.destroy()) {
        Err(error) if is(&error, ErrorNumber::OperationInvalid) && !is_active(domain)? => Ok(()),
        stopped => stopped.map(drop),
    }
}

fn is_active(domain: &Domain) -> Result<bool, Error> {
    let active = unless(ErrorNumber::NoDomain, domain.is_active())?;
    Ok(active.unwrap_or(false))
}

/// Ends the domain and forgets it, if it is this driver's. Says whether there was one.
pub(super) fn remove(connect: &Connect, id: GuestId, mark: &Mark<'_>) -> Result<bool, Error> {
    let Some(domain) = lookup(connect, id)? else {
        return Ok(false);
    };
    if !is_ours(&domain, mark)? {
        return Ok(false);
    }
    stop_domain(&domain)?;
    unless(ErrorNumber::NoDomain, domain.undefine_flags(UNDEFINE_ALL))?;
    Ok(true)
}

/// Presses the power button.
pub(super) fn press_power_button(connect: &Connect, id: GuestId) -> Result<(), Error> {
    let domain = connect.lookup_domain_by_uuid(*id.as_uuid())?;
    domain.shutdown_flags(sys::VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
}

/// Halts the processors.
pub(super) fn pause(connect: &Connect, id: GuestId) -> Result<(), Error> {
    connect.lookup_domain_by_uuid(*id.as_uuid())?.suspend()
}

/// Lets the processors go on.
pub(super) fn resume(connect: &Connect, id: GuestId) -> Result<(), Error> {
    connect.lookup_domain_by_uuid(*id.as_uuid())?.resume()
}

/// How the domain is; `None` if libvirt does not know. One that is not there does not run.
pub(super) fn find(connect: &Connect, id: GuestId) -> Result<Option<Found>, Error> {
    match lookup(connect, id)? {
        Some(domain) => found(&domain),
        None => Ok(Some(Found::Off(Reason::Unknown))),
    }
}

/// How every domain is.
pub(super) fn find_all(connect: &Connect) -> Result<Vec<(GuestId, Option<Found>)>, Error> {
    let mut all = Vec::new();
    for domain in connect.list_all_domains(0)? {
        let id = GuestId::from_uuid(domain.uuid()?);
        match found(&domain) {
            Ok(found) => all.push((id, found)),
            Err(error) if is(&error, ErrorNumber::NoDomain) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn found(domain: &Domain) -> Result<Option<Found>, Error> {
    match domain.state()? {
        (Enum::Known(state), reason) => Ok(Found::from_state(state, reason)),
        // The crate does not look whether this call failed; the state is -1 then.
        (Enum::Unknown(_), _) => Err(Error::last_error()),
    }
}

fn is(error: &Error, number: ErrorNumber) -> bool {
    error.code().is(number)
}

/// The outcome, with this one error as nothing.
fn unless<T>(number: ErrorNumber, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if is(&error, number) => Ok(None),
        Err(error) => Err(error),
    }
}

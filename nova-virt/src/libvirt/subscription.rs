//! Being told of what happens to domains. The `virt` crate has no call for it, so this module calls
//! the C library itself, and is the only one to do so.
#![expect(
    unsafe_code,
    reason = "the virt crate does not wrap the registration of event callbacks"
)]

use std::ffi::{c_int, c_uchar, c_void};
use std::sync::Arc;

use uuid::Uuid;
use virt::connect::Connect;
use virt::error::Error;
use virt::sys;

use super::change::Change;
use super::hub::Hub;
use crate::guest::GuestId;

type Lifecycle =
    unsafe extern "C" fn(sys::virConnectPtr, sys::virDomainPtr, c_int, c_int, *mut c_void) -> c_int;
type Generic = unsafe extern "C" fn(sys::virConnectPtr, sys::virDomainPtr, *mut c_void);

/// A callback that is registered until this is dropped.
#[derive(Debug)]
pub(super) struct Subscription {
    connect: Connect,
    id: c_int,
}

impl Subscription {
    /// Tells of starts, stops, pauses and their like, of every domain.
    pub(super) fn lifecycle(connect: &Connect, hub: &Arc<Hub>) -> Result<Self, Error> {
        // SAFETY: libvirt keeps callbacks of every kind as generic ones, and calls one that was
        // registered for VIR_DOMAIN_EVENT_ID_LIFECYCLE, as this one is below, with the signature of
        // `virConnectDomainEventCallback`, which is that of `Lifecycle`.
        let callback = unsafe { std::mem::transmute::<Lifecycle, Generic>(on_lifecycle) };
        // SAFETY: the callback is of the kind that belongs to the event.
        unsafe { Self::register(connect, sys::VIR_DOMAIN_EVENT_ID_LIFECYCLE, callback, hub) }
    }

    /// Tells of resets, of every domain.
    pub(super) fn resets(connect: &Connect, hub: &Arc<Hub>) -> Result<Self, Error> {
        // SAFETY: the callback is of the kind that belongs to the event.
        unsafe { Self::register(connect, sys::VIR_DOMAIN_EVENT_ID_REBOOT, on_reset, hub) }
    }

    /// # Safety
    /// The callback has the signature that belongs to the event, and takes its last argument for a
    /// [`Hub`].
    unsafe fn register(
        connect: &Connect,
        event: sys::virDomainEventID,
        callback: Generic,
        hub: &Arc<Hub>,
    ) -> Result<Self, Error> {
        let event = c_int::try_from(event).unwrap_or(c_int::MAX);
        let opaque: *mut c_void = Arc::into_raw(Arc::clone(hub)).cast_mut().cast();
        // SAFETY: the connection is open for as long as `connect` lives, and libvirt holds it for
        // as long as the callback is registered. `opaque` belongs to libvirt from now on, which
        // gives it to `free` when the callback is called no more.
        let id = unsafe {
            sys::virConnectDomainEventRegisterAny(
                connect.as_ptr(),
                std::ptr::null_mut(),
                event,
                Some(callback),
                opaque,
                Some(free),
            )
        };
        if id < 0 {
            let error = Error::last_error();
            // SAFETY: libvirt did not take it, and gives it to nobody.
            unsafe { free(opaque) };
            return Err(error);
        }
        Ok(Self {
            connect: connect.clone(),
            id,
        })
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // SAFETY: the connection is open for as long as `self.connect` lives, and the id came from
        // it. That it may be unknown by now, because the connection broke, is seen to by libvirt.
        unsafe { sys::virConnectDomainEventDeregisterAny(self.connect.as_ptr(), self.id) };
    }
}

/// # Safety
/// Called by libvirt as `virConnectDomainEventCallback`, with a [`Hub`] as the last argument.
unsafe extern "C" fn on_lifecycle(
    _: sys::virConnectPtr,
    domain: sys::virDomainPtr,
    event: c_int,
    detail: c_int,
    opaque: *mut c_void,
) -> c_int {
    if let (Ok(event), Ok(detail)) = (u32::try_from(event), u32::try_from(detail))
        && let Some(change) = Change::from_lifecycle(event, detail)
    {
        // SAFETY: both pointers are libvirt's own, passed on unchanged.
        unsafe { tell(domain, change, opaque) };
    }
    0
}

/// # Safety
/// Called by libvirt as `virConnectDomainEventGenericCallback`, with a [`Hub`] as the last
/// argument.
unsafe extern "C" fn on_reset(
    _: sys::virConnectPtr,
    domain: sys::virDomainPtr,
    opaque: *mut c_void,
) {
    // SAFETY: both pointers are libvirt's own, passed on unchanged.
    unsafe { tell(domain, Change::Reset, opaque) };
}

/// # Safety
/// `domain` is one that libvirt gave a callback, `opaque` what was registered with it.
unsafe fn tell(domain: sys::virDomainPtr, change: Change, opaque: *mut c_void) {
    let mut uuid: [c_uchar; 16] = [0; sys::VIR_UUID_BUFLEN as usize];
    // SAFETY: the domain is valid for the length of the callback, and the buffer has the size that
    // libvirt asks for.
    if unsafe { sys::virDomainGetUUID(domain, uuid.as_mut_ptr()) } < 0 {
        return;
    }
    // SAFETY: `register` made it from an `Arc<Hub>`, whose reference libvirt gives to `free` after
    // the last callback.
    let hub = unsafe { &*opaque.cast::<Hub>() };
    hub.tell(GuestId::from_uuid(Uuid::from_bytes(uuid)), change);
}

/// # Safety
/// `opaque` was made by `register` and is used no more.
unsafe extern "C" fn free(opaque: *mut c_void) {
    // SAFETY: it came from an `Arc` of this type, and nobody else gives this reference back.
    drop(unsafe { Arc::from_raw(opaque.cast_const().cast::<Hub>()) });
}

//! The state of a server when nothing is being done to it.

use crate::text_enum::text_enum;

text_enum! {
    /// What a server is, as the user asked for it; [`PowerState`](super::PowerState) says what the
    /// hypervisor found.
    pub enum VmState: "vm_state" {
        /// Not built yet.
        Building = "building",
        /// Running.
        Active = "active",
        /// Halted in memory.
        Paused = "paused",
        /// Halted, its memory on disk.
        Suspended = "suspended",
        /// Powered off.
        Stopped = "stopped",
        /// Booted from a rescue image.
        Rescued = "rescued",
        /// Resized or moved, and not yet confirmed.
        Resized = "resized",
        /// Deleted, and may still be restored.
        SoftDeleted = "soft_deleted",
        /// Gone.
        Deleted = "deleted",
        /// An operation failed; the latest fault says why.
        Error = "error",
        /// Powered off, its disk an image; still on its host.
        Shelved = "shelved",
        /// Shelved, and on no host.
        ShelvedOffloaded = "shelved_offloaded",
    }
}

//! What the driver's parts share.

use std::sync::Arc;

use super::config::QemuConfig;
use super::detect::Installation;
use super::place::Root;
use super::registry::Registry;
use crate::event::EventSender;

/// A driver's belongings. Operations hold it until they are done, so that no other driver begins
/// in the same place before.
#[derive(Debug)]
pub(super) struct Host {
    /// How it was set up.
    pub(super) config: QemuConfig,
    /// The programs.
    pub(super) installation: Installation,
    /// Where the guests live.
    pub(super) root: Root,
    /// The guests.
    pub(super) registry: Arc<Registry>,
    /// Where events are told.
    pub(super) events: EventSender,
}

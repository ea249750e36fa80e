//! What is asked of the scheduler.

mod destination;
mod fulfilment;
mod group;
mod groups;
mod hardware;
mod image;
mod placement_request;

pub use destination::Destination;
pub use fulfilment::Fulfilment;
pub use group::GroupRequest;
pub(crate) use groups::{GroupKey, named_groups};
pub use image::RequestImage;
pub use placement_request::PlacementRequest;

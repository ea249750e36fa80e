//! What no host could ever take.

use nova_core::id::HostName;
use nova_core::model::ResourceClass;
use serde::{Deserialize, Serialize};

use crate::fleet::{Fleet, HostIndex};
use crate::request::PlacementRequest;

/// A class of which one server wants more than any host of the fleet offers, were it empty. No
/// waiting and no clearing out helps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shortfall {
    /// The class.
    pub class: ResourceClass,
    /// How much one server wants.
    pub wanted: u64,
    /// The most that any host could give one server.
    pub largest: u64,
    /// The first host that could give as much; `None` if no host offers the class.
    pub host: Option<HostName>,
}

/// The classes of which no host offers enough, in the order of [`ResourceClass`].
pub(crate) fn shortfalls(fleet: &Fleet, request: &PlacementRequest) -> Vec<Shortfall> {
    let shortfall = |(class, wanted): (&ResourceClass, u64)| {
        let mut largest = 0;
        let mut host = None;
        if let Some(column) = fleet.resource(class) {
            for row in 0..fleet.len() {
                let offered = column.amounts(row).largest();
                if offered > largest {
                    largest = offered;
                    host = fleet.name(HostIndex::from_row(row)).cloned();
                }
            }
        }
        (wanted > largest).then(|| Shortfall {
            class: class.clone(),
            wanted,
            largest,
            host,
        })
    };
    request.resources().iter().filter_map(shortfall).collect()
}

//! What a scheduler is asked.

use nova_sched::{PlacementRequest, Plan};

use super::call;

call! {
    /// Plan where to put what is asked for. The plan is not claimed.
    SelectDestinations as "select_destinations" -> Plan {
        /// What is asked for.
        request: PlacementRequest,
        /// Whether the asker means to claim what is planned, or only wants to know.
        to_be_claimed: bool,
    }
}

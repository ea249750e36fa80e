//! What a conductor is asked.

use nova_core::id::{HostName, ServerId};
use nova_core::model::HostReport;
use nova_core::state::{Operation, PowerState};
use serde::{Deserialize, Serialize};

use super::call;

call! {
    /// Build a server that was just recorded. A cast.
    BuildInstances as "build_instances" -> () {
        /// The server.
        server_id: ServerId,
    }
}

call! {
    /// Carry out an operation whose first task state is recorded. A cast.
    OperateInstance as "operate_instance" -> () {
        /// The server.
        server_id: ServerId,
        /// What to do.
        operation: Operation,
    }
}

/// A guest as a host finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestState {
    /// The server.
    pub server_id: ServerId,
    /// Its power state.
    pub power_state: PowerState,
}

call! {
    /// Take what a host says of itself and of its guests.
    ReportHost as "report_host" -> () {
        /// The host.
        report: HostReport,
        /// All its guests; `None` where they could not be listed this time.
        guests: Option<Vec<GuestState>>,
    }
}

call! {
    /// Look at a guest again: something happened to it.
    GuestChanged as "guest_changed" -> () {
        /// The host that it is on.
        host: HostName,
        /// The server.
        server_id: ServerId,
    }
}

//! What a compute host is asked.

use std::time::Duration;

use nova_core::id::{ImageId, ServerId};
use nova_core::model::{Server, ServerName};
use nova_core::state::PowerState;
use nova_core::units::{Gibibytes, Mebibytes};
use serde::{Deserialize, Serialize};

use super::call;

/// A guest to run, as the conductor describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestRequest {
    /// The server that it is.
    pub server_id: ServerId,
    /// Its name.
    pub name: ServerName,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory.
    pub memory: Mebibytes,
    /// The root disk.
    pub root_disk: Gibibytes,
    /// What is on the root disk.
    pub image_id: ImageId,
}

impl From<&Server> for GuestRequest {
    fn from(server: &Server) -> Self {
        Self {
            server_id: server.id,
            name: server.name.clone(),
            vcpus: server.flavor.vcpus(),
            memory: server.flavor.memory(),
            root_disk: server.flavor.root_disk(),
            image_id: server.image_id,
        }
    }
}

/// How to power a guest off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shutdown {
    /// The guest is asked, and has so long.
    Graceful(Duration),
    /// At once.
    Hard,
}

call! {
    /// Make the guest and start it.
    BuildAndRunInstance as "build_and_run_instance" -> PowerState {
        /// What to run.
        guest: GuestRequest,
    }
}

call! {
    /// Remove the guest and all that belonged to it.
    TerminateInstance as "terminate_instance" -> () {
        /// The server.
        server_id: ServerId,
    }
}

call! {
    /// Start the guest.
    StartInstance as "start_instance" -> PowerState {
        /// The server.
        server_id: ServerId,
    }
}

call! {
    /// Power the guest off.
    StopInstance as "stop_instance" -> PowerState {
        /// The server.
        server_id: ServerId,
        /// How.
        shutdown: Shutdown,
    }
}

call! {
    /// Restart the guest.
    RebootInstance as "reboot_instance" -> PowerState {
        /// The server.
        server_id: ServerId,
        /// How its old run ends: a graceful end is a soft reboot.
        shutdown: Shutdown,
    }
}

call! {
    /// Halt the guest's processors.
    PauseInstance as "pause_instance" -> PowerState {
        /// The server.
        server_id: ServerId,
    }
}

call! {
    /// Let the guest's processors go on.
    UnpauseInstance as "unpause_instance" -> PowerState {
        /// The server.
        server_id: ServerId,
    }
}

call! {
    /// The guest's power state; `NoState` if the host has no such guest.
    GetPowerState as "get_power_state" -> PowerState {
        /// The server.
        server_id: ServerId,
    }
}

call! {
    /// The end of what the guest wrote to its serial console.
    GetConsoleOutput as "get_console_output" -> Vec<u8> {
        /// The server.
        server_id: ServerId,
        /// How many bytes at the most.
        max_bytes: usize,
    }
}

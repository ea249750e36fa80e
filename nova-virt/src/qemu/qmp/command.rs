//! The commands that the driver gives.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A command with its answer. It is serialised as its own arguments.
pub(in crate::qemu) trait QmpCommand: Serialize + Sync {
    /// Its name.
    const NAME: &'static str;
    /// What is read of the answer.
    type Reply: DeserializeOwned;
}

/// An answer that says no more than that it was done.
#[derive(Debug, Deserialize)]
pub(in crate::qemu) struct Done {}

macro_rules! command {
    ($(#[$doc:meta])* $name:ident, $text:literal, $reply:ty) => {
        $(#[$doc])*
        #[derive(Debug, Serialize)]
        pub(in crate::qemu) struct $name {}

        impl QmpCommand for $name {
            const NAME: &'static str = $text;
            type Reply = $reply;
        }
    };
}

command!(
    /// Ends the negotiation that each connection begins with.
    QmpCapabilities,
    "qmp_capabilities",
    Done
);
command!(
    /// Lets the processors go on.
    Cont,
    "cont",
    Done
);
command!(
    /// Halts the processors.
    Stop,
    "stop",
    Done
);
command!(
    /// Ends qemu at once, with its disks written back.
    Quit,
    "quit",
    Done
);
command!(
    /// Presses the power button.
    SystemPowerdown,
    "system_powerdown",
    Done
);
command!(
    /// Asks what the machine is doing.
    QueryStatus,
    "query-status",
    Status
);

/// What the machine is doing.
#[derive(Debug, Deserialize)]
pub(in crate::qemu) struct Status {
    /// Its state.
    pub(in crate::qemu) status: RunState,
}

/// QEMU's run states, as far as they differ here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::qemu) enum RunState {
    /// The processors run.
    Running,
    /// The guest powered itself off; qemu waits to be ended.
    Shutdown,
    /// The guest cannot go on.
    InternalError,
    /// The guest's kernel said that it cannot go on.
    GuestPanicked,
    /// Made and never started.
    Prelaunch,
    /// In memory, with the processors halted, for any of the other reasons.
    #[serde(other)]
    Halted,
}

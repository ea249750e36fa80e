//! What can be asked of a hypervisor, as data.

use std::fmt;

/// A method of [`Hypervisor`](crate::Hypervisor) or of its groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// [`inventory`](crate::Hypervisor::inventory).
    Inventory,
    /// [`spawn`](crate::Hypervisor::spawn).
    Spawn,
    /// [`destroy`](crate::Hypervisor::destroy).
    Destroy,
    /// [`power_on`](crate::Hypervisor::power_on).
    PowerOn,
    /// [`power_off`](crate::Hypervisor::power_off).
    PowerOff,
    /// [`reboot`](crate::Hypervisor::reboot).
    Reboot,
    /// [`list`](crate::Hypervisor::list).
    List,
    /// [`inspect`](crate::Hypervisor::inspect).
    Inspect,
    /// [`Pause::pause`](crate::Pause::pause).
    Pause,
    /// [`Pause::unpause`](crate::Pause::unpause).
    Unpause,
    /// [`ConsoleLog::console_log`](crate::ConsoleLog::console_log).
    ConsoleLog,
}

impl Operation {
    /// Every operation.
    pub const ALL: &'static [Self] = &[
        Self::Inventory,
        Self::Spawn,
        Self::Destroy,
        Self::PowerOn,
        Self::PowerOff,
        Self::Reboot,
        Self::List,
        Self::Inspect,
        Self::Pause,
        Self::Unpause,
        Self::ConsoleLog,
    ];

    /// What it does, as a verb: for messages.
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Inventory => "take the inventory",
            Self::Spawn => "spawn",
            Self::Destroy => "destroy",
            Self::PowerOn => "power on",
            Self::PowerOff => "power off",
            Self::Reboot => "reboot",
            Self::List => "list",
            Self::Inspect => "inspect",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::ConsoleLog => "read the console log of",
        }
    }

    /// Whether it can change anything.
    pub const fn changes(self) -> bool {
        match self {
            Self::Spawn
            | Self::Destroy
            | Self::PowerOn
            | Self::PowerOff
            | Self::Reboot
            | Self::Pause
            | Self::Unpause => true,
            Self::Inventory | Self::List | Self::Inspect | Self::ConsoleLog => false,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Inventory => "inventory",
            Self::Spawn => "spawn",
            Self::Destroy => "destroy",
            Self::PowerOn => "power_on",
            Self::PowerOff => "power_off",
            Self::Reboot => "reboot",
            Self::List => "list",
            Self::Inspect => "inspect",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::ConsoleLog => "console_log",
        })
    }
}

//! What the values of an image's properties may be.

use std::collections::BTreeSet;
use std::fmt;

use super::VersionPredicate;
use super::hardware::{
    Architecture, CpuPolicy, CpuThreadPolicy, DeviceType, DiskBus, FirmwareType, InputBus,
    IommuModel, MemoryEncryptionModel, PciNumaAffinity, PhysicalAddressMode, PointerModel,
    RngModel, ScsiModel, SoundModel, TpmModel, TpmVersion, VideoModel, VifModel, WatchdogAction,
};
use crate::text_enum::text_enum;

text_enum! {
    /// How much the guest is made to know of the hypervisor.
    pub enum VmMode: "vm mode" {
        /// Full virtualisation.
        Hvm = "hvm",
        /// Xen's paravirtualisation.
        Xen = "xen",
        /// User-Mode Linux.
        Uml = "uml",
        /// A process.
        Exe = "exe",
    }
}

text_enum! {
    /// A kind of hypervisor that an image may ask for.
    pub enum HypervisorType: "hypervisor type" {
        /// A machine without one.
        Baremetal = "baremetal",
        /// bhyve.
        Bhyve = "bhyve",
        /// A fake.
        Fake = "fake",
        /// Hyper-V.
        Hyperv = "hyperv",
        /// OpenStack's bare metal service.
        Ironic = "ironic",
        /// KVM.
        Kvm = "kvm",
        /// Containers.
        Lxc = "lxc",
        /// `OpenVZ`.
        Openvz = "openvz",
        /// Parallels.
        Parallels = "parallels",
        /// `PowerVM`.
        Phyp = "phyp",
        /// QEMU.
        Qemu = "qemu",
        /// User-Mode Linux.
        Uml = "uml",
        /// `VirtualBox`.
        Vbox = "vbox",
        /// `VMware`.
        Vmware = "vmware",
        /// Xen.
        Xen = "xen",
    }
}

text_enum! {
    /// A family of operating systems.
    pub enum OsType: "os type" {
        /// Linux.
        Linux = "linux",
        /// Windows.
        Windows = "windows",
    }
}

text_enum! {
    /// Whether a guest is started by UEFI's secure boot.
    pub enum SecureBoot: "secure boot" {
        /// Never.
        Disabled = "disabled",
        /// Where the host can.
        Optional = "optional",
        /// Always.
        Required = "required",
    }
}

text_enum! {
    /// Whether a guest needs a config drive.
    pub enum ConfigDrivePolicy: "config drive" {
        /// It does.
        Mandatory = "mandatory",
        /// It does not.
        Optional = "optional",
    }
}

/// The size of the pages behind a guest's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MemoryPageSize {
    /// The smallest that the host has.
    Small,
    /// Larger than the smallest.
    Large,
    /// Whatever the host chooses.
    Any,
    /// So many KiB.
    Kibibytes(u64),
}

impl fmt::Display for MemoryPageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small => f.write_str("small"),
            Self::Large => f.write_str("large"),
            Self::Any => f.write_str("any"),
            Self::Kibibytes(count) => write!(f, "{count}"),
        }
    }
}

/// A type of value, and how it is written.
pub(super) trait PropertyValue: Sized {
    /// What a value must be, for the message when it is not.
    const EXPECTED: &'static str;

    fn read(text: &str) -> Option<Self>;

    /// How the value that was read from `text` is written: mostly as it was.
    fn canonical(&self, text: &str) -> String {
        text.to_owned()
    }
}

macro_rules! enums {
    ($($name:ident,)+) => {
        $(impl PropertyValue for $name {
            const EXPECTED: &'static str = "it is none of the known values";

            fn read(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        })+
    };
}

enums!(
    CpuPolicy,
    CpuThreadPolicy,
    DeviceType,
    DiskBus,
    FirmwareType,
    InputBus,
    IommuModel,
    MemoryEncryptionModel,
    PciNumaAffinity,
    PhysicalAddressMode,
    PointerModel,
    RngModel,
    ScsiModel,
    SoundModel,
    TpmModel,
    TpmVersion,
    VifModel,
    VideoModel,
    WatchdogAction,
    VmMode,
    OsType,
    SecureBoot,
    ConfigDrivePolicy,
);

impl PropertyValue for Architecture {
    const EXPECTED: &'static str = "it is no known architecture";

    fn read(text: &str) -> Option<Self> {
        Self::from_any_name(text)
    }

    fn canonical(&self, _text: &str) -> String {
        self.to_string()
    }
}

/// In any case, and with the other names that some have: as Nova reads it.
impl PropertyValue for HypervisorType {
    const EXPECTED: &'static str = "it is no known type of hypervisor";

    fn read(text: &str) -> Option<Self> {
        match &*text.to_ascii_lowercase() {
            "xapi" => Some(Self::Xen),
            "powervm" => Some(Self::Phyp),
            text => text.parse().ok(),
        }
    }

    fn canonical(&self, _text: &str) -> String {
        self.to_string()
    }
}

/// As Nova's `FlexibleBoolean` reads it.
impl PropertyValue for bool {
    const EXPECTED: &'static str = "it is neither `true` nor `false`";

    fn read(text: &str) -> Option<Self> {
        match &*text.trim().to_ascii_lowercase() {
            "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
            "0" | "f" | "false" | "off" | "n" | "no" | "" => Some(false),
            _ => None,
        }
    }

    fn canonical(&self, _text: &str) -> String {
        if *self { "True" } else { "False" }.to_owned()
    }
}

/// A count.
impl PropertyValue for u32 {
    const EXPECTED: &'static str = "it is not a number between 0 and 2147483647";

    fn read(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let number: Self = text.parse().ok()?;
        (digits && number <= i32::MAX.unsigned_abs()).then_some(number)
    }

    fn canonical(&self, _text: &str) -> String {
        self.to_string()
    }
}

impl PropertyValue for VersionPredicate {
    const EXPECTED: &'static str = "it is not a list of conditions as in `>=6.2, <9`";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl PropertyValue for String {
    const EXPECTED: &'static str =
        "it is not 1 to 255 characters, or has a control character in it";

    fn read(text: &str) -> Option<Self> {
        let chars = text.chars().count();
        ((1..=255).contains(&chars) && !text.chars().any(char::is_control)).then(|| text.to_owned())
    }
}

impl PropertyValue for MemoryPageSize {
    const EXPECTED: &'static str = "it is neither `small`, `large`, `any` nor a size as in `2MB`";

    fn read(text: &str) -> Option<Self> {
        match text {
            "small" => return Some(Self::Small),
            "large" => return Some(Self::Large),
            "any" => return Some(Self::Any),
            _ => {}
        }
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, unit) = text.split_at(end);
        let factor = match unit {
            "" | "KB" | "KiB" => 1,
            "MB" | "MiB" => 1 << 10,
            "GB" | "GiB" => 1 << 20,
            _ => return None,
        };
        let count = digits.parse::<u64>().ok()?.checked_mul(factor)?;
        (count > 0).then_some(Self::Kibibytes(count))
    }
}

/// The largest number of a processor in a set.
const MAX_CPU: u32 = 4095;

/// A set of processors: numbers and ranges, of which those after `^` are left out.
impl PropertyValue for BTreeSet<u32> {
    const EXPECTED: &'static str = "it is not a set of processors as in `0-3,^2`";

    fn read(text: &str) -> Option<Self> {
        let (mut within, mut without) = (Self::new(), Self::new());
        for part in text.split(',').map(str::trim) {
            let (set, part) = match part.strip_prefix('^') {
                Some(part) => (&mut without, part),
                None => (&mut within, part),
            };
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (u32::read(first)?, u32::read(last)?);
            if first > last || last > MAX_CPU {
                return None;
            }
            set.extend(first..=last);
        }
        within.retain(|cpu| !without.contains(cpu));
        (!within.is_empty()).then_some(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_are_in_kibibytes() {
        for (text, size) in [
            ("small", Some(MemoryPageSize::Small)),
            ("any", Some(MemoryPageSize::Any)),
            ("2048", Some(MemoryPageSize::Kibibytes(2048))),
            ("2MB", Some(MemoryPageSize::Kibibytes(2048))),
            ("1GiB", Some(MemoryPageSize::Kibibytes(1 << 20))),
            ("0", None),
            ("", None),
            ("MB", None),
            ("-2", None),
            ("2TB", None),
            ("18446744073709551615GB", None),
        ] {
            assert_eq!(MemoryPageSize::read(text), size, "{text}");
        }
    }

    #[test]
    fn sets_of_processors_have_ranges() {
        for (text, set) in [
            ("0", vec![0]),
            ("0-3,^2", vec![0, 1, 3]),
            ("^1, 0-1,7", vec![0, 7]),
        ] {
            assert_eq!(
                BTreeSet::read(text),
                Some(BTreeSet::from_iter(set)),
                "{text}"
            );
        }
        for bad in [
            "",
            ",",
            "3-1",
            "0-4096",
            "^0",
            "a",
            "1-",
            "-1",
            "0-4294967295",
        ] {
            assert_eq!(BTreeSet::<u32>::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn booleans_are_flexible_and_counts_are_not() {
        assert_eq!(bool::read("Yes"), Some(true));
        assert_eq!(bool::read("0"), Some(false));
        assert_eq!(bool::read("maybe"), None);
        assert_eq!(HypervisorType::read("QEMU"), Some(HypervisorType::Qemu));
        assert_eq!(HypervisorType::read("xapi"), Some(HypervisorType::Xen));
        assert_eq!(HypervisorType::read("z/vm"), None);
        assert_eq!(u32::read("12"), Some(12));
        for bad in ["", "+1", "-1", " 1", "1.0", "2147483648"] {
            assert_eq!(u32::read(bad), None, "{bad}");
        }
    }
}

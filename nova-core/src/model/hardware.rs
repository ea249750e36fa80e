//! The devices and processors of guests, by the names that libvirt and Nova have for them.

use crate::text_enum::text_enum;

text_enum! {
    /// The architecture of a processor.
    pub enum Architecture: "architecture" {
        /// ARM, 64 bits.
        Aarch64 = "aarch64",
        /// DEC Alpha.
        Alpha = "alpha",
        /// ARM version 6.
        Armv6 = "armv6",
        /// ARM version 7, little-endian.
        Armv7l = "armv7l",
        /// ARM version 7, big-endian.
        Armv7b = "armv7b",
        /// Intel's 32 bits.
        I686 = "i686",
        /// Itanium.
        Ia64 = "ia64",
        /// `LoongArch`, 64 bits.
        LoongArch64 = "loongarch64",
        /// Motorola 68000.
        M68k = "m68k",
        /// MIPS, big-endian.
        Mips = "mips",
        /// MIPS, little-endian.
        Mipsel = "mipsel",
        /// MIPS, 64 bits, big-endian.
        Mips64 = "mips64",
        /// MIPS, 64 bits, little-endian.
        Mips64el = "mips64el",
        /// POWER.
        Ppc = "ppc",
        /// POWER, little-endian.
        Ppcle = "ppcle",
        /// POWER, 64 bits, big-endian.
        Ppc64 = "ppc64",
        /// POWER, 64 bits, little-endian.
        Ppc64le = "ppc64le",
        /// RISC-V, 64 bits.
        Riscv64 = "riscv64",
        /// IBM Z, 31 bits.
        S390 = "s390",
        /// IBM Z, 64 bits.
        S390x = "s390x",
        /// SPARC.
        Sparc = "sparc",
        /// SPARC, 64 bits.
        Sparc64 = "sparc64",
        /// AMD's and Intel's 64 bits.
        X86_64 = "x86_64",
    }
}

impl Architecture {
    /// Reads a name in any case, and the other names that some have: `amd64`, `i386` to `i586`,
    /// `arm64`.
    pub(super) fn from_any_name(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        match &*text {
            "amd64" => Some(Self::X86_64),
            "i386" | "i486" | "i586" => Some(Self::I686),
            "arm64" => Some(Self::Aarch64),
            text => text.parse().ok(),
        }
    }
}

text_enum! {
    /// The bus that a disk is on.
    pub enum DiskBus: "disk bus" {
        /// The controller of floppy disks.
        Fdc = "fdc",
        /// IDE.
        Ide = "ide",
        /// Serial ATA.
        Sata = "sata",
        /// SCSI.
        Scsi = "scsi",
        /// USB.
        Usb = "usb",
        /// virtio.
        Virtio = "virtio",
        /// Xen's own.
        Xen = "xen",
        /// A directory of a container.
        Lxc = "lxc",
        /// That of User-Mode Linux.
        Uml = "uml",
    }
}

text_enum! {
    /// What the guest sees a disk as.
    pub enum DeviceType: "device type" {
        /// A disk.
        Disk = "disk",
        /// A CD drive.
        Cdrom = "cdrom",
        /// A floppy drive.
        Floppy = "floppy",
        /// A disk that takes SCSI commands of the guest.
        Lun = "lun",
    }
}

text_enum! {
    /// What starts a guest.
    pub enum FirmwareType: "firmware type" {
        /// A BIOS.
        Bios = "bios",
        /// UEFI.
        Uefi = "uefi",
    }
}

text_enum! {
    /// How virtual processors share physical ones.
    pub enum CpuPolicy: "cpu policy" {
        /// Each has one of its own.
        Dedicated = "dedicated",
        /// Some have one of their own.
        Mixed = "mixed",
        /// All share.
        Shared = "shared",
    }
}

text_enum! {
    /// How dedicated processors lie on the threads of a core.
    pub enum CpuThreadPolicy: "cpu thread policy" {
        /// On siblings where there are some.
        Prefer = "prefer",
        /// Each on a core of its own.
        Isolate = "isolate",
        /// On siblings always.
        Require = "require",
    }
}

text_enum! {
    /// How near to its memory a PCI device must be.
    pub enum PciNumaAffinity: "PCI NUMA affinity" {
        /// On the same node.
        Required = "required",
        /// On the same node if the device says where it is.
        Legacy = "legacy",
        /// On the same node if one can be had there.
        Preferred = "preferred",
        /// In the same socket.
        Socket = "socket",
    }
}

text_enum! {
    /// How wide a guest sees physical addresses.
    pub enum PhysicalAddressMode: "physical address mode" {
        /// As wide as the host's.
        Passthrough = "passthrough",
        /// So wide as is said.
        Emulate = "emulate",
    }
}

text_enum! {
    /// A network interface.
    pub enum VifModel: "vif model" {
        /// Intel 82540EM.
        E1000 = "e1000",
        /// Intel 82574L.
        E1000e = "e1000e",
        /// Intel 82576.
        Igb = "igb",
        /// SMSC LAN9118.
        Lan9118 = "lan9118",
        /// NE2000.
        Ne2kPci = "ne2k_pci",
        /// Xen's own.
        Netfront = "netfront",
        /// AMD `PCnet`.
        Pcnet = "pcnet",
        /// Realtek 8139.
        Rtl8139 = "rtl8139",
        /// That of IBM's POWER.
        SpaprVlan = "spapr-vlan",
        /// virtio.
        Virtio = "virtio",
        /// `VMware`'s own, version 3.
        Vmxnet3 = "vmxnet3",
        /// `VMware`'s own.
        Vmxnet = "vmxnet",
    }
}

text_enum! {
    /// A graphics card.
    pub enum VideoModel: "video model" {
        /// A plain frame buffer.
        Bochs = "bochs",
        /// Cirrus Logic GD5446.
        Cirrus = "cirrus",
        /// The frame buffer of UEFI.
        Gop = "gop",
        /// None.
        None = "none",
        /// That of SPICE.
        Qxl = "qxl",
        /// VGA.
        Vga = "vga",
        /// virtio.
        Virtio = "virtio",
        /// `VMware`'s own.
        Vmvga = "vmvga",
        /// Xen's own.
        Xen = "xen",
    }
}

text_enum! {
    /// A SCSI controller.
    pub enum ScsiModel: "scsi model" {
        /// `BusLogic`.
        BusLogic = "buslogic",
        /// That of IBM's POWER.
        IbmVscsi = "ibmvscsi",
        /// LSI Logic 53C895A.
        LsiLogic = "lsilogic",
        /// LSI SAS1068.
        LsiSas1068 = "lsisas1068",
        /// LSI SAS1078.
        LsiSas1078 = "lsisas1078",
        /// virtio.
        VirtioScsi = "virtio-scsi",
        /// `VMware`'s own.
        VmPvScsi = "vmpvscsi",
    }
}

text_enum! {
    /// A sound card.
    pub enum SoundModel: "sound model" {
        /// Intel 82801AA.
        Ac97 = "ac97",
        /// Ensoniq `AudioPCI`.
        Es1370 = "es1370",
        /// Intel HD audio of ICH6.
        Ich6 = "ich6",
        /// Intel HD audio of ICH9.
        Ich9 = "ich9",
        /// The speaker.
        PcSpk = "pcspk",
        /// Sound Blaster 16.
        Sb16 = "sb16",
        /// USB audio.
        Usb = "usb",
        /// virtio.
        Virtio = "virtio",
    }
}

text_enum! {
    /// The bus of keyboard and mouse.
    pub enum InputBus: "input bus" {
        /// USB.
        Usb = "usb",
        /// virtio.
        Virtio = "virtio",
    }
}

text_enum! {
    /// A pointing device.
    pub enum PointerModel: "pointer model" {
        /// A tablet on USB.
        UsbTablet = "usbtablet",
    }
}

text_enum! {
    /// A source of randomness.
    pub enum RngModel: "rng model" {
        /// virtio.
        Virtio = "virtio",
    }
}

text_enum! {
    /// What happens when a guest does not reset its watchdog.
    pub enum WatchdogAction: "watchdog action" {
        /// There is no watchdog.
        Disabled = "disabled",
        /// It is told, and nothing done.
        None = "none",
        /// The guest is paused.
        Pause = "pause",
        /// The guest is turned off.
        PowerOff = "poweroff",
        /// The guest is reset.
        Reset = "reset",
    }
}

text_enum! {
    /// A Trusted Platform Module's interface.
    pub enum TpmModel: "TPM model" {
        /// A command buffer; of version 2.0 only.
        Crb = "tpm-crb",
        /// A FIFO.
        Tis = "tpm-tis",
    }
}

text_enum! {
    /// A Trusted Platform Module's version.
    pub enum TpmVersion: "TPM version" {
        /// 1.2.
        V1 = "1.2",
        /// 2.0.
        V2 = "2.0",
    }
}

text_enum! {
    /// An IOMMU.
    pub enum IommuModel: "viommu model" {
        /// Whichever suits the machine.
        Auto = "auto",
        /// Intel's.
        Intel = "intel",
        /// ARM's, version 3.
        Smmuv3 = "smmuv3",
        /// virtio.
        Virtio = "virtio",
    }
}

text_enum! {
    /// What encrypts a guest's memory.
    pub enum MemoryEncryptionModel: "memory encryption model" {
        /// AMD SEV.
        AmdSev = "amd-sev",
        /// AMD SEV-ES.
        AmdSevEs = "amd-sev-es",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_have_other_names() {
        for (name, architecture) in [
            ("x86_64", Architecture::X86_64),
            ("AMD64", Architecture::X86_64),
            ("i386", Architecture::I686),
            ("arm64", Architecture::Aarch64),
        ] {
            assert_eq!(Architecture::from_any_name(name), Some(architecture));
        }
        assert_eq!(Architecture::from_any_name("z80"), None);
    }
}

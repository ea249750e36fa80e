//! Properties of images: hints for the scheduler and the drivers.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::image_property::PropertyValue;
use super::{
    Architecture, ConfigDrivePolicy, CpuPolicy, CpuThreadPolicy, DeviceType, DiskBus, FirmwareType,
    HostTrait, HypervisorType, InputBus, IommuModel, MemoryEncryptionModel, MemoryPageSize, OsType,
    PciNumaAffinity, PhysicalAddressMode, PointerModel, RngModel, ScsiModel, SecureBoot,
    SoundModel, TpmModel, TpmVersion, VersionPredicate, VideoModel, VifModel, VmMode,
    WatchdogAction,
};
use crate::error::{Error, Result};
use crate::units::Mebibytes;

/// Before the name of a trait, in a key.
const TRAIT: &str = "trait:";
/// Before the number of a NUMA node, in keys.
const NUMA_CPUS: &str = "hw_numa_cpus.";
const NUMA_MEMORY: &str = "hw_numa_mem.";

/// An image's properties: text by name, of which those that Nova's scheduler and drivers read
/// have a type and a getter here. The values of these are checked when the properties are made;
/// others are kept untouched.
///
/// The names, and what they may hold, are those of Nova's `ImageMetaProps` and of the image
/// service's documentation of useful properties.
///
/// ```
/// use nova_core::model::{Architecture, ImageProperties};
///
/// let properties = ImageProperties::default()
///     .with("hw_architecture", "amd64")?
///     .with("hw_vif_multiqueue_enabled", "yes")?
///     .with("trait:HW_CPU_X86_AVX2", "required")?
///     .with("my_own", "anything")?;
/// assert_eq!(properties.architecture(), Some(Architecture::X86_64));
/// assert_eq!(properties.vif_multiqueue(), Some(true));
/// assert!(properties.required_traits().contains("HW_CPU_X86_AVX2"));
/// assert_eq!(properties.get("my_own"), Some("anything"));
///
/// let refused = properties.with("hw_disk_bus", "carrier pigeon").unwrap_err();
/// assert_eq!(refused.to_string(), "invalid hw_disk_bus: it is none of the known values");
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    try_from = "BTreeMap<String, String>",
    into = "BTreeMap<String, String>"
)]
pub struct ImageProperties(BTreeMap<String, String>);

type Check = fn(&str) -> Option<&'static str>;
type Canonical = fn(&str) -> Option<String>;

/// How a value of this type is written, if it is one.
fn canonical<T: PropertyValue>(text: &str) -> Option<String> {
    Some(T::read(text)?.canonical(text))
}

/// What is wrong with a value of this type, if anything.
fn wrong<T: PropertyValue>(text: &str) -> Option<&'static str> {
    match T::read(text) {
        Some(_) => None,
        None => Some(T::EXPECTED),
    }
}

macro_rules! properties {
    ($($(#[$doc:meta])* $getter:ident: $type:ty = $key:literal;)+) => {
        impl ImageProperties {
            $(
                $(#[$doc])*
                #[doc = concat!("(`", $key, "`)")]
                pub fn $getter(&self) -> Option<$type> {
                    self.get($key).and_then(<$type as PropertyValue>::read)
                }
            )+
        }

        /// The names that have a type.
        const KNOWN: &[(&str, Check, Canonical)] =
            &[$(($key, wrong::<$type>, canonical::<$type>),)+];
    };
}

properties! {
    /// The architecture of its code.
    architecture: Architecture = "hw_architecture";
    /// The architecture to emulate.
    emulation_architecture: Architecture = "hw_emulation_architecture";
    /// How many sockets the processors are in.
    cpu_sockets: u32 = "hw_cpu_sockets";
    /// How many cores are in a socket.
    cpu_cores: u32 = "hw_cpu_cores";
    /// How many threads are in a core.
    cpu_threads: u32 = "hw_cpu_threads";
    /// The most sockets.
    cpu_max_sockets: u32 = "hw_cpu_max_sockets";
    /// The most cores in a socket.
    cpu_max_cores: u32 = "hw_cpu_max_cores";
    /// The most threads in a core.
    cpu_max_threads: u32 = "hw_cpu_max_threads";
    /// How processors are shared.
    cpu_policy: CpuPolicy = "hw_cpu_policy";
    /// How dedicated processors lie on threads.
    cpu_thread_policy: CpuThreadPolicy = "hw_cpu_thread_policy";
    /// How many NUMA nodes the guest has.
    numa_nodes: u32 = "hw_numa_nodes";
    /// How near PCI devices must be.
    pci_numa_affinity: PciNumaAffinity = "hw_pci_numa_affinity_policy";
    /// The size of the pages behind the memory.
    memory_page_size: MemoryPageSize = "hw_mem_page_size";
    /// Whether the memory is encrypted.
    memory_encryption: bool = "hw_mem_encryption";
    /// What encrypts the memory.
    memory_encryption_model: MemoryEncryptionModel = "hw_mem_encryption_model";
    /// Whether the memory is kept from being swapped out.
    locked_memory: bool = "hw_locked_memory";
    /// How the guest sees physical addresses.
    physical_address_mode: PhysicalAddressMode = "hw_maxphysaddr_mode";
    /// How many bits a physical address has.
    physical_address_bits: u32 = "hw_maxphysaddr_bits";
    /// The bus of disks.
    disk_bus: DiskBus = "hw_disk_bus";
    /// The bus of CD drives.
    cdrom_bus: DiskBus = "hw_cdrom_bus";
    /// The bus of floppy drives.
    floppy_bus: DiskBus = "hw_floppy_bus";
    /// The bus of the disk that the guest is rescued from.
    rescue_bus: DiskBus = "hw_rescue_bus";
    /// What the disk that the guest is rescued from is seen as.
    rescue_device: DeviceType = "hw_rescue_device";
    /// The SCSI controller.
    scsi_model: ScsiModel = "hw_scsi_model";
    /// The network interfaces.
    vif_model: VifModel = "hw_vif_model";
    /// Whether a network interface has a queue for each processor.
    vif_multiqueue: bool = "hw_vif_multiqueue_enabled";
    /// Whether virtio's rings are packed.
    virtio_packed_ring: bool = "hw_virtio_packed_ring";
    /// The graphics card.
    video_model: VideoModel = "hw_video_model";
    /// The graphics card's memory in MiB.
    video_ram: u32 = "hw_video_ram";
    /// The sound card.
    sound_model: SoundModel = "hw_sound_model";
    /// The bus of keyboard and mouse.
    input_bus: InputBus = "hw_input_bus";
    /// The pointing device.
    pointer_model: PointerModel = "hw_pointer_model";
    /// The source of randomness.
    rng_model: RngModel = "hw_rng_model";
    /// What the watchdog does.
    watchdog_action: WatchdogAction = "hw_watchdog_action";
    /// How many serial ports there are.
    serial_port_count: u32 = "hw_serial_port_count";
    /// The kind of machine, as the hypervisor names it: `q35`.
    machine_type: String = "hw_machine_type";
    /// What starts the guest.
    firmware_type: FirmwareType = "hw_firmware_type";
    /// Whether the firmware keeps nothing.
    firmware_stateless: bool = "hw_firmware_stateless";
    /// Whether there is a menu to boot from.
    boot_menu: bool = "hw_boot_menu";
    /// Whether the guest's agent of QEMU answers.
    qemu_guest_agent: bool = "hw_qemu_guest_agent";
    /// Whether there is a high precision event timer.
    hpet: bool = "hw_time_hpet";
    /// The TPM's interface.
    tpm_model: TpmModel = "hw_tpm_model";
    /// The TPM's version.
    tpm_version: TpmVersion = "hw_tpm_version";
    /// The IOMMU.
    iommu_model: IommuModel = "hw_viommu_model";
    /// Whether the guest sees performance counters.
    pmu: bool = "hw_pmu";
    /// How much the guest is made to know of the hypervisor.
    vm_mode: VmMode = "hw_vm_mode";
    /// The kind of hypervisor that it needs.
    hypervisor_type: HypervisorType = "img_hv_type";
    /// The versions of the hypervisor that it accepts.
    hypervisor_version: VersionPredicate = "img_hv_requested_version";
    /// Whether the guest is kept from knowing its hypervisor.
    hide_hypervisor: bool = "img_hide_hypervisor_id";
    /// Whether it needs a config drive.
    config_drive: ConfigDrivePolicy = "img_config_drive";
    /// The family of its operating system.
    os_type: OsType = "os_type";
    /// Its distribution, by libosinfo's name.
    os_distro: String = "os_distro";
    /// The version of its distribution.
    os_version: String = "os_version";
    /// Whether its file systems must stand still for a snapshot.
    require_quiesce: bool = "os_require_quiesce";
    /// Whether it is started by secure boot.
    secure_boot: SecureBoot = "os_secure_boot";
    /// The name of its administrator.
    admin_user: String = "os_admin_user";
    /// What its kernel is started with.
    command_line: String = "os_command_line";
}

impl ImageProperties {
    /// The longest name, in characters.
    pub const MAX_KEY_CHARS: usize = 255;
    /// The longest value, in bytes.
    pub const MAX_VALUE_BYTES: usize = 65_535;

    /// Checks and wraps the properties.
    ///
    /// # Errors
    /// [`Error::Invalid`] that names the first property of a known name whose value is not of its
    /// type (numbers of processors and NUMA nodes are not zero; `trait:` and a trait's name is
    /// `required` or `forbidden`; `hw_numa_cpus.` and `hw_numa_mem.` end with a node's number); or if any name is not 1 to
    /// [`MAX_KEY_CHARS`](Self::MAX_KEY_CHARS) long or a value longer than
    /// [`MAX_VALUE_BYTES`](Self::MAX_VALUE_BYTES).
    pub fn new(properties: BTreeMap<String, String>) -> Result<Self> {
        for (key, value) in &properties {
            check(key, value)?;
        }
        Ok(Self(properties))
    }

    /// The same with one more, or another value of one.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Result<Self> {
        let (key, value) = (key.into(), value.into());
        check(&key, &value)?;
        self.0.insert(key, value);
        Ok(self)
    }

    /// One of them as text, known or not.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// All of them as text, by name.
    pub fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// The value of a property that has a type, in the one form that Nova compares and prints:
    /// `True` and `False`, numbers without zeros in front, the usual names of architectures and
    /// hypervisors, all else as it is. `None` if the name has no type or the value is not of it.
    ///
    /// ```
    /// use nova_core::model::ImageProperties;
    ///
    /// let canonical = ImageProperties::canonical;
    /// assert_eq!(canonical("hw_qemu_guest_agent", "yes").as_deref(), Some("True"));
    /// assert_eq!(canonical("hw_architecture", "amd64").as_deref(), Some("x86_64"));
    /// assert_eq!(canonical("my_own", "anything"), None);
    /// ```
    pub fn canonical(key: &str, value: &str) -> Option<String> {
        let (_, _, canonical) = KNOWN.iter().find(|(known, ..)| *known == key)?;
        canonical(value)
    }

    /// The processors of a NUMA node, by its number (`hw_numa_cpus.0`, …).
    pub fn numa_cpus(&self, node: u32) -> Option<BTreeSet<u32>> {
        PropertyValue::read(self.get(&format!("{NUMA_CPUS}{node}"))?)
    }

    /// The memory of a NUMA node in MiB, by its number (`hw_numa_mem.0`, …).
    pub fn numa_memory(&self, node: u32) -> Option<Mebibytes> {
        let text = self.get(&format!("{NUMA_MEMORY}{node}"))?;
        u32::read(text).map(|count| Mebibytes::new(count.into()))
    }

    /// The traits that its host must have (`trait:…` is `required`).
    pub fn required_traits(&self) -> BTreeSet<HostTrait> {
        self.traits("required")
    }

    /// The traits that its host must not have (`trait:…` is `forbidden`).
    pub fn forbidden_traits(&self) -> BTreeSet<HostTrait> {
        self.traits("forbidden")
    }

    fn traits(&self, wanted: &str) -> BTreeSet<HostTrait> {
        self.0
            .range(TRAIT.to_owned()..)
            .map_while(|(key, value)| Some((key.strip_prefix(TRAIT)?, value)))
            .filter(|(_, value)| *value == wanted)
            .filter_map(|(name, _)| name.parse().ok())
            .collect()
    }
}

/// Counts that make no sense as zero.
const NOT_ZERO: [&str; 7] = [
    "hw_cpu_sockets",
    "hw_cpu_cores",
    "hw_cpu_threads",
    "hw_cpu_max_sockets",
    "hw_cpu_max_cores",
    "hw_cpu_max_threads",
    "hw_numa_nodes",
];

fn check(key: &str, value: &str) -> Result<()> {
    let any = "image property";
    if key.is_empty() || key.chars().count() > ImageProperties::MAX_KEY_CHARS {
        return Err(Error::invalid(any, "its name is not 1 to 255 characters"));
    }
    if value.len() > ImageProperties::MAX_VALUE_BYTES {
        return Err(Error::invalid(
            any,
            format!("{key} is longer than 65535 bytes"),
        ));
    }
    if let Some(name) = key.strip_prefix(TRAIT) {
        name.parse::<HostTrait>()?;
        if !matches!(value, "required" | "forbidden") {
            return Err(Error::invalid(
                any,
                format!("{key} is neither `required` nor `forbidden`"),
            ));
        }
    }
    let per_node: [(&str, &'static str, Check); 2] = [
        (NUMA_CPUS, "hw_numa_cpus", wrong::<BTreeSet<u32>>),
        (NUMA_MEMORY, "hw_numa_mem", wrong::<u32>),
    ];
    for (prefix, field, check) in per_node {
        let Some(node) = key.strip_prefix(prefix) else {
            continue;
        };
        if u32::read(node).is_none_or(|number| number.to_string() != node) {
            let reason = format!("{key} does not end with the number of a NUMA node");
            return Err(Error::invalid(field, reason));
        }
        if let Some(reason) = check(value) {
            return Err(Error::invalid(field, reason));
        }
    }
    let Some((known, check, _)) = KNOWN.iter().find(|(known, ..)| *known == key) else {
        return Ok(());
    };
    if let Some(reason) = check(value) {
        return Err(Error::invalid(known, reason));
    }
    if NOT_ZERO.contains(known) && u32::read(value) == Some(0) {
        return Err(Error::invalid(known, "it is zero"));
    }
    Ok(())
}

impl TryFrom<BTreeMap<String, String>> for ImageProperties {
    type Error = Error;

    fn try_from(properties: BTreeMap<String, String>) -> Result<Self> {
        Self::new(properties)
    }
}

impl From<ImageProperties> for BTreeMap<String, String> {
    fn from(properties: ImageProperties) -> Self {
        properties.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_are_checked_and_others_are_not() {
        for (key, value) in [
            ("hw_architecture", "z80"),
            ("hw_cpu_cores", "0"),
            ("hw_numa_nodes", "-1"),
            ("hw_mem_page_size", "huge"),
            ("hw_disk_bus", "VIRTIO"),
            ("hw_cdrom_bus", ""),
            ("hw_vif_model", "tin can"),
            ("hw_firmware_type", "coreboot"),
            ("hw_machine_type", "q35\n"),
            ("hw_qemu_guest_agent", "maybe"),
            ("hw_tpm_version", "3.0"),
            ("img_hv_requested_version", "6.2"),
            ("img_config_drive", "yes"),
            ("os_secure_boot", "true"),
            ("os_command_line", "a\0b"),
        ] {
            let error = ImageProperties::default().with(key, value).unwrap_err();
            assert!(
                matches!(error, Error::Invalid { field, .. } if field == key),
                "{key}: {error:?}"
            );
            let json = serde_json::to_string(&BTreeMap::from([(key, value)])).unwrap();
            assert!(serde_json::from_str::<ImageProperties>(&json).is_err());
        }
        let any = "\0\u{1f980}\n";
        let kept = ImageProperties::default()
            .with("hw_unheard_of", any)
            .unwrap();
        assert_eq!(kept.get("hw_unheard_of"), Some(any));
        for (key, value) in [
            ("", "a"),
            (&*"x".repeat(256), "a"),
            ("a", &"x".repeat(65_536)),
        ] {
            assert!(ImageProperties::default().with(key, value).is_err());
        }
    }

    #[test]
    fn traits_are_required_or_forbidden() {
        let properties = ImageProperties::new(BTreeMap::from(
            [
                ("trait:CUSTOM_A", "required"),
                ("trait:CUSTOM_B", "forbidden"),
                ("trait:CUSTOM_C", "required"),
                ("trais", "required"),
                ("traits_of_ours", "required"),
            ]
            .map(|(key, value)| (key.to_owned(), value.to_owned())),
        ))
        .unwrap();
        let names = |traits: BTreeSet<HostTrait>| traits.into_iter().map(String::from).collect();
        let required: Vec<String> = names(properties.required_traits());
        assert_eq!(required, ["CUSTOM_A", "CUSTOM_C"]);
        let forbidden: Vec<String> = names(properties.forbidden_traits());
        assert_eq!(forbidden, ["CUSTOM_B"]);
        assert!(properties.clone().with("trait:custom", "required").is_err());
        assert!(properties.with("trait:CUSTOM_A", "preferred").is_err());
    }

    #[test]
    fn numa_nodes_have_numbers() {
        let properties = ImageProperties::default()
            .with("hw_numa_nodes", "2")
            .and_then(|p| p.with("hw_numa_cpus.0", "0-1"))
            .and_then(|p| p.with("hw_numa_mem.10", "512"))
            .unwrap();
        assert_eq!(properties.numa_cpus(0), Some([0, 1].into()));
        assert_eq!(properties.numa_cpus(1), None);
        assert_eq!(properties.numa_memory(10), Some(Mebibytes::new(512)));
        for (key, value) in [
            ("hw_numa_cpus.", "0"),
            ("hw_numa_cpus.00", "0"),
            ("hw_numa_cpus.a", "0"),
            ("hw_numa_cpus.0", "1-"),
            ("hw_numa_mem.0", "much"),
        ] {
            assert!(
                properties.clone().with(key, value).is_err(),
                "{key}={value}"
            );
        }
    }

    #[test]
    fn every_known_name_is_known_once() {
        let names: BTreeSet<&str> = KNOWN.iter().map(|(name, ..)| *name).collect();
        assert_eq!(names.len(), KNOWN.len());
        assert!(NOT_ZERO.iter().all(|name| names.contains(name)));
    }

    #[test]
    fn values_are_typed() {
        let properties = ImageProperties::default()
            .with("hw_cpu_cores", "4")
            .and_then(|p| p.with("hw_disk_bus", "scsi"))
            .and_then(|p| p.with("hw_scsi_model", "virtio-scsi"))
            .and_then(|p| p.with("hw_mem_page_size", "2MB"))
            .and_then(|p| p.with("img_hv_requested_version", ">=6.2"))
            .and_then(|p| p.with("os_secure_boot", "required"))
            .and_then(|p| p.with("hw_boot_menu", "off"))
            .unwrap();
        assert_eq!(properties.cpu_cores(), Some(4));
        assert_eq!(properties.disk_bus(), Some(DiskBus::Scsi));
        assert_eq!(properties.scsi_model(), Some(ScsiModel::VirtioScsi));
        assert_eq!(
            properties.memory_page_size(),
            Some(MemoryPageSize::Kibibytes(2048))
        );
        assert!(properties.hypervisor_version().unwrap().holds(6_002_000));
        assert_eq!(properties.secure_boot(), Some(SecureBoot::Required));
        assert_eq!(properties.boot_menu(), Some(false));
        assert_eq!(properties.cpu_threads(), None);
        let json = serde_json::to_string(&properties).unwrap();
        assert_eq!(
            serde_json::from_str::<ImageProperties>(&json).unwrap(),
            properties
        );
    }
}

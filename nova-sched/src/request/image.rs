//! The image of a request.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::id::ImageId;
use nova_core::model::{HostTrait, ImageProperties};
use serde::{Deserialize, Serialize};

/// What filters and weighers read of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RequestImage {
    /// Its id.
    #[serde(default)]
    pub id: Option<ImageId>,
    /// Its properties by name, in the text that Nova compares: as Python's `str()` writes the
    /// value that Nova has made of it (`True`, `8`, `x86_64`).
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// The traits that its host must have.
    #[serde(default)]
    pub required_traits: BTreeSet<HostTrait>,
    /// The traits that its host must not have.
    #[serde(default)]
    pub forbidden_traits: BTreeSet<HostTrait>,
}

impl RequestImage {
    /// An image with these properties, as Nova reads them: former names count as the present ones
    /// unless those are given too, values are written in their one form
    /// ([`ImageProperties::canonical`]), and what Nova knows nothing of is left out.
    ///
    /// ```
    /// use nova_core::model::ImageProperties;
    /// use nova_sched::RequestImage;
    ///
    /// let properties = ImageProperties::default()
    ///     .with("architecture", "amd64")?
    ///     .with("hw_qemu_guest_agent", "yes")?
    ///     .with("my_own", "anything")?;
    /// let image = RequestImage::new(None, &properties);
    /// assert_eq!(image.property("hw_architecture"), Some("x86_64"));
    /// assert_eq!(image.property("hw_qemu_guest_agent"), Some("True"));
    /// assert_eq!(image.property("my_own"), None);
    /// # Ok::<(), nova_core::Error>(())
    /// ```
    pub fn new(id: Option<ImageId>, properties: &ImageProperties) -> Self {
        let given = properties.as_map();
        let mut seen = BTreeMap::new();
        let mut note = |key: &str, value: &str| {
            if let Some(text) = text(key, value) {
                seen.insert(key.to_owned(), text);
            }
        };
        for (former, present) in FORMER_NAMES {
            if let Some(value) = given.get(*former) {
                note(present, value);
            }
        }
        match given.get("vmware_adaptertype").map(String::as_str) {
            None | Some("") => {}
            Some("ide") => note("hw_disk_bus", "ide"),
            Some(adapter) => {
                note("hw_disk_bus", "scsi");
                note("hw_scsi_model", adapter);
            }
        }
        for (key, value) in given {
            note(key, value);
        }
        let required_traits = properties.required_traits();
        let lists = [
            ("hw_numa_cpus", numa_cpus(properties)),
            ("hw_numa_mem", numa_memory(properties)),
            (
                "traits_required",
                required_traits
                    .iter()
                    .map(|name| format!("'{name}'"))
                    .collect(),
            ),
        ];
        for (key, items) in lists {
            if !items.is_empty() {
                seen.insert(key.to_owned(), format!("[{}]", items.join(", ")));
            }
        }
        Self {
            id,
            properties: seen,
            required_traits,
            forbidden_traits: properties.forbidden_traits(),
        }
    }

    /// A property, as text.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }
}

/// The text of a property, if Nova knows it.
fn text(key: &str, value: &str) -> Option<String> {
    if OTHER_TEXTS.contains(&key) {
        Some(value.to_owned())
    } else if OTHER_FLAGS.contains(&key) {
        ImageProperties::canonical("hw_pmu", value)
    } else if OTHER_NUMBERS.contains(&key) {
        ImageProperties::canonical("hw_video_ram", value)
    } else if key == "os_version" {
        // The image service has it, Nova has not.
        None
    } else {
        ImageProperties::canonical(key, value)
    }
}

/// The sets of processors of the guest's NUMA nodes, from the first on.
fn numa_cpus(properties: &ImageProperties) -> Vec<String> {
    let sets = (0..).map_while(|node| properties.numa_cpus(node));
    sets.map(|set| {
        let cpus: Vec<String> = set.iter().map(u32::to_string).collect();
        format!("{{{}}}", cpus.join(", "))
    })
    .collect()
}

/// The memory of the guest's NUMA nodes, from the first on.
fn numa_memory(properties: &ImageProperties) -> Vec<String> {
    let sizes = (0..).map_while(|node| properties.numa_memory(node));
    sizes.map(|size| size.get().to_string()).collect()
}

/// Names that Nova still reads, and the present ones (Nova's `ImageMetaProps`).
const FORMER_NAMES: &[(&str, &str)] = &[
    ("architecture", "hw_architecture"),
    ("auto_disk_config", "hw_auto_disk_config"),
    ("bdm_v2", "img_bdm_v2"),
    ("bittorrent", "img_bittorrent"),
    ("cache_in_nova", "img_cache_in_nova"),
    ("hypervisor_type", "img_hv_type"),
    ("hypervisor_version_requires", "img_hv_requested_version"),
    ("ipxe_boot", "hw_ipxe_boot"),
    ("owner_id", "img_owner_id"),
    ("root_device_name", "img_root_device_name"),
    ("vm_mode", "hw_vm_mode"),
    ("vmware_disktype", "hw_disk_type"),
    ("vmware_image_version", "img_version"),
    ("vmware_linked_clone", "img_linked_clone"),
    ("vmware_ostype", "os_distro"),
    ("xenapi_device_id", "hw_device_id"),
    ("xenapi_image_compression_level", "img_compression_level"),
    (
        "xenapi_skip_agent_inject_files_at_boot",
        "os_skip_agent_inject_files_at_boot",
    ),
    ("xenapi_skip_agent_inject_ssh", "os_skip_agent_inject_ssh"),
    ("xenapi_use_agent", "img_use_agent"),
];

/// Text that Nova keeps and nothing here has a type for.
const OTHER_TEXTS: &[&str] = &[
    "hw_auto_disk_config",
    "hw_cpu_realtime_mask",
    "hw_disk_type",
    "hw_ephemeral_encryption_format",
    "hw_ephemeral_encryption_secret_uuid",
    "hw_usb_model",
    "img_owner_id",
    "img_root_device_name",
    "img_signature",
    "img_signature_certificate_uuid",
    "img_signature_hash_method",
    "img_signature_key_type",
];

/// The same of yes or no.
const OTHER_FLAGS: &[&str] = &[
    "hw_ephemeral_encryption",
    "hw_ipxe_boot",
    "img_bdm_v2",
    "img_bittorrent",
    "img_cache_in_nova",
    "img_linked_clone",
    "img_use_agent",
    "os_skip_agent_inject_files_at_boot",
    "os_skip_agent_inject_ssh",
];

/// The same of numbers.
const OTHER_NUMBERS: &[&str] = &[
    "hw_device_id",
    "hw_redirected_usb_ports",
    "img_compression_level",
    "img_version",
];

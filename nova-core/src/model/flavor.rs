//! The size of a server.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ResourceClass, Resources};
use crate::error::{Error, Result};
use crate::id::FlavorId;
use crate::units::{Gibibytes, Mebibytes};

/// A size that servers can have, with hints for the scheduler and the drivers.
///
/// ```
/// use nova_core::model::Flavor;
/// use nova_core::units::{Gibibytes, Mebibytes};
///
/// let small = Flavor::builder("m1.small".parse()?, 1, Mebibytes::new(2048), Gibibytes::new(20))
///     .extra_spec("capabilities:hypervisor_type", "QEMU")
///     .build()?;
/// assert_eq!(small.vcpus(), 1);
/// assert!(Flavor::builder("m1.none".parse()?, 0, Mebibytes::new(64), Gibibytes::new(1)).build().is_err());
/// # Ok::<(), nova_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FlavorBuilder", into = "FlavorBuilder")]
pub struct Flavor(FlavorBuilder);

/// A flavor that was not checked yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlavorBuilder {
    id: FlavorId,
    vcpus: u32,
    memory: Mebibytes,
    root_disk: Gibibytes,
    #[serde(default)]
    ephemeral_disk: Gibibytes,
    #[serde(default)]
    swap: Mebibytes,
    #[serde(default = "yes")]
    is_public: bool,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    extra_specs: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

impl Flavor {
    /// The largest number of processors, MiB and GiB: 2^31 − 1, as in Nova's database.
    pub const MAX_AMOUNT: u64 = i32::MAX as u64;
    /// The longest key and the longest value of an extra spec, in characters.
    pub const MAX_EXTRA_SPEC_CHARS: usize = 255;
    /// The longest description, in characters: as in Nova.
    pub const MAX_DESCRIPTION_CHARS: usize = 65_535;

    /// Begins a flavor.
    pub fn builder(
        id: FlavorId,
        vcpus: u32,
        memory: Mebibytes,
        root_disk: Gibibytes,
    ) -> FlavorBuilder {
        FlavorBuilder {
            id,
            vcpus,
            memory,
            root_disk,
            ephemeral_disk: Gibibytes::ZERO,
            swap: Mebibytes::ZERO,
            is_public: true,
            description: None,
            extra_specs: BTreeMap::new(),
        }
    }

    /// The id that requests name it by.
    pub fn id(&self) -> &FlavorId {
        &self.0.id
    }

    /// How many virtual processors.
    pub fn vcpus(&self) -> u32 {
        self.0.vcpus
    }

    /// How much memory.
    pub fn memory(&self) -> Mebibytes {
        self.0.memory
    }

    /// How large a root disk.
    pub fn root_disk(&self) -> Gibibytes {
        self.0.root_disk
    }

    /// How large a second disk that goes with the server (Nova's `ephemeral_gb`); zero for none.
    pub fn ephemeral_disk(&self) -> Gibibytes {
        self.0.ephemeral_disk
    }

    /// How large a swap disk; zero for none.
    pub fn swap(&self) -> Mebibytes {
        self.0.swap
    }

    /// Whether every project may use it. Others only those on its access list.
    pub fn is_public(&self) -> bool {
        self.0.is_public
    }

    /// What it is for, in words.
    pub fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Hints for the scheduler and the drivers (Nova's `extra_specs`).
    pub fn extra_specs(&self) -> &BTreeMap<String, String> {
        &self.0.extra_specs
    }

    /// What a server of this size holds on its host. As in Nova, its disk is the sum of root and
    /// ephemeral disk and of the swap disk rounded up to GiB.
    pub fn resources(&self) -> Resources {
        Resources::new()
            .with(ResourceClass::Vcpu, u64::from(self.vcpus()))
            .with(ResourceClass::MemoryMb, self.memory().get())
            .with(ResourceClass::DiskGb, self.disk().get())
    }
}

impl Flavor {
    /// All its disks. Three numbers of 31 bits do not overflow.
    fn disk(&self) -> Gibibytes {
        let swap = self.swap().get().div_ceil(1024);
        Gibibytes::new(self.root_disk().get() + self.ephemeral_disk().get() + swap)
    }
}

impl FlavorBuilder {
    /// Adds a second disk that goes with the server.
    #[must_use]
    pub fn ephemeral_disk(mut self, size: Gibibytes) -> Self {
        self.ephemeral_disk = size;
        self
    }

    /// Adds a swap disk.
    #[must_use]
    pub fn swap(mut self, size: Mebibytes) -> Self {
        self.swap = size;
        self
    }

    /// Keeps it to the projects on its access list.
    #[must_use]
    pub fn private(mut self) -> Self {
        self.is_public = false;
        self
    }

    /// Says what it is for.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Adds an extra spec.
    #[must_use]
    pub fn extra_spec(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra_specs.insert(key.into(), value.into());
        self
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Invalid`] if processors, memory or root disk are zero, or any size is above
    /// [`Flavor::MAX_AMOUNT`], or the description is too long or has a control character other
    /// than tabs and line ends in it, or an extra spec's key is empty, or its key or value is too
    /// long or has a control character in it.
    pub fn build(self) -> Result<Flavor> {
        let sizes = [
            ("flavor vcpus", u64::from(self.vcpus), true),
            ("flavor memory", self.memory.get(), true),
            ("flavor root disk", self.root_disk.get(), true),
            ("flavor ephemeral disk", self.ephemeral_disk.get(), false),
            ("flavor swap", self.swap.get(), false),
        ];
        for (field, amount, needed) in sizes {
            if needed && amount == 0 {
                return Err(Error::invalid(field, "it is zero"));
            }
            if amount > Flavor::MAX_AMOUNT {
                return Err(Error::invalid(
                    field,
                    format!("{amount} is more than {}", Flavor::MAX_AMOUNT),
                ));
            }
        }
        if let Some(description) = &self.description {
            check_description(description)?;
        }
        for (key, value) in &self.extra_specs {
            if key.is_empty() {
                return Err(Error::invalid("extra spec", "its key is empty"));
            }
            for text in [key, value] {
                if text.chars().count() > Flavor::MAX_EXTRA_SPEC_CHARS
                    || text.chars().any(char::is_control)
                {
                    return Err(Error::invalid(
                        "extra spec",
                        "its key or value is too long or has a control character in it",
                    ));
                }
            }
        }
        Ok(Flavor(self))
    }
}

fn check_description(text: &str) -> Result<()> {
    let refuse = |reason: &str| Err(Error::invalid("flavor description", reason));
    // Bytes first: a huge text is refused without counting its characters.
    if text.len() > Flavor::MAX_DESCRIPTION_CHARS * 4
        || text.chars().count() > Flavor::MAX_DESCRIPTION_CHARS
    {
        return refuse("it is longer than 65535 characters");
    }
    let control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
    if text.chars().any(control) {
        return refuse("it has a control character in it");
    }
    Ok(())
}

impl TryFrom<FlavorBuilder> for Flavor {
    type Error = Error;

    fn try_from(raw: FlavorBuilder) -> Result<Self> {
        raw.build()
    }
}

impl From<Flavor> for FlavorBuilder {
    fn from(flavor: Flavor) -> Self {
        flavor.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(vcpus: u32, memory: u64, disk: u64) -> Result<Flavor> {
        Flavor::builder(
            "f".parse().unwrap(),
            vcpus,
            Mebibytes::new(memory),
            Gibibytes::new(disk),
        )
        .build()
    }

    #[test]
    fn zero_and_overflowing_sizes_are_refused() {
        assert!(build(1, 1, 1).is_ok());
        assert!(build(0, 1, 1).is_err());
        assert!(build(1, 0, 1).is_err());
        assert!(build(1, 1, 0).is_err());
        assert!(build(u32::MAX, 1, 1).is_err());
        assert!(build(1, u64::MAX, 1).is_err());
        assert!(build(1, 1, u64::MAX).is_err());
        let json = r#"{"id": "f", "vcpus": 0, "memory": 1, "root_disk": 1}"#;
        assert!(serde_json::from_str::<Flavor>(json).is_err());
    }
    #[test]
    fn swap_and_ephemeral_disk_count_as_disk() {
        let begin = || {
            let id = "f".parse().unwrap();
            Flavor::builder(id, 1, Mebibytes::new(64), Gibibytes::new(10))
        };
        let disk = |flavor: FlavorBuilder| {
            let resources = flavor.build().unwrap().resources();
            resources.get(&ResourceClass::DiskGb)
        };
        assert_eq!(disk(begin()), 10);
        assert_eq!(disk(begin().ephemeral_disk(Gibibytes::new(5))), 15);
        assert_eq!(disk(begin().swap(Mebibytes::new(1))), 11);
        assert_eq!(disk(begin().swap(Mebibytes::new(1024))), 11);
        assert_eq!(disk(begin().swap(Mebibytes::new(1025))), 12);
        assert!(begin().swap(Mebibytes::new(u64::MAX)).build().is_err());
        let ephemeral = Gibibytes::new(Flavor::MAX_AMOUNT + 1);
        assert!(begin().ephemeral_disk(ephemeral).build().is_err());
    }

    #[test]
    fn a_description_is_printable_and_bounded() {
        let with = |text: &str| {
            let id = "f".parse().unwrap();
            Flavor::builder(id, 1, Mebibytes::new(64), Gibibytes::new(10))
                .description(text)
                .build()
        };
        assert!(with("").is_ok());
        assert!(with(&"\u{1f980}".repeat(65_535)).is_ok());
        assert!(with("two\r\n\tlines").is_ok());
        assert!(with(&"x".repeat(65_536)).is_err());
        assert!(with("\0").is_err());
        assert!(with("\u{1b}[2J").is_err());
    }

    #[test]
    fn what_an_older_version_wrote_is_public() {
        let json = r#"{"id": "f", "vcpus": 1, "memory": 1, "root_disk": 1}"#;
        let flavor: Flavor = serde_json::from_str(json).unwrap();
        assert!(flavor.is_public());
        assert_eq!(flavor, build(1, 1, 1).unwrap());
    }
}

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
    extra_specs: BTreeMap<String, String>,
}

impl Flavor {
    /// The largest number of processors, MiB and GiB: 2^31 − 1, as in Nova's database.
    pub const MAX_AMOUNT: u64 = i32::MAX as u64;
    /// The longest key and the longest value of an extra spec, in characters.
    pub const MAX_EXTRA_SPEC_CHARS: usize = 255;

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

    /// Hints for the scheduler and the drivers (Nova's `extra_specs`).
    pub fn extra_specs(&self) -> &BTreeMap<String, String> {
        &self.0.extra_specs
    }

    /// What a server of this size holds on its host.
    pub fn resources(&self) -> Resources {
        Resources::new()
            .with(ResourceClass::Vcpu, u64::from(self.vcpus()))
            .with(ResourceClass::MemoryMb, self.memory().get())
            .with(ResourceClass::DiskGb, self.root_disk().get())
    }
}

impl FlavorBuilder {
    /// Adds an extra spec.
    #[must_use]
    pub fn extra_spec(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.extra_specs.insert(key.into(), value.into());
        self
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a size is zero or above [`Flavor::MAX_AMOUNT`], or an extra spec's
    /// key is empty, or key or value is too long or has a control character in it.
    pub fn build(self) -> Result<Flavor> {
        let sizes = [
            ("flavor vcpus", u64::from(self.vcpus)),
            ("flavor memory", self.memory.get()),
            ("flavor root disk", self.root_disk.get()),
        ];
        for (field, amount) in sizes {
            if amount == 0 {
                return Err(Error::invalid(field, "it is zero"));
            }
            if amount > Flavor::MAX_AMOUNT {
                return Err(Error::invalid(
                    field,
                    format!("{amount} is more than {}", Flavor::MAX_AMOUNT),
                ));
            }
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
}

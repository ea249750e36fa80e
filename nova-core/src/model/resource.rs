//! Classes of resource, and amounts of them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

macro_rules! standard_classes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// A class of resource, by the name that OpenStack's `os-resource-classes` gives it.
        ///
        /// The order (standard classes as declared, then custom ones by name) is the order in
        /// which a claim takes them.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[non_exhaustive]
        pub enum ResourceClass {
            $($(#[$doc])* $variant,)+
            /// A class of the operator's own.
            Custom(CustomResourceClass),
        }

        impl ResourceClass {
            /// The standard classes.
            pub const STANDARD: &'static [Self] = &[$(Self::$variant,)+];

            /// The class's name.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Custom(class) => class.as_str(),
                }
            }
        }

        impl FromStr for ResourceClass {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => CustomResourceClass::new(text).map(Self::Custom),
                }
            }
        }
    };
}

standard_classes! {
    /// Virtual processors that share the host's.
    Vcpu = "VCPU",
    /// Memory in MiB.
    MemoryMb = "MEMORY_MB",
    /// Disk in GiB.
    DiskGb = "DISK_GB",
    /// Processors of the host's that nobody else uses.
    Pcpu = "PCPU",
    /// PCI devices.
    PciDevice = "PCI_DEVICE",
    /// SR-IOV virtual functions.
    SriovNetVf = "SRIOV_NET_VF",
    /// NUMA sockets.
    NumaSocket = "NUMA_SOCKET",
    /// NUMA cores.
    NumaCore = "NUMA_CORE",
    /// NUMA threads.
    NumaThread = "NUMA_THREAD",
    /// NUMA memory in MiB.
    NumaMemoryMb = "NUMA_MEMORY_MB",
    /// IPv4 addresses.
    Ipv4Address = "IPV4_ADDRESS",
    /// Virtual GPUs.
    Vgpu = "VGPU",
    /// Virtual GPU display heads.
    VgpuDisplayHead = "VGPU_DISPLAY_HEAD",
    /// Network bandwidth out, in kilobits a second.
    NetBwEgrKilobitPerSec = "NET_BW_EGR_KILOBIT_PER_SEC",
    /// Network bandwidth in, in kilobits a second.
    NetBwIgrKilobitPerSec = "NET_BW_IGR_KILOBIT_PER_SEC",
    /// Contexts of encrypted memory.
    MemEncryptionContext = "MEM_ENCRYPTION_CONTEXT",
    /// Field-programmable gate arrays.
    Fpga = "FPGA",
    /// Physical GPUs.
    Pgpu = "PGPU",
}

impl fmt::Display for ResourceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl TryFrom<String> for ResourceClass {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<ResourceClass> for String {
    fn from(class: ResourceClass) -> Self {
        class.as_str().to_owned()
    }
}

/// The name of a custom class: `CUSTOM_`, then upper-case letters, digits and underscores; 255
/// characters at most.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomResourceClass(String);

impl CustomResourceClass {
    /// Checks and wraps the name.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is not such a name.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let well_formed = text.len() <= 255
            && text.strip_prefix("CUSTOM_").is_some_and(|rest| {
                !rest.is_empty()
                    && rest
                        .bytes()
                        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            });
        if well_formed {
            Ok(Self(text))
        } else {
            Err(Error::invalid(
                "resource class",
                "it is neither a standard class nor CUSTOM_ with A-Z, 0-9 and _ behind it",
            ))
        }
    }

    /// The whole name, with its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Amounts by class. A class that is not there stands for zero; none is kept with zero. Clones
/// share the amounts until one is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    from = "BTreeMap<ResourceClass, u64>",
    into = "BTreeMap<ResourceClass, u64>"
)]
pub struct Resources(Arc<BTreeMap<ResourceClass, u64>>);

impl Resources {
    /// No resources.
    pub fn new() -> Self {
        Self::default()
    }

    /// The amount of a class.
    pub fn get(&self, class: &ResourceClass) -> u64 {
        self.0.get(class).copied().unwrap_or(0)
    }

    /// Sets the amount of a class.
    pub fn set(&mut self, class: ResourceClass, amount: u64) {
        let amounts = Arc::make_mut(&mut self.0);
        if amount == 0 {
            amounts.remove(&class);
        } else {
            amounts.insert(class, amount);
        }
    }

    /// The same with the amount of one class set.
    #[must_use]
    pub fn with(mut self, class: ResourceClass, amount: u64) -> Self {
        self.set(class, amount);
        self
    }

    /// Adds the other amounts; sums stay at the largest number there is.
    pub fn add(&mut self, other: &Self) {
        let amounts = Arc::make_mut(&mut self.0);
        for (class, amount) in other.iter() {
            match amounts.get_mut(class) {
                Some(sum) => *sum = sum.saturating_add(amount),
                None => {
                    amounts.insert(class.clone(), amount);
                }
            }
        }
    }

    /// Takes the other amounts away; none falls below zero.
    pub fn subtract(&mut self, other: &Self) {
        let amounts = Arc::make_mut(&mut self.0);
        for (class, amount) in other.iter() {
            if let Some(rest) = amounts.get_mut(class) {
                *rest = rest.saturating_sub(amount);
                if *rest == 0 {
                    amounts.remove(class);
                }
            }
        }
    }

    /// The classes and their amounts, in the order of [`ResourceClass`].
    pub fn iter(&self) -> impl Iterator<Item = (&ResourceClass, u64)> {
        self.0.iter().map(|(class, amount)| (class, *amount))
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<BTreeMap<ResourceClass, u64>> for Resources {
    fn from(amounts: BTreeMap<ResourceClass, u64>) -> Self {
        amounts.into_iter().collect()
    }
}

impl From<Resources> for BTreeMap<ResourceClass, u64> {
    fn from(resources: Resources) -> Self {
        Arc::unwrap_or_clone(resources.0)
    }
}

impl FromIterator<(ResourceClass, u64)> for Resources {
    fn from_iter<I: IntoIterator<Item = (ResourceClass, u64)>>(amounts: I) -> Self {
        let some = amounts.into_iter().filter(|(_, amount)| *amount > 0);
        Self(Arc::new(some.collect()))
    }
}

impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (class, amount)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{amount} {class}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_read_back_and_bad_names_are_refused() {
        for class in ResourceClass::STANDARD {
            assert_eq!(class.as_str().parse::<ResourceClass>().unwrap(), *class);
        }
        assert!("CUSTOM_GOLD_2".parse::<ResourceClass>().is_ok());
        for bad in [
            "",
            "vcpu",
            "CUSTOM_",
            "CUSTOM_gold",
            "CUSTOM_A B",
            &format!("CUSTOM_{}", "A".repeat(300)),
        ] {
            assert!(bad.parse::<ResourceClass>().is_err(), "{bad:?} passed");
        }
    }

    #[test]
    fn zero_is_the_same_as_absent() {
        let mut one = Resources::new().with(ResourceClass::Vcpu, 2);
        one.subtract(&Resources::new().with(ResourceClass::Vcpu, 5));
        assert_eq!(one, Resources::new());
        let read: Resources = serde_json::from_str(r#"{"VCPU": 0, "DISK_GB": 1}"#).unwrap();
        assert_eq!(read, Resources::new().with(ResourceClass::DiskGb, 1));
    }
}

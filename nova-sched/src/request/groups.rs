//! What extra specs say of resources and traits.

use std::collections::{BTreeMap, BTreeSet};

use nova_core::model::{ResourceClass, Resources};

use crate::python::python_int;

/// The key of an extra spec that asks Placement for something: `resources:VGPU`, or in a group of
/// its own, `resources1:VGPU`, `trait_GPU:CUSTOM_FAST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupKey<'a> {
    /// An amount of a class.
    Resource { group: &'a str, class: &'a str },
    /// A trait.
    Trait { name: &'a str },
}

impl<'a> GroupKey<'a> {
    /// The longest name of a group.
    const MAX_GROUP: usize = 64;

    /// Reads a key; `None` if it is another one.
    pub(crate) fn read(key: &'a str) -> Option<Self> {
        let (kind, name) = key.split_once(':')?;
        let is_group = |group: &str| {
            let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
            group.len() <= Self::MAX_GROUP && group.bytes().all(part)
        };
        if let Some(group) = kind.strip_prefix("resources") {
            is_group(group).then_some(Self::Resource { group, class: name })
        } else {
            let group = kind.strip_prefix("trait")?;
            is_group(group).then_some(Self::Trait { name })
        }
    }
}

/// The amounts that extra specs name: those of all groups of a class together. What is no class or
/// no amount is passed over, as in Nova.
fn amounts(specs: &BTreeMap<String, String>) -> BTreeMap<ResourceClass, u64> {
    let mut amounts = BTreeMap::new();
    for (_, class, amount) in entries(specs) {
        let sum: &mut u64 = amounts.entry(class).or_default();
        *sum = sum.saturating_add(amount);
    }
    amounts
}

fn entries(specs: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, ResourceClass, u64)> {
    specs.iter().filter_map(|(key, value)| {
        let GroupKey::Resource { group, class } = GroupKey::read(key)? else {
            return None;
        };
        let amount = u64::try_from(python_int(value)?).ok()?;
        Some((group, class.parse().ok()?, amount))
    })
}

/// Puts what extra specs say into the place of what the flavor says (Nova's `ResourceRequest`):
/// an amount of zero takes the class away, and dedicated processors take away shared ones unless
/// these are named too.
pub(super) fn override_amounts(resources: &mut Resources, specs: &BTreeMap<String, String>) {
    let amounts = amounts(specs);
    if amounts.contains_key(&ResourceClass::Pcpu) && !amounts.contains_key(&ResourceClass::Vcpu) {
        resources.set(ResourceClass::Vcpu, 0);
    }
    for (class, amount) in amounts {
        resources.set(class, amount);
    }
}

/// The groups besides the one without a name that ask for resources.
pub(crate) fn named_groups(specs: &BTreeMap<String, String>) -> usize {
    let groups: BTreeSet<&str> = entries(specs)
        .filter(|(group, _, amount)| !group.is_empty() && *amount > 0)
        .map(|(group, ..)| group)
        .collect();
    groups.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn keys_have_groups() {
        let resource = |group, class| Some(GroupKey::Resource { group, class });
        for (key, read) in [
            ("resources:VCPU", resource("", "VCPU")),
            ("resources1:VGPU", resource("1", "VGPU")),
            ("resources_a-B:VGPU", resource("_a-B", "VGPU")),
            ("resources.1:VGPU", None),
            (
                "trait1:CUSTOM_A",
                Some(GroupKey::Trait { name: "CUSTOM_A" }),
            ),
            ("trait:", Some(GroupKey::Trait { name: "" })),
            ("resource:VCPU", None),
            ("resources", None),
            ("hw:resources", None),
        ] {
            assert_eq!(GroupKey::read(key), read, "{key}");
        }
        assert_eq!(
            GroupKey::read(&format!("resources{}:A", "x".repeat(65))),
            None
        );
    }

    #[test]
    fn extra_specs_take_the_place_of_the_flavor() {
        let mut resources = Resources::new()
            .with(ResourceClass::Vcpu, 4)
            .with(ResourceClass::MemoryMb, 512);
        let specs = specs(&[
            ("resources:PCPU", "4"),
            ("resources:MEMORY_MB", "0"),
            ("resources:VGPU", "1"),
            ("resources1:VGPU", " 2 "),
            ("resources2:VGPU", "0"),
            ("resources:CUSTOM_A", "-1"),
            ("resources:CUSTOM_B", "many"),
            ("resources:custom", "1"),
        ]);
        override_amounts(&mut resources, &specs);
        let expected = Resources::new()
            .with(ResourceClass::Pcpu, 4)
            .with(ResourceClass::Vgpu, 3);
        assert_eq!(resources, expected);
        assert_eq!(named_groups(&specs), 1);
    }
}

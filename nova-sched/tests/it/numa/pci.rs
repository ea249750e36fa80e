//! Which devices serve which requests.

use nova_core::model::PciNumaAffinity;
use nova_sched::numa::{CpuSet, NumaCell, NumaTopology};
use nova_sched::pci::{
    PciDeviceType, PciMisfit, PciPool, PciPools, PciRequest, PciScope, PciShortage, PciSpec,
    ProviderMapping,
};

fn pool(count: u32) -> PciPool {
    PciPool::new("8086", "1520", count)
}

fn request(count: u32) -> PciRequest {
    PciRequest::new(count, [PciSpec::of("8086", "1520")])
        .with_alias("nic")
        .with_request_id("r")
}

fn shortage(
    pools: &[PciPool],
    requests: &[PciRequest],
    scope: &PciScope<'_>,
) -> Option<(PciShortage, u64)> {
    let pools = PciPools::new(pools.to_vec());
    let misfit: PciMisfit = pools.support(requests, scope).err()?;
    assert!(misfit.to_string().starts_with("PCI devices nic: wanted "));
    let json = serde_json::to_string(&misfit).unwrap();
    assert_eq!(serde_json::from_str::<PciMisfit>(&json).unwrap(), misfit);
    Some((misfit.shortage, misfit.left))
}

#[test]
fn special_devices_are_kept_for_those_who_ask_for_them() {
    let anywhere = PciScope::default();
    for (special, spec, reason) in [
        (
            pool(2).with_dev_type(PciDeviceType::PhysicalFunction),
            PciSpec::new().with_dev_type(PciDeviceType::PhysicalFunction),
            PciShortage::PhysicalFunctions,
        ),
        (
            pool(2).with_dev_type(PciDeviceType::Vdpa),
            PciSpec::new().with_dev_type(PciDeviceType::Vdpa),
            PciShortage::Vdpa,
        ),
        (
            pool(2).with_tag("remote_managed", "True"),
            PciSpec::new().with_tag("remote_managed", "true"),
            PciShortage::RemoteManaged,
        ),
    ] {
        let pools = [special, pool(1)];
        assert_eq!(shortage(&pools, &[request(1)], &anywhere), None);
        assert_eq!(
            shortage(&pools, &[request(2)], &anywhere),
            Some((reason, 1))
        );
        let wish = PciRequest::new(2, [spec]).with_alias("nic");
        assert_eq!(shortage(&pools, &[wish], &anywhere), None);
    }
    for (wanted, left) in [("true", 1), ("false", 2)] {
        let pools = [
            pool(1).with_tag("live_migratable", "true"),
            pool(2).with_tag("live_migratable", "false"),
            pool(3),
        ];
        let spec = PciSpec::of("8086", "1520").with_tag("live_migratable", wanted);
        let wish = PciRequest::new(4, [spec]).with_alias("nic");
        let expected = Some((PciShortage::Matching, left));
        assert_eq!(shortage(&pools, &[wish], &anywhere), expected);
    }
}

#[test]
fn text_is_compared_in_any_case_and_tags_must_be_there() {
    let pools = PciPools::new([PciPool::new("10de", "1ABC", 1).with_tag("physical_network", "P0")]);
    let has = |spec: PciSpec| {
        let request = PciRequest::new(1, [spec]);
        pools.support(&[request], &PciScope::default()).is_ok()
    };
    assert!(has(
        PciSpec::of("10DE", "1abc").with_tag("physical_network", "p0")
    ));
    assert!(has(PciSpec::new().with_tag("resource_class", "ANY")));
    assert!(!has(PciSpec::of("10de", "1abd")));
    assert!(!has(PciSpec::new().with_tag("trusted", "true")));
    // Numbers are no text, and a pool whose node is not known has none.
    assert!(!has(PciSpec::new().with_tag("count", "1")));
    let json = r#"{"numa_node": null, "trusted": null}"#;
    assert!(has(serde_json::from_str(json).unwrap()));
    assert!(!has(serde_json::from_str(r#"{"numa_node": "0"}"#).unwrap()));
    let nothing = PciRequest::new(1, []);
    assert!(pools.support(&[nothing], &PciScope::default()).is_err());
}

#[test]
fn devices_are_as_near_as_the_policy_has_it() {
    let cell = |id: u32| {
        NumaCell::new(id, 1024)
            .with_cpuset(CpuSet::below(1))
            .with_socket(id / 2)
    };
    let host = NumaTopology::new((0..4).map(cell)).unwrap();
    let here = PciScope::default().with_cells(&host, &[0]);
    let at = |node: Option<u32>| match node {
        Some(node) => pool(1).with_numa_node(node),
        None => pool(1),
    };
    for (policy, same, unknown, socket, far) in [
        (PciNumaAffinity::Required, true, false, false, false),
        (PciNumaAffinity::Legacy, true, true, false, false),
        (PciNumaAffinity::Socket, true, false, true, false),
        (PciNumaAffinity::Preferred, true, true, true, true),
    ] {
        let wish = request(1).with_numa_policy(policy);
        for (node, does) in [
            (Some(0), same),
            (None, unknown),
            (Some(1), socket),
            (Some(2), far),
        ] {
            let expected = (!does).then_some((PciShortage::NumaAffinity { policy }, 0));
            let found = shortage(&[at(node)], std::slice::from_ref(&wish), &here);
            assert_eq!(found, expected, "{policy} {node:?}");
        }
    }
    // The nearest go first.
    let pools = PciPools::new([at(Some(3)), at(None), at(Some(0))]);
    let wish = request(1).with_numa_policy(PciNumaAffinity::Preferred);
    let (left, _) = pools.apply(&[wish], &here).unwrap();
    let nodes: Vec<_> = left.iter().map(|pool| pool.numa_node).collect();
    assert_eq!(nodes, [Some(3), None]);
}

#[test]
fn the_providers_that_placement_chose_are_kept_to() {
    let of = |provider: &str, count| pool(count).with_tag("rp_uuid", provider);
    let mapping = |groups: &[(&str, &str)]| -> ProviderMapping {
        let groups = groups.iter();
        groups
            .map(|(group, provider)| ((*group).to_owned(), vec![(*provider).to_owned()]))
            .collect()
    };
    let pools = [of("a", 1), of("b", 2), pool(9)];
    let both = mapping(&[("", "host"), ("r-0", "a"), ("r-1", "b")]);
    let scope = PciScope::default().with_mapping(&both);
    let (left, taken) = PciPools::new(pools.clone())
        .apply(&[request(2)], &scope)
        .unwrap();
    assert_eq!(
        left.iter().map(|pool| pool.count).collect::<Vec<_>>(),
        [9, 1]
    );
    assert_eq!(taken.taken().len(), 2);

    let twice = mapping(&[("r-0", "a"), ("r-1", "a")]);
    let scope = PciScope::default().with_mapping(&twice);
    let expected = Some((PciShortage::Provider, 0));
    assert_eq!(shortage(&pools, &[request(2)], &scope), expected);
    // A request of a port is served from anywhere.
    let mut port = request(2);
    port.alias_name = None;
    assert!(
        PciPools::new(pools.clone())
            .support(&[port], &scope)
            .is_ok()
    );

    let split = [of("a", 2), of("a", 2)];
    let one = mapping(&[("r-0", "a")]);
    let scope = PciScope::default().with_mapping(&one);
    let expected = Some((PciShortage::SplitProvider, 4));
    assert_eq!(shortage(&split, &[request(1)], &scope), expected);

    // Without a mapping, the request may name the providers itself.
    let spec = PciSpec::of("8086", "1520").with_tag("rp_uuids", "b,b");
    let wish = PciRequest::new(2, [spec]).with_alias("nic");
    let (left, _) = PciPools::new(pools)
        .apply(&[wish], &PciScope::default())
        .unwrap();
    assert_eq!(
        left.iter().map(|pool| pool.count).collect::<Vec<_>>(),
        [9, 1]
    );
}

#[test]
fn requests_are_served_one_after_the_other_or_not_at_all() {
    let pools = PciPools::new([pool(3)]);
    let anywhere = PciScope::default();
    let misfit = pools
        .apply(&[request(2), request(2)], &anywhere)
        .unwrap_err();
    assert_eq!((misfit.request, misfit.wanted, misfit.left), (1, 2, 1));
    assert_eq!(misfit.to_string(), "PCI devices nic: wanted 2, 1 match");
    assert_eq!(pools.free(), 3);
    let (left, taken) = pools.apply(&[request(1), request(2)], &anywhere).unwrap();
    assert!(left.is_empty());
    assert_eq!(serde_json::to_string(&left).unwrap(), "[]");
    // Those that come back to a host that has forgotten them make a new pool.
    let forgotten: PciPools = serde_json::from_str("[]").unwrap();
    assert_eq!(forgotten.release(&taken).unwrap(), pools);
    let full = PciPools::new([pool(u32::MAX)]);
    assert!(full.release(&taken).is_err());
}
